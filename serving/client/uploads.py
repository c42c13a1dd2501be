"""Photos as a served graph can read them: upright JPEG or PNG, in sRGB.

What is one already goes out byte for byte. What a decoder in a graph cannot do is done
here: turning by EXIF, colour profiles, CMYK, and every other kind of file. The graph's
squares are then those that training reads from the same files.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Literal

from absl import logging
from PIL import Image

from piaa_tf.contract.signatures import IMAGE_FORMATS, MAX_IMAGE_PIXELS
from piaa_tf.photos.colour import is_other_than_srgb
from piaa_tf.photos.opening import UnreadableError, opened
from piaa_tf.photos.orientation import needed_turn
from piaa_tf.photos.seen import seen_pixels

Recoding = Literal["png", "jpeg"]


def upload_bytes(path: str | os.PathLike[str], recoding: Recoding = "png") -> bytes:
    """Reads a photo for a request.

    Args:
        path: a photo of any kind that `photos.opening` reads.
        recoding: how photos are rewritten that a graph cannot read: "png" loses
            nothing, "jpeg" is smaller and moves the scores a little.

    Returns:
        The content of a JPEG or PNG file. Nothing where there is no such photo, or one
        of too many pixels, which is logged: sent nevertheless, its row is answered with
        `image_ok` false.
    """
    try:
        with opened(path) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                logging.warning(
                    "%s: %d x %d are more pixels than a server reads",
                    path,
                    image.width,
                    image.height,
                )
                return b""
            if _needs_recoding(image):
                return _recoded(image, recoding)
        return Path(path).read_bytes()
    except UnreadableError as error:
        logging.warning("%s", error)
        return b""


def _needs_recoding(image: Image.Image) -> bool:
    """Decides by the file's header alone."""
    return (
        image.format not in (*IMAGE_FORMATS, "MPO")  # a JPEG, and others behind it
        or image.mode == "CMYK"
        or needed_turn(image) is not None
        or is_other_than_srgb(image)
    )


def _recoded(image: Image.Image, recoding: Recoding) -> bytes:
    buffer = io.BytesIO()
    upright = Image.fromarray(seen_pixels(image))
    if recoding == "png":
        # Higher levels take seconds for a camera's photo and save a tenth.
        upright.save(buffer, "PNG", compress_level=1)
    else:
        upright.save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()
