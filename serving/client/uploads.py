"""Photographs as a served graph can read them: upright JPEG or PNG.

What is one already goes out byte for byte. What a decoder in a graph cannot do is done
here: turning by EXIF, WebP, CMYK. The graph's squares are then those that training
reads from the same files.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Literal

from absl import logging
from PIL import Image, UnidentifiedImageError

from piaa_tf.contract.signatures import MAX_IMAGE_PIXELS
from piaa_tf.photos import FORMATS, needed_turn, seen_pixels

Recoding = Literal["png", "jpeg"]


def upload_bytes(path: str | os.PathLike[str], recoding: Recoding = "png") -> bytes:
    """Reads a photograph for a request.

    Args:
        path: a JPEG, PNG or WebP file, whatever its name ends in.
        recoding: how those are written anew that a graph cannot read: "png" loses
            nothing, "jpeg" is smaller and moves the scores a little.

    Returns:
        The content of a JPEG or PNG file. Nothing where there is no such picture, or
        one of too many pixels, which is logged: sent all the same, it is answered with
        `image_ok` false, in its row.
    """
    try:
        content = Path(path).read_bytes()
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                logging.warning(
                    "%s: %d x %d are more pixels than a server reads",
                    path,
                    image.width,
                    image.height,
                )
                return b""
            return _recoded(image, recoding) if _needs_recoding(image) else content
    except UnidentifiedImageError:
        logging.warning("%s cannot be read: it is no %s", path, ", ".join(FORMATS))
        return b""
    # What Pillow raises of broken files; SyntaxError and ValueError by its PNG reader.
    except (
        OSError,
        EOFError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as error:
        logging.warning("%s cannot be read: %s", path, error)
        return b""


def _needs_recoding(image: Image.Image) -> bool:
    """Looks at the file's header alone."""
    return (
        image.format == "WEBP" or image.mode == "CMYK" or needed_turn(image) is not None
    )


def _recoded(image: Image.Image, recoding: Recoding) -> bytes:
    buffer = io.BytesIO()
    upright = Image.fromarray(seen_pixels(image))
    if recoding == "png":
        # Higher levels take seconds for a camera's picture and save a tenth.
        upright.save(buffer, "PNG", compress_level=1)
    else:
        upright.save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()
