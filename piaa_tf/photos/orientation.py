"""Which way up a photo is: the camera's orientation, by EXIF."""

from __future__ import annotations

from PIL import Image

_TAG, _AS_STORED = 0x0112, 1
# EXIF 2.32, table 6: how to turn the stored rows and columns upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def needed_turn(image: Image.Image) -> Image.Transpose | None:
    """Returns how to turn an image upright; None where it is upright, or nothing says.

    Args:
        image: as `Image.open` gives it.
    """
    # Not ImageOps.exif_transpose, which decodes and rewrites the metadata.
    try:
        return _UPRIGHT.get(image.getexif().get(_TAG, _AS_STORED))
    except SyntaxError:  # the metadata is broken, the image is whole
        return None
