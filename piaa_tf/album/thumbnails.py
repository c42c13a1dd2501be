"""Small copies of photos for pages, whole and in their own proportions."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from piaa_tf.data.images import read_image
from piaa_tf.presentation.page import data_uri
from piaa_tf.presentation.sheet import fit

JPEG_QUALITY = 82


def thumbnail_uri(photo: Path, size: int) -> str:
    """Returns a thumbnail as a `data:` address, for a page that stands alone.

    Args:
        photo: the file.
        size: of the longer side, pixels.

    Returns:
        A base64 JPEG, about 15 kB at 256 pixels.

    Raises:
        InputError: The file is not a readable image.
    """
    # Twice what is shown: to decode a camera's photo whole takes several times as long.
    pixels = read_image(photo, min_side=2 * size)
    small = fit(Image.fromarray(pixels), (size, size))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return data_uri(buffer.getvalue(), "image/jpeg")
