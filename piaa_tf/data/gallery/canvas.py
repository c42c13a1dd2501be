"""The drawing surface: planes of colour, soft-edged shapes, blur.

Pixels are computed with + - * /, square roots, minima and maxima alone, which IEEE 754
rounds alike on every machine; exponentials and sines appear only in single numbers.
"""

from __future__ import annotations

import colorsys
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32).reshape(3, 1, 1)
"""Weights of red, green and blue in the luminance (Rec. 601)."""


def rgb(hue: float, saturation: float, value: float) -> np.ndarray:
    """Makes a colour from hue (a turn of the circle is 1), saturation and value.

    >>> rgb(1 / 3, 1.0, 0.5).ravel().tolist()
    [0.0, 0.5, 0.0]

    Args:
        hue: any number; its fraction counts.
        saturation: 0 to 1.
        value: 0 to 1, the largest channel.

    Returns:
        float32 [3, 1, 1].
    """
    channels = []
    for offset in (5.0, 3.0, 1.0):
        sector = (offset + 6.0 * hue) % 6.0
        ramp = min(1.0, max(0.0, min(sector, 4.0 - sector)))
        channels.append(value * (1.0 - saturation * ramp))
    return np.array(channels, np.float32).reshape(3, 1, 1)


def hue_of(colour: np.ndarray) -> float:
    """Returns the hue of a colour, 0 to 1: the inverse of `rgb`."""
    return colorsys.rgb_to_hsv(*(float(channel) for channel in colour.ravel()))[0]


def clip(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Bounds values; several times as fast as np.clip where arrays are small."""
    return np.minimum(np.maximum(values, np.float32(low)), np.float32(high))


def mix(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """Goes from the first colour to the second: share 0 is the first, 1 the second."""
    return (first + (second - first) * np.float32(share)).astype(np.float32)


@dataclass(frozen=True)
class Canvas:
    """An image, or a rectangle of one, being painted.

    Attributes:
        image: float32 [3, height, width] RGB, about 0 to 1; painted in place.
        cover: float32 [height, width], the share of each pixel painted since the last
            `uncover`; what a subject covers is its mask.
        x: float32 [1, width], pixel centres as shares of the whole image's side.
        y: float32 [height, 1], the same downwards.
        size: side of the whole image in pixels.
    """

    image: np.ndarray
    cover: np.ndarray
    x: np.ndarray
    y: np.ndarray
    size: int

    @classmethod
    def blank(cls, size: int) -> Canvas:
        """Makes a black square canvas of `size` pixels a side."""
        centres = ((np.arange(size) + 0.5) / size).astype(np.float32)
        return cls(
            image=np.zeros((3, size, size), np.float32),
            cover=np.zeros((size, size), np.float32),
            x=centres[None],
            y=centres[:, None],
            size=size,
        )

    def window(self, left: float, top: float, right: float, bottom: float) -> Canvas:
        """Returns the part inside a rectangle, sharing its pixels; may be empty."""
        x0, x1, y0, y1 = (
            min(self.size, max(0, round(edge * self.size)))
            for edge in (left, right, top, bottom)
        )
        return Canvas(
            image=self.image[:, y0:y1, x0:x1],
            cover=self.cover[y0:y1, x0:x1],
            x=self.x[:, x0:x1],
            y=self.y[y0:y1],
            size=self.size,
        )

    def edge(self, distance: np.ndarray) -> np.ndarray:
        """Turns a distance into coverage with an edge one pixel wide.

        Args:
            distance: how far inside a shape, in shares of the image's side;
                negative outside.

        Returns:
            0 to 1 in the same shape.
        """
        return clip(distance * np.float32(self.size) + np.float32(0.5), 0, 1)

    def paint(self, mask: np.ndarray, colour: np.ndarray, opacity: float = 1.0) -> None:
        """Paints a colour where a mask is 1, and in part where it is between.

        Args:
            mask: [height, width] or broadcastable to it, 0 to 1.
            colour: [3, 1, 1], or [3, height, width] where it varies.
            opacity: factor on the mask.
        """
        if opacity != 1.0:
            mask = mask * np.float32(opacity)
        change = colour - self.image
        change *= mask
        np.add(self.image, change, out=self.image)
        np.maximum(self.cover, mask, out=self.cover)

    def multiply(self, factor: np.ndarray) -> None:
        """Darkens or lightens all channels by a factor per pixel."""
        np.multiply(self.image, factor, out=self.image)

    def uncover(self) -> None:
        """Forgets what was covered so far."""
        self.cover[...] = 0


def ellipse(
    dx: np.ndarray, dy: np.ndarray, centre: tuple[float, float], rx: float, ry: float
) -> np.ndarray:
    """Returns about how far inside an ellipse each point lies; negative outside."""
    across = (dx - np.float32(centre[0])) * np.float32(1 / rx)
    down = (dy - np.float32(centre[1])) * np.float32(1 / ry)
    radius = np.sqrt(across * across + down * down)
    return (np.float32(1) - radius) * np.float32(min(rx, ry))


def polygon(
    dx: np.ndarray, dy: np.ndarray, corners: Sequence[tuple[float, float]]
) -> np.ndarray:
    """Returns how far inside a convex polygon each point lies; negative outside.

    Args:
        dx: [1, width] coordinates to the right.
        dy: [height, 1] coordinates downwards.
        corners: (x, y) clockwise as seen in the image.

    Returns:
        float32 [height, width], the least distance to an edge's line.
    """
    sides = []
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]]):
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        nx, ny = (y0 - y1) / length, (x1 - x0) / length
        sides.append(
            dx * np.float32(nx) + (dy * np.float32(ny) - np.float32(nx * x0 + ny * y0))
        )
    return functools.reduce(np.minimum, sides)


def blur(image: np.ndarray, radius: float) -> np.ndarray:
    """Blurs by two box filters in each direction, edges repeated.

    Args:
        image: float32 [..., height, width].
        radius: half the box's side in pixels, >= 0; below 1 the result is mixed with
            the sharp image.

    Returns:
        A new array of the same shape.
    """
    side = 2 * max(1, round(radius)) + 1
    soft = image
    for axis in (-1, -2, -1, -2):
        soft = ndimage.uniform_filter1d(soft, side, axis=axis, mode="nearest")
    if radius >= 1:
        return soft
    return image + (soft - image) * np.float32(radius)
