"""What is in an image before it is drawn: content, framing and ten latent attributes.

The attributes are the photography rules that the slides and AADB (Kong et al. 2016,
arXiv:1606.01621) name. Drawing a scene costs microseconds, so that a simulated person
can choose among thousands of images of which only the chosen ones are rendered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

CONTENTS = (
    "sea",
    "mountain",
    "field",
    "city",
    "forest",
    "portrait",
    "flower",
    "night",
)
"""The content classes; a scene has exactly one."""

CLOSE_UPS = ("portrait", "flower")
"""Contents whose subject fills the foreground instead of standing on the ground."""

FEET = {"sea": 0.82, "mountain": 0.85, "field": 1.12, "forest": 0.80}
"""How far below its centre a standing subject meets the ground, in its own size."""

ATTRIBUTES = (
    "thirds",
    "symmetry",
    "depth_of_field",
    "harmony",
    "colourfulness",
    "contrast",
    "brightness",
    "warmth",
    "busyness",
    "sharpness",
)
"""The latent attributes, in the order of every `attributes` array."""

_BLOCK = 1024
_THIRDS = (1 / 3, 2 / 3)
_FLYING = ("city", "night")


@dataclass(frozen=True)
class Scene:
    """Everything an image of the gallery shows; resolution is chosen when rendering.

    Positions and sizes are shares of the image's side, x to the right and y down.

    Attributes:
        seed: seed of the gallery.
        index: number of the image in the gallery; with `seed` it also fixes the
            details (textures, ridges, clouds) that no attribute describes.
        content: one of `CONTENTS`.
        subject_x: centre of the subject.
        subject_y: centre of the subject.
        subject_size: about half the subject's height.
        horizon: height of the horizon.
        light: where the light comes from, -1 (left) to 1 (right).
        mirror: how far the background mirrors itself, 0 to 1.
        depth_of_field: how far the background is out of focus, 0 to 1.
        harmony: how close the accent's hue is to an analogous or complementary one
            of the dominant hue, 0 (90 degrees between) to 1.
        colourfulness: saturation, 0 to 1.
        contrast: spread of the luminance, 0 to 1.
        brightness: mean of the luminance, 0 to 1.
        warmth: colour of the light, -1 (cool) to 1 (warm).
        clutter: strength of the textures and number of things, 0 to 1.
        grain: film grain, 0 to 1.
        softness: blur of the whole image, 0 to 1.
    """

    seed: int
    index: int
    content: str
    subject_x: float
    subject_y: float
    subject_size: float
    horizon: float
    light: float
    mirror: float
    depth_of_field: float
    harmony: float
    colourfulness: float
    contrast: float
    brightness: float
    warmth: float
    clutter: float
    grain: float
    softness: float

    @property
    def foot(self) -> float:
        """Where the subject meets the ground; its centre where it does not."""
        return self.subject_y + FEET.get(self.content, 0.0) * self.subject_size

    @property
    def thirds(self) -> float:
        """How well the rule of thirds is kept, 0 to 1: subject .75, horizon .25."""
        distance = min(
            math.hypot(self.subject_x - x, self.subject_y - y)
            for x in _THIRDS
            for y in _THIRDS
        )
        off = min(abs(self.horizon - y) for y in _THIRDS)
        return 0.75 * math.exp(-((distance / 0.11) ** 2)) + 0.25 * math.exp(
            -((off / 0.06) ** 2)
        )

    @property
    def symmetry(self) -> float:
        """How symmetric the image is, 0 to 1; a centred subject adds to it."""
        centred = math.exp(-(((self.subject_x - 0.5) / 0.08) ** 2))
        return self.mirror * (0.6 + 0.4 * centred)

    @property
    def busyness(self) -> float:
        """How much there is to see, 0 to 1: clutter, less what is out of focus."""
        return self.clutter * (1 - 0.6 * self.depth_of_field)

    @property
    def sharpness(self) -> float:
        """One minus what grain and softness take, 0 to 1."""
        return 1 - 0.5 * self.grain - 0.5 * self.softness

    def attributes(self) -> list[float]:
        """Returns the latent attributes in the order of `ATTRIBUTES`."""
        return [getattr(self, name) for name in ATTRIBUTES]

    def details(self, layer: int) -> np.random.Generator:
        """Returns the random numbers of one layer's details, the same at every size."""
        # Not 0: numpy pads seeds with zeros, and (seed, block) draws scenes.
        return np.random.default_rng((self.seed, self.index, layer + 1))


