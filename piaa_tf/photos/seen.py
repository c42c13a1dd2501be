"""From an opened image to the pixels a person sees: upright, opaque, sRGB, 8 bits."""

from __future__ import annotations

import numpy as np
from PIL import Image

from piaa_tf.photos.colour import base_mode, to_srgb
from piaa_tf.photos.orientation import needed_turn


def seen_pixels(image: Image.Image, min_side: int = 0) -> np.ndarray:
    """Decodes an opened image as a person sees it.

    Turned by its EXIF orientation; colours as sRGB by its profile; grey, palette and
    CMYK as RGB; 16 bits as 8; transparency over white; of an animation, the
    first frame.

    Args:
        image: as `Image.open` gives it.
        min_side: pixels that the shorter side needs. A JPEG may then be decoded at a
            half, a quarter or an eighth of its size, which is far quicker; 0 decodes it
            whole.

    Returns:
        uint8 [height, width, 3]; the shorter side has at least `min_side` pixels, or
        as many as the file has.

    Raises:
        OSError: The file is cut off or corrupt. Pillow may raise EOFError, SyntaxError
            and ValueError for it, too.
    """
    if min_side:
        image.draft("RGB", (min_side, min_side))
    image.load()
    turn, info = needed_turn(image), image.info
    colours, alpha = _split(image)
    image = to_srgb(colours, info).convert("RGB")
    if alpha is not None:
        white = Image.new("RGB", image.size, "white")
        image = Image.composite(image, white, alpha)
    return np.array(image if turn is None else image.transpose(turn))


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Parts colours of mode L, RGB or CMYK, of eight bits, from alpha."""
    if image.mode.startswith("I"):
        # The high byte of 16-bit grey, as Pillow takes it of 16-bit colour.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)), None
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return image.convert("RGB"), image.getchannel("A")
    return image.convert(base_mode(image)), None
