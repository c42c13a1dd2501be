"""The colours of a scene: natural hues for the world, one free hue for the accent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from piaa_tf.data.gallery.canvas import hue_of, mix, rgb
from piaa_tf.data.gallery.scene import Scene

# content: hue, saturation and value of the ground, and of the middle distance.
_NATURAL = {
    "sea": ((0.54, 0.60, 0.42), (0.34, 0.25, 0.42)),
    "mountain": ((0.25, 0.48, 0.46), (0.62, 0.20, 0.46)),
    "field": ((0.20, 0.55, 0.58), (0.30, 0.45, 0.36)),
    "city": ((0.60, 0.08, 0.48), (0.60, 0.12, 0.52)),
    "forest": ((0.19, 0.42, 0.38), (0.29, 0.45, 0.38)),
    "night": ((0.63, 0.55, 0.17), (0.65, 0.40, 0.10)),
}
_BACKDROP_HUES = (0.28, 0.34, 0.13, 0.57, 0.06, 0.50)
_WARM_GLOW = rgb(0.075, 0.55, 1.0)
_COOL_GLOW = rgb(0.58, 0.22, 0.93)


@dataclass(frozen=True)
class Palette:
    """Colours, each float32 [3, 1, 1], before light and tone are adjusted.

    Attributes:
        sky_top: the sky at the upper edge.
        sky_low: the sky at the horizon, and the haze before distant things.
        sun: the light itself, and what it falls on.
        ground: the ground close by.
        middle: hills, rocks and trees in the middle distance.
        accent: the subject, and small things that repeat its colour.
        accent_dark: the accent in shadow.
    """

    sky_top: np.ndarray
    sky_low: np.ndarray
    sun: np.ndarray
    ground: np.ndarray
    middle: np.ndarray
    accent: np.ndarray
    accent_dark: np.ndarray


def choose_palette(scene: Scene, rng: np.random.Generator) -> Palette:
    """Chooses the colours of a scene.

    The accent lies at `harmony` 1 on the hue of ground and sky together or opposite
    to it (analogous and complementary schemes), at 0 a quarter of the circle beside.

    Args:
        scene: the scene; its content, harmony and warmth decide.
        rng: small natural variation.

    Returns:
        The palette.
    """
    u = rng.random(10).tolist()
    if scene.content in _NATURAL:
        ground, middle = _NATURAL[scene.content]
    else:
        hue = _BACKDROP_HUES[int(u[0] * len(_BACKDROP_HUES))]
        ground, middle = (hue, 0.45, 0.50), (hue + 0.03, 0.45, 0.38)
    jitter = 0.05 * (u[1] - 0.5)
    glow = _WARM_GLOW if scene.warmth > 0 else _COOL_GLOW
    if scene.content == "night":
        top = rgb(0.64 + jitter, 0.70, 0.10 + 0.10 * u[2])
        low = mix(rgb(0.62, 0.55, 0.36), glow, 0.35 * abs(scene.warmth))
    else:
        depth = 0.25 + 0.45 * u[2] - 0.15 * max(0.0, scene.warmth)
        top = rgb(0.58 + jitter, depth, 0.68 + 0.25 * u[3])
        low = mix(rgb(0.56 + jitter, 0.10, 0.97), glow, abs(scene.warmth))
    near = rgb(ground[0] + 1.6 * jitter, ground[1], ground[2] * (0.85 + 0.3 * u[7]))
    dominant = hue_of(mix(near, mix(top, low, 0.6), scene.horizon))
    offset = (0.5 if u[4] < 0.5 else 0.0) + (1 - scene.harmony) * (
        0.25 if u[5] < 0.5 else -0.25
    )
    accent_hue = (dominant + offset) % 1.0
    saturation = 0.58 + 0.27 * u[6]
    return Palette(
        sky_top=top,
        sky_low=low,
        sun=mix(rgb(0.13, 0.06, 1.0), glow, 0.5 * abs(scene.warmth)),
        ground=near,
        middle=rgb(middle[0] + jitter, middle[1], middle[2] * (0.85 + 0.3 * u[8])),
        accent=rgb(accent_hue, saturation, 0.92),
        accent_dark=rgb(accent_hue, saturation, 0.52),
    )
