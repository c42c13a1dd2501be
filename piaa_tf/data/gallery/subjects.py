"""The subject of each content class, drawn with soft-edged shapes.

Shapes are given in the subject's own unit: (0, 0) is its centre, y points down and the
subject is about two units high.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from piaa_tf.data.gallery.canvas import Canvas, clip, ellipse, mix, polygon, rgb
from piaa_tf.data.gallery.palette import Palette
from piaa_tf.data.gallery.scene import CLOSE_UPS, FEET, Scene

_WHITE = rgb(0.1, 0.04, 0.97)
_LAMP = rgb(0.12, 0.55, 1.0)
_WOOD = rgb(0.07, 0.50, 0.30)
_DARK = rgb(0.62, 0.25, 0.14)
_LEAF = rgb(0.30, 0.62, 0.42)


@dataclass(frozen=True)
class Brush:
    """A subject being drawn.

    Attributes:
        canvas: the part of the image around the subject.
        dx: float32 [1, width], position to the right in the subject's unit.
        dy: float32 [height, 1], position downwards.
        unit: the subject's unit as a share of the image's side.
        shade: float32 [height, width], how the light falls on it, about 1.
    """

    canvas: Canvas
    dx: np.ndarray
    dy: np.ndarray
    unit: float
    shade: np.ndarray

    def fill(
        self, inside: np.ndarray, colour: np.ndarray, opacity: float = 1.0
    ) -> None:
        """Fills a shape, given how far inside it each point lies."""
        mask = self.canvas.edge(inside * np.float32(self.unit))
        self.canvas.paint(mask, colour * self.shade, opacity)

    def ellipse(self, x: float, y: float, rx: float, ry: float) -> np.ndarray:
        """Returns an upright ellipse around (x, y)."""
        return ellipse(self.dx, self.dy, (x, y), rx, ry)

    def leaf(
        self, angle: float, start: float, length: float, width: float
    ) -> np.ndarray:
        """Returns an ellipse that points away from the centre, from `start` on."""
        cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        along, across = self.dx * cos + self.dy * sin, self.dy * cos - self.dx * sin
        return ellipse(along, across, (start + length / 2, 0), length / 2, width / 2)

    def polygon(self, *corners: tuple[float, float]) -> np.ndarray:
        """Returns a convex polygon, corners clockwise."""
        return polygon(self.dx, self.dy, corners)

    def bar(self, left: float, top: float, right: float, bottom: float) -> np.ndarray:
        """Returns an upright rectangle."""
        across = np.minimum(self.dx - np.float32(left), np.float32(right) - self.dx)
        down = np.minimum(self.dy - np.float32(top), np.float32(bottom) - self.dy)
        return np.minimum(across, down)


def paint_subject(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    """Paints the subject with its shadow or reflection; `canvas.cover` is its mask.

    Args:
        canvas: the whole image, background painted.
        scene: gives content, place, size and light.
        palette: colours.
        rng: details.
    """
    brush = _brush(canvas, scene)
    if scene.content in FEET and scene.content != "sea":
        _paint_shadow(brush, scene)
    if scene.content == "night":
        _paint_glow(canvas, scene, palette)
    canvas.uncover()
    _SUBJECTS[scene.content](brush, palette, rng)
    if scene.content == "sea":
        _paint_reflection(brush)


def _brush(canvas: Canvas, scene: Scene) -> Brush:
    unit, x, y = scene.subject_size, scene.subject_x, scene.subject_y
    bottom = 1.0 if scene.content in CLOSE_UPS else y + 2.6 * unit
    part = canvas.window(x - 2.3 * unit, y - 2.0 * unit, x + 2.3 * unit, bottom)
    dx = (part.x - np.float32(x)) * np.float32(1 / unit)
    dy = (part.y - np.float32(y)) * np.float32(1 / unit)
    slope = np.float32(0.26 * scene.light * (1 - scene.mirror)) * dx
    shade = clip(np.float32(1) + slope - np.float32(0.14) * dy, 0.6, 1.35)
    return Brush(part, dx, dy, unit, shade)


def _paint_shadow(brush: Brush, scene: Scene) -> None:
    """Darkens the ground where the subject stands, away from the light."""
    foot = FEET[scene.content]
    lean = -0.5 * scene.light * (1 - scene.mirror)
    soft = clip(brush.ellipse(lean, foot, 1.35, 0.30) * np.float32(5.0), 0, 1)
    brush.canvas.multiply(np.float32(1) - np.float32(0.5) * soft)


def _paint_reflection(brush: Brush) -> None:
    """Mirrors the subject in the water below it, paler with the distance."""
    part = brush.canvas
    foot = int(np.searchsorted(brush.dy[:, 0], FEET["sea"]))
    count = min(foot, part.image.shape[1] - foot)
    if count <= 0:
        return
    above = part.image[:, foot - count : foot][:, ::-1]
    cover = part.cover[foot - count : foot][::-1]
    fade = np.linspace(0.6, 0.1, count, dtype=np.float32)[:, None]
    below = part.image[:, foot : foot + count]
    below += (above * np.float32(0.8) - below) * (cover * fade)


def _paint_glow(canvas: Canvas, scene: Scene, palette: Palette) -> None:
    """Lights the air around the lantern and the water under it."""
    scale = np.float32(1 / scene.subject_size)
    dx = (canvas.x - np.float32(scene.subject_x)) * scale
    dy = (canvas.y - np.float32(scene.subject_y)) * scale
    ring = np.float32(1) / (np.float32(1) + (dx * dx + dy * dy) * np.float32(0.35))
    glow = mix(palette.accent, _LAMP, 0.3)
    canvas.paint(ring * ring, glow, 0.65)
    water = canvas.window(0, scene.horizon, 1, 1)
    image_y = np.float32(2 * scene.horizon - scene.subject_y)
    far = (water.y - image_y) * (scale * np.float32(0.5))
    near = dx * np.float32(1.5)
    streak = np.float32(1) / (np.float32(1) + near * near + far * far)
    water.paint(streak * streak, glow, 0.6)


def _paint_sailboat(brush: Brush, palette: Palette, rng: np.random.Generator) -> None:
    lean = 0.25 * (rng.random() - 0.5)
    brush.fill(brush.bar(-0.04, -1.5, 0.04, 0.5), _WOOD)
    main = brush.polygon((0.08 + lean, -1.45), (0.92, 0.36), (0.08, 0.36))
    brush.fill(main, palette.accent)
    jib = brush.polygon((-0.08 + lean, -1.15), (-0.08, 0.36), (-0.72, 0.36))
    brush.fill(jib, mix(palette.accent, _WHITE, 0.55))
    hull = brush.polygon((-0.95, 0.46), (1.0, 0.46), (0.66, 0.82), (-0.66, 0.82))
    brush.fill(hull, _WHITE if rng.random() < 0.5 else _WOOD)
    brush.fill(brush.bar(-0.9, 0.46, 0.92, 0.54), palette.accent_dark)


def _paint_cabin(brush: Brush, palette: Palette, rng: np.random.Generator) -> None:
    brush.fill(brush.bar(0.35, -0.95, 0.55, -0.3), _DARK)
    brush.fill(brush.bar(-0.74, -0.08, 0.74, 0.85), palette.accent)
    for y in (0.15, 0.38, 0.61):
        brush.fill(brush.bar(-0.74, y, 0.74, y + 0.03), palette.accent_dark, 0.6)
    roof = brush.polygon((0.0, -1.0), (1.0, 0.0), (-1.0, 0.0))
    brush.fill(roof, mix(palette.accent_dark, _DARK, 0.45))
    brush.fill(brush.bar(-0.16, 0.3, 0.16, 0.85), _WOOD)
    for x in (-0.52, 0.3):
        brush.fill(brush.bar(x, 0.18, x + 0.24, 0.46), _LAMP)


def _paint_walker(brush: Brush, palette: Palette, rng: np.random.Generator) -> None:
    coat = _DARK if rng.random() < 0.5 else palette.accent_dark
    for x in (-0.20, 0.06):
        brush.fill(brush.bar(x, 0.6, x + 0.14, 1.12), _DARK)
    body = brush.polygon((-0.24, -0.1), (0.24, -0.1), (0.40, 0.74), (-0.40, 0.74))
    brush.fill(body, coat)
    brush.fill(brush.ellipse(0.0, -0.26, 0.18, 0.2), rgb(0.07, 0.4, 0.75))
    brush.fill(brush.bar(0.2, -0.4, 0.26, 0.3), _WOOD)
    dome = np.minimum(
        brush.ellipse(0.0, -0.32, 1.05, 0.92), np.float32(-0.36) - brush.dy
    )
    brush.fill(dome, palette.accent)
    for x in (-0.55, 0.55):
        panel = brush.ellipse(x * 0.75, -0.36, 0.24, 0.74)
        panel = np.minimum(panel, np.float32(-0.36) - brush.dy)
        brush.fill(np.minimum(panel, dome), palette.accent_dark, 0.5)
    brush.fill(brush.bar(-0.03, -1.34, 0.03, -1.2), _WOOD)


def _paint_balloon(brush: Brush, palette: Palette, rng: np.random.Generator) -> None:
    second = _WHITE if rng.random() < 0.6 else palette.accent_dark
    for x in (-0.3, 0.26):
        brush.fill(brush.bar(x * 0.5, 0.8, x * 0.5 + 0.03, 1.2), _DARK)
    brush.fill(brush.bar(-0.2, 1.16, 0.2, 1.42), _WOOD)
    skirt = brush.polygon((-0.66, 0.32), (0.66, 0.32), (0.18, 1.02), (-0.18, 1.02))
    envelope = np.maximum(brush.ellipse(0.0, -0.15, 0.9, 0.92), skirt)
    brush.fill(envelope, palette.accent)
    for rx, colour in ((0.66, second), (0.40, palette.accent), (0.14, second)):
        stripe = brush.ellipse(0.0, -0.1, rx, 1.06)
        brush.fill(np.minimum(stripe, envelope), colour)


def _paint_tent(brush: Brush, palette: Palette, rng: np.random.Generator) -> None:
    turn = 1.0 if rng.random() < 0.5 else -1.0
    back = [(0.0, -0.75), (turn * 0.8, -0.66), (turn * 1.55, 0.62), (turn * 0.9, 0.8)]
    brush.fill(brush.polygon(*back[:: int(turn)]), palette.accent_dark)
    front = brush.polygon((0.0, -0.78), (1.0, 0.8), (-1.0, 0.8))
    brush.fill(front, palette.accent)
    brush.fill(brush.polygon((0.0, -0.3), (0.36, 0.8), (-0.36, 0.8)), _DARK)
    brush.fill(brush.polygon((0.0, 0.1), (0.26, 0.8), (-0.26, 0.8)), _LAMP, 0.75)


def _paint_person(brush: Brush, palette: Palette, rng: np.random.Generator) -> None:
    u = rng.random(6).tolist()
    skin = rgb(0.055 + 0.02 * u[0], 0.30 + 0.25 * u[1], 0.50 + 0.45 * u[1] * u[2])
    skin = mix(skin, rgb(0.06, 0.35, 0.92), u[2])
    hair = rgb(0.08, 0.25 + 0.4 * u[3], 0.10 + 0.45 * u[3] * u[4])
    shoulders = np.maximum(
        brush.ellipse(0.0, 2.15, 1.55, 1.10), brush.bar(-1.55, 2.15, 1.55, 99.0)
    )
    if u[5] < 0.55:
        brush.fill(brush.ellipse(0.0, 0.25, 0.82, 1.18), hair)
    brush.fill(shoulders, palette.accent)
    brush.fill(brush.bar(-0.25, 0.5, 0.25, 1.22), skin * np.float32(0.82))
    brush.fill(brush.ellipse(0.0, 1.18, 0.34, 0.22), skin * np.float32(0.86))
    brush.fill(brush.ellipse(0.0, -0.16, 0.74, 0.86), hair)
    brush.fill(brush.ellipse(0.0, 0.08, 0.60, 0.80), skin)
    fringe = brush.ellipse(0.0, -0.42, 0.66, 0.44)
    fringe = np.minimum(fringe, np.float32(-0.34) - brush.dy - brush.dx * 0.25)
    brush.fill(fringe, hair)
    for x in (-0.24, 0.24):
        brush.fill(brush.ellipse(x, 0.02, 0.11, 0.07), _WHITE)
        brush.fill(brush.ellipse(x, 0.02, 0.065, 0.075), _DARK)
        brush.fill(brush.ellipse(x, -0.15, 0.13, 0.03), hair)
    brush.fill(brush.ellipse(0.04, 0.26, 0.07, 0.10), skin * np.float32(0.85))
    smile = np.minimum(
        brush.ellipse(0.0, 0.42, 0.26, 0.18), -brush.ellipse(0.0, 0.36, 0.34, 0.14)
    )
    brush.fill(smile, rgb(0.98, 0.55, 0.62))


def _paint_flower(brush: Brush, palette: Palette, rng: np.random.Generator) -> None:
    u = rng.random(4).tolist()
    bend = brush.dy * np.float32(0.12 * (u[0] - 0.5))
    stem = np.minimum(np.float32(0.055) - np.abs(brush.dx - bend * brush.dy), brush.dy)
    brush.fill(stem, _LEAF)
    for x, turn in ((0.0, 0.5), (0.0, 2.7)):
        cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
        down = brush.dy - np.float32(1.75)
        along = (brush.dx - np.float32(x)) * cos - down * sin
        across = down * cos + (brush.dx - np.float32(x)) * sin
        brush.fill(ellipse(along, across, (0.45, 0.0), 0.5, 0.15), _LEAF * 0.9)
    count = 5 + int(u[1] * 6)
    width = min(0.62, 3.4 / count)
    pale = mix(palette.accent, _WHITE, 0.35 * u[2])
    for ring, colour in ((0.31, palette.accent_dark), (0.0, pale)):
        reach = 1.02 - 0.5 * ring
        for i in range(count):
            angle = 2 * math.pi * (i + ring + u[3]) / count
            petal = brush.leaf(angle, 0.08, reach, width)
            brush.fill(petal, colour)
    brush.fill(brush.ellipse(0.0, 0.0, 0.27, 0.27), rgb(0.12, 0.85, 0.88))
    brush.fill(brush.ellipse(0.03, 0.05, 0.15, 0.15), rgb(0.08, 0.80, 0.55))


def _paint_lantern(brush: Brush, palette: Palette, rng: np.random.Generator) -> None:
    body = brush.polygon((-0.52, -0.75), (0.52, -0.75), (0.42, 0.8), (-0.42, 0.8))
    body = np.maximum(body, brush.ellipse(0.0, -0.72, 0.52, 0.25))
    # The flame is below: paper glows from the accent's colour to its own light.
    low = clip(brush.dy * np.float32(0.55) + np.float32(0.35), 0, 1)
    glow = palette.accent + (_LAMP - palette.accent) * low
    brush.fill(body, glow * np.float32(1.1))
    brush.fill(brush.ellipse(0.0, 0.45, 0.22, 0.3), _WHITE)
    brush.fill(brush.bar(-0.44, 0.76, 0.44, 0.86), palette.accent_dark)


_SUBJECTS: dict[str, Callable[[Brush, Palette, np.random.Generator], None]] = {
    "sea": _paint_sailboat,
    "mountain": _paint_cabin,
    "field": _paint_walker,
    "city": _paint_balloon,
    "forest": _paint_tent,
    "portrait": _paint_person,
    "flower": _paint_flower,
    "night": _paint_lantern,
}
