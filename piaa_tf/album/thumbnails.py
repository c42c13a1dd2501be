"""Photographs made small for pages and sheets, whole and in their own proportions."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from piaa_tf.data.images import read_image

JPEG_QUALITY = 82


def thumbnail(photo: Path, width: int, height: int) -> Image.Image:
    """Reads a photo, EXIF-turned, and fits it into a box without cropping it.

    Args:
        photo: the file.
        width: of the box, pixels.
        height: of the box, pixels.

    Returns:
        An RGB picture as wide or as high as the box, smaller ones enlarged.

    Raises:
        InputError: The file is no readable image.
    """
    picture = Image.fromarray(read_image(photo))
    scale = min(width / picture.width, height / picture.height)
    # A panorama a pixel high must not become one of no height.
    size = [max(1, round(side * scale)) for side in picture.size]
    return picture.resize(size, Image.Resampling.LANCZOS)


def data_uri(photo: Path, size: int) -> str:
    """Returns a thumbnail as a `data:` address, for a page that stands alone.

    Args:
        photo: the file.
        size: of the longer side, pixels.

    Returns:
        A base64 JPEG, about 15 kB at 256 pixels.

    Raises:
        InputError: The file is no readable image.
    """
    buffer = io.BytesIO()
    thumbnail(photo, size, size).save(
        buffer, "JPEG", quality=JPEG_QUALITY, optimize=True
    )
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/jpeg;base64,{encoded}"
