"""An image as handcrafted features see it: small, as maps that several of them use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image
from scipy import ndimage

from piaa_tf.errors import InputError

MAX_SIDE = 128
"""Most pixels of the longer side; larger images are averaged down."""

_MIN_SIDE = 8
# ITU-R BT.601, as in JPEG and Pillow.
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
# Widths of centre and surround of the salience, as shares of the shorter side.
_CENTRES = (0.02, 0.05)
_SURROUND = 0.2


@dataclass(frozen=True, eq=False)
class Maps:
    """Maps of one image.

    Attributes:
        rgb: float32 [height, width, 3] in 0..1.
    """

    rgb: np.ndarray

    @cached_property
    def luminance(self) -> np.ndarray:
        """Luma of BT.601, float32 [height, width] in 0..1."""
        return self.rgb @ _LUMINANCE

    @cached_property
    def opponents(self) -> np.ndarray:
        """Red-green and yellow-blue, float32 [height, width, 2] in -1..1."""
        red, green, blue = np.moveaxis(self.rgb, -1, 0)
        return np.stack([red - green, (red + green) / 2 - blue], axis=-1)

    @cached_property
    def saturation(self) -> np.ndarray:
        """Saturation of HSV, float32 [height, width] in 0..1; 0 for black."""
        highest = self.rgb.max(axis=-1)
        chroma = highest - self.rgb.min(axis=-1)
        return np.divide(chroma, highest, out=np.zeros_like(chroma), where=highest > 0)

    @cached_property
    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """The middles of rows [height, 1] and columns [1, width], in 0..1."""
        height, width = self.luminance.shape
        rows = (np.arange(height, dtype=np.float32) + 0.5) / height
        columns = (np.arange(width, dtype=np.float32) + 0.5) / width
        return rows[:, np.newaxis], columns[np.newaxis]

    @cached_property
    def detail(self) -> np.ndarray:
        """Steepness of the luminance, float32 [height, width] >= 0."""
        steps = [ndimage.sobel(self.luminance, axis=axis) / 8 for axis in (0, 1)]
        return np.hypot(*steps)

    @cached_property
    def smooth(self) -> np.ndarray:
        """Luminance and opponents without noise, float32 [height, width, 3]."""
        planes = np.concatenate([self.luminance[..., None], self.opponents], axis=-1)
        return _blur(planes, _CENTRES[0] * min(self.luminance.shape))

    @cached_property
    def salience(self) -> np.ndarray:
        """How much each pixel stands out, float32 [height, width], summing to 1.

        The squared distance of a pixel's colour from that of its wide surround, summed
        over two sizes of the centre: the centre-surround contrast of Itti et al. 1998
        with the colour distance of Achanta et al. 2009. It is squared once more, since
        few things catch the eye; flat images are salient everywhere.
        """
        side = min(self.luminance.shape)
        surround = _blur(self.smooth, _SURROUND * side)
        distance = np.full(self.luminance.shape, 1e-4, np.float32)
        for centre in _CENTRES:
            inner = _blur(self.smooth, centre * side)
            distance += ((inner - surround) ** 2).sum(axis=-1)
        squares = distance**2
        return squares / squares.sum()


def maps_of(image: np.ndarray) -> Maps:
    """Prepares an image for the handcrafted features.

    Args:
        image: uint8 [height, width, 3], RGB.

    Returns:
        Its maps, at most `MAX_SIDE` pixels a side.

    Raises:
        InputError: It is not such an array, or a side has fewer than 8 pixels.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(
            "An image must be uint8 [height, width, 3]. "
            f"Got {image.dtype} {list(image.shape)}."
        )
    if min(image.shape[:2]) < _MIN_SIDE:
        raise InputError(
            f"Each side of an image needs {_MIN_SIDE} pixels for its composition to be "
            f"measured. Got {image.shape[1]}x{image.shape[0]}."
        )
    if max(image.shape[:2]) > MAX_SIDE:
        small = Image.fromarray(image)
        small.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX, reducing_gap=None)
        image = np.asarray(small)
    return Maps(image.astype(np.float32) / np.float32(255))


def _blur(planes: np.ndarray, width: float) -> np.ndarray:
    """Blurs [height, width, channels] by a Gaussian; `width` is its deviation."""
    return ndimage.gaussian_filter(planes, (width, width, 0), mode="nearest")
