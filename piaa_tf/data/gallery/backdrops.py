"""The background of each content class: which layers it has, and its own things."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from piaa_tf.data.gallery.canvas import Canvas, clip, ellipse, mix, rgb
from piaa_tf.data.gallery.landscape import (
    flat_texture,
    paint_ground,
    paint_ridges,
    paint_sky,
    paint_water,
    ridge_line,
)
from piaa_tf.data.gallery.palette import Palette
from piaa_tf.data.gallery.scene import Scene

_LAMP = rgb(0.11, 0.45, 1.0)
_BARK = rgb(0.07, 0.38, 0.20)

Painter = Callable[[Canvas, Scene, Palette, np.random.Generator], None]


def paint_backdrop(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    """Paints everything but the subject, over the whole canvas, all in focus."""
    paint_sky(canvas, scene, palette, rng)
    _BACKDROPS[scene.content](canvas, scene, palette, rng)


def paint_bokeh(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    """Paints lights out of focus: discs, more of them the more cluttered the scene."""
    count = int(1 + 15 * scene.clutter)
    draws = rng.random((count, 5))
    radius = 0.02 + 0.05 * draws[:, 2] * (0.4 + 0.6 * scene.depth_of_field)
    positions = _in_pairs(draws[:, 0], draws[:, 3], scene.mirror)
    for i, x in enumerate(positions):
        j = i % count
        y, r = float(draws[j, 1]), float(radius[j])
        part = canvas.window(x - r, y - r, x + r, y + r)
        inside = ellipse(part.x - np.float32(x), part.y - np.float32(y), (0, 0), r, r)
        colour = palette.accent if draws[j, 4] < 0.5 else palette.sun
        part.paint(part.edge(inside), colour, 0.28)


def _paint_sea(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    count = int(rng.integers(3))
    paint_ridges(canvas, scene, palette, rng, count=count, height=0.02, roughness=0.035)
    paint_water(canvas, scene, palette, rng)


def _paint_mountain(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    count = 2 + int(2 * scene.clutter)
    height = 0.08 + 0.24 * scene.horizon
    paint_ridges(
        canvas,
        scene,
        palette,
        rng,
        count=count,
        height=height,
        roughness=0.03 + 0.10 * scene.horizon,
        snow=True,
    )
    paint_ground(canvas, scene, palette, rng, accents=0.7)


def _paint_field(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    count = 1 + int(2.5 * scene.clutter)
    paint_ridges(canvas, scene, palette, rng, count=count, height=0.03, roughness=0.022)
    paint_ground(canvas, scene, palette, rng)


def _paint_night(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    paint_ridges(canvas, scene, palette, rng, count=2, height=0.05, roughness=0.05)
    count = int(1 + 10 * scene.clutter)
    draws = rng.random((count, 4))
    for i, x in enumerate(_in_pairs(draws[:, 0], draws[:, 1], scene.mirror)):
        # Windows on the far shore: lamps, and some in the accent's colour.
        y, r = scene.horizon - 0.05 * float(draws[i % count, 2]), 0.011
        colour = palette.accent if draws[i % count, 3] < 0.6 else _LAMP
        part = canvas.window(x - 2 * r, y - 2 * r, x + 2 * r, y + 2 * r)
        inside = ellipse(part.x - np.float32(x), part.y - np.float32(y), (0, 0), r, r)
        part.paint(part.edge(inside), colour, 0.9)
    paint_water(canvas, scene, palette, rng)


def _paint_city(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    for far in (1.0, 0.0):
        _paint_skyline(canvas, scene, palette, rng, far)
    if rng.random() < 0.5:
        paint_water(canvas, scene, palette, rng)
    else:
        paint_ground(canvas, scene, palette, rng, accents=0.0, roughness=0.45)


def _paint_skyline(
    canvas: Canvas,
    scene: Scene,
    palette: Palette,
    rng: np.random.Generator,
    far: float,
) -> None:
    """Paints one row of houses, `far` 0 (close) or 1 (in the haze)."""
    count = 5 + int(9 * scene.clutter + 3 * far)
    draws = rng.random((count, 4))
    edges = np.sort(rng.random(count - 1))
    house = np.searchsorted(edges, canvas.x[0])
    if scene.mirror > 0.5:
        house = np.minimum(house, house[::-1])
    tall = (0.05 + 0.26 * draws[:, 0] ** 1.5 + 0.07 * far) * (0.5 + scene.horizon)
    top = (scene.horizon - tall).astype(np.float32)[house]
    start = float(top.min())
    part = canvas.window(0, start, 1, scene.horizon + 1 / canvas.size)
    tone = (0.55 + 0.75 * draws[:, 1]).astype(np.float32)[house]
    walls = np.repeat(palette.middle, count, axis=2)
    for i in np.flatnonzero(draws[:, 2] < 0.3):
        walls[:, :, i] = mix(palette.middle, palette.accent, 0.75)[:, :, 0]
    colour = walls[:, :, house] * tone
    windows = _windows(part, house, draws[:, 3])
    colour = colour + (_LAMP - colour) * (windows * np.float32(0.55 * (1 - 0.6 * far)))
    colour = colour + (palette.sky_low - colour) * np.float32(0.12 + 0.5 * far)
    part.paint(part.edge(part.y - top[None]), colour)


def _windows(part: Canvas, house: np.ndarray, lit: np.ndarray) -> np.ndarray:
    """Returns where windows are, [height, width] of 0 and 1."""
    columns, rows = part.x * np.float32(22), part.y * np.float32(18)
    across = (columns - np.floor(columns)) < 0.55
    down = (rows - np.floor(rows)) < 0.5
    # A cheap hash of the window's number leaves some of them dark.
    number = np.floor(columns) * 7 + np.floor(rows) * 13 + house[None] * 5
    on = (number - np.floor(number / 11) * 11) < 2 + 8 * lit[house][None]
    return (across & down & on).astype(np.float32)


def _paint_forest(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    leaves = flat_texture(canvas, "fine", rng, scene.mirror)
    crowns = flat_texture(canvas, "cloud", rng, scene.mirror)
    light = 1 + leaves * np.float32(0.05 + 0.38 * scene.clutter)
    green = mix(palette.middle, palette.sky_low, 0.45)
    canvas.paint(np.array([[0.75]], np.float32), green * clip(light, 0.4, 1.6))
    paint_ground(canvas, scene, palette, rng, accents=0.8)
    for far in (1.0, 0.5, 0.0):
        count = 2 + int(4 * scene.clutter + 2 * far)
        draws = rng.random((count, 3))
        xs = _in_pairs(draws[:, 0], draws[:, 1], scene.mirror)
        half = np.tile(0.006 + 0.016 * draws[:, 2] * (1.2 - far), 2)[: len(xs)]
        inside = half[:, None] - np.abs(canvas.x - xs[:, None])
        trunks = canvas.edge(inside.max(axis=0).astype(np.float32))[None]
        # No trunk stands before the subject.
        foot = min(scene.horizon + 0.02 + 0.10 * (1 - far), scene.foot - 0.02)
        colour = mix(_BARK, palette.sky_low, 0.55 * far)
        part = canvas.window(0, 0, 1, foot + 1 / canvas.size)
        part.paint(
            trunks * part.edge(np.float32(foot) - part.y), colour * np.float32(1.1)
        )
    # Crowns hang into the upper edge.
    line = ridge_line(canvas, rng, scene.mirror) * np.float32(0.05)
    hang = np.float32(scene.horizon * 0.42) + line[None] - canvas.y
    mask = clip((hang + crowns * np.float32(0.06)) * 14, 0, 1)
    top = mix(palette.middle, palette.accent, 0.25) * clip(light, 0.3, 1.8)
    canvas.paint(mask, top, 0.92)


def _paint_close_up(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    paint_ridges(canvas, scene, palette, rng, count=2, height=0.10, roughness=0.05)
    paint_ground(canvas, scene, palette, rng, accents=0.4)


def _in_pairs(x: np.ndarray, other: np.ndarray, mirror: float) -> np.ndarray:
    """Doubles positions by partners: anywhere at mirror 0, mirrored at 1."""
    return np.concatenate([x, (1 - x) * mirror + other * (1 - mirror)])


_BACKDROPS: dict[str, Painter] = {
    "sea": _paint_sea,
    "mountain": _paint_mountain,
    "field": _paint_field,
    "city": _paint_city,
    "forest": _paint_forest,
    "portrait": _paint_close_up,
    "flower": _paint_close_up,
    "night": _paint_night,
}