def draw_scene(seed: int, index: int) -> Scene:
    """Draws a scene: a pure function of its two arguments.

    Args:
        seed: seed of the gallery, >= 0.
        index: number of the image, >= 0.

    Returns:
        The scene, the same on every machine.
    """
    uniform, normal = _draw_block(seed, index // _BLOCK)
    u = uniform[index % _BLOCK].tolist()
    z = normal[index % _BLOCK].tolist()
    content = CONTENTS[int(u[0] * len(CONTENTS))]
    mirror = _clip(1.9 * u[1] - 0.6)
    x, y = _place_subject(u, z, mirror)
    size = (0.15 if content in CLOSE_UPS else 0.13) + 0.06 * u[7]
    focus = _clip(1.6 * u[8] - 0.5)
    if content in CLOSE_UPS:
        focus = min(1.0, focus + 0.25)
    # Two uniforms make extremes rarer than the middle: better images on average,
    # and still enough bad ones to dislike.
    colour, contrast, bright, clutter, warmth = (
        0.65 * a + 0.35 * b for a, b in zip(u[9:14], u[14:19])
    )
    return Scene(
        seed=seed,
        index=index,
        content=content,
        subject_x=x,
        subject_y=y,
        subject_size=size,
        horizon=_place_horizon(content, u, z, y, size),
        light=2 * u[19] - 1,
        mirror=mirror,
        depth_of_field=focus,
        harmony=u[20],
        colourfulness=colour,
        contrast=contrast,
        brightness=bright,
        warmth=2 * warmth - 1,
        clutter=clutter,
        grain=_clip(1.8 * u[21] - 0.8),
        softness=_clip(2.5 * u[22] - 1.5),
    )


def attribute_table(scenes: Sequence[Scene]) -> np.ndarray:
    """Stacks the attributes of scenes.

    Args:
        scenes: N scenes.

    Returns:
        float64 [N, 10], columns in the order of `ATTRIBUTES`.
    """
    return np.array([scene.attributes() for scene in scenes]).reshape(-1, 10)


@lru_cache(maxsize=16)
def _draw_block(seed: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws the random numbers of neighbouring scenes: a generator costs as much."""
    rng = np.random.default_rng((seed, block))
    return rng.random((_BLOCK, 26)), rng.standard_normal((_BLOCK, 3))


def _place_subject(
    u: Sequence[float], z: Sequence[float], mirror: float
) -> tuple[float, float]:
    """Returns (x, y): in the middle of symmetric images, often on a third."""
    if mirror > 0.75 and u[2] < 0.75:
        return 0.5 + 0.015 * z[0], 0.3 + 0.4 * u[3]
    if u[2] < 0.45:
        x = _THIRDS[u[4] < 0.5] + 0.035 * z[0]
        y = _THIRDS[u[5] < 0.5] + 0.035 * z[1]
        return x, y
    return 0.15 + 0.7 * u[3], 0.22 + 0.54 * u[6]


def _place_horizon(
    content: str, u: Sequence[float], z: Sequence[float], y: float, size: float
) -> float:
    """Returns a horizon that lets things stand on the ground, or fly above it."""
    if u[23] < 0.5:
        horizon = _THIRDS[u[24] < 0.5] + 0.025 * z[2]
    else:
        horizon = 0.28 + 0.44 * u[25]
    if content in _FLYING:
        return max(horizon, min(0.84, y + 1.2 * size))
    if content in CLOSE_UPS:
        return horizon
    return max(0.12, min(horizon, y + 0.75 * size))


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
