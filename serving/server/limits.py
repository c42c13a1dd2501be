"""What a request may cost: the sizes of its images, read off their headers.

A few kilobytes of PNG can claim a gigabyte of pixels, and a decoder in the graph would
believe them.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping

import numpy as np
from PIL import Image, UnidentifiedImageError

from serving.server.status import invalid_argument

# What TensorFlow decodes; a text that happens to begin like one costs a second look.
_STARTS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"BM": "BMP"}


@dataclasses.dataclass(frozen=True)
class Limits:
    """The bounds of one request.

    Attributes:
        max_image_pixels: of one image.
        max_request_pixels: of all images of a request.
    """

    max_image_pixels: int = 1 << 26
    max_request_pixels: int = 1 << 30

    def check_images(self, inputs: Mapping[str, np.ndarray]) -> None:
        """Looks at every string that begins like an image.

        Raises:
            ServingError: INVALID_ARGUMENT; an image, or all together, are too large.
        """
        total = 0
        for alias, array in inputs.items():
            if array.dtype != object:
                continue
            for position, value in enumerate(array.flat):
                num_pixels = count_pixels(value)
                total += num_pixels
                if num_pixels > self.max_image_pixels:
                    raise invalid_argument(
                        f"An image must have at most {self.max_image_pixels} pixels. "
                        f"Got {num_pixels} in {alias}[{position}]. Send it smaller."
                    )
        if total > self.max_request_pixels:
            raise invalid_argument(
                f"The images of a request must have at most {self.max_request_pixels} "
                f"pixels together. Got {total}. Send fewer in each request."
            )


def count_pixels(value: bytes) -> int:
    """Returns the pixels that an image claims to have in all its frames.

    Args:
        value: any bytes; those that are not an image count 0; the model judges them.
    """
    kind = next((k for start, k in _STARTS.items() if value.startswith(start)), None)
    if kind is None:
        return 0
    try:
        with Image.open(io.BytesIO(value), formats=(kind,)) as image:
            frames = getattr(image, "n_frames", 1) if kind == "GIF" else 1
            return image.width * image.height * frames
    except Image.DecompressionBombError as error:
        raise invalid_argument(
            f"An image claims more pixels than any image needs: {error}"
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        return 0
