"""From an opened image to the pixels a person sees: turned, opaque, eight bits.

Readers of data and clients that send pictures to a server need the same pixels; this
needs Pillow and numpy alone.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")
"""What is read; Pillow's names."""

_ORIENTATION_TAG = 0x0112
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
    """Returns how to turn an image upright, None where it stands so; by its EXIF."""
    # Not ImageOps.exif_transpose, which decodes and writes the metadata anew.
    try:
        return _UPRIGHT.get(image.getexif().get(_ORIENTATION_TAG))
    except SyntaxError:  # the metadata is broken, the picture is whole
        return None


def seen_pixels(image: Image.Image) -> np.ndarray:
    """Decodes an opened image as a person sees it.

    Turned by its EXIF orientation; grey, palette and CMYK as RGB; 16 bits as 8; what is
    transparent lies on white. Colour profiles are not applied. Of an animation, the
    first frame.

    Args:
        image: as `Image.open` gives it.

    Returns:
        uint8 [height, width, 3].

    Raises:
        OSError: The file is cut off or corrupt. Pillow may raise EOFError, SyntaxError
            and ValueError for it, too.
    """
    image.load()
    turn = needed_turn(image)
    image = _opaque(_eight_bits(image)).convert("RGB")
    return np.array(image if turn is None else image.transpose(turn))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Takes the high byte of 16-bit grey, as Pillow does for 16-bit colour."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "PA", "RGBA") and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
