"""Sky, ridges, ground and water: the layers most backgrounds are made of."""

from __future__ import annotations

import numpy as np

from piaa_tf.data.gallery.canvas import LUMINANCE, Canvas, clip, mix
from piaa_tf.data.gallery.palette import Palette
from piaa_tf.data.gallery.scene import Scene
from piaa_tf.data.gallery.textures import ridge_bank, texture_bank


def mirrored(values: np.ndarray, mirror: float) -> np.ndarray:
    """Makes values alike left and right: not at mirror 0, exactly at 1.

    Args:
        values: [..., width] with mean 0.
        mirror: 0 to 1.

    Returns:
        The same shape, with the variance of independent halves kept.
    """
    if mirror == 0.0:
        return values
    share = mirror / 2
    scale = ((1 - share) ** 2 + share**2) ** -0.5
    first, second = np.float32((1 - share) * scale), np.float32(share * scale)
    return first * values + second * values[..., ::-1]


def plane_texture(
    canvas: Canvas,
    kind: str,
    depth: np.ndarray,
    rng: np.random.Generator,
    *,
    stretch: float = 1.0,
    mirror: float = 0.0,
) -> np.ndarray:
    """Lays a texture on a level plane seen in perspective.

    Args:
        canvas: gives the pixels.
        kind: kind of texture.
        depth: [height, 1], distance of each row from the eye in repetitions of the
            texture.
        rng: chooses the texture and where it starts.
        stretch: how much wider than deep it is laid.
        mirror: how far it mirrors itself.

    Returns:
        float32 [height, width], mean about 0, variance about 1.
    """
    bank = texture_bank(kind, canvas.size)
    tile = bank[int(rng.integers(len(bank)))]
    start = rng.random(2, dtype=np.float32)
    down = depth + start[0]
    across = (canvas.x - np.float32(0.5)) * (depth * np.float32(1 / stretch)) + start[1]
    rows = ((down - np.floor(down)) * np.float32(canvas.size)).astype(np.intp)
    columns = ((across - np.floor(across)) * np.float32(canvas.size)).astype(np.intp)
    flat = rows * canvas.size + columns
    # A sum just below a whole number may round up to the next row's first texel.
    return mirrored(tile.ravel().take(flat, mode="clip"), mirror)


def flat_texture(
    canvas: Canvas, kind: str, rng: np.random.Generator, mirror: float = 0.0
) -> np.ndarray:
    """Lays a texture parallel to the image: float32 [height, width]."""
    bank = texture_bank(kind, canvas.size)
    tile = bank[int(rng.integers(len(bank)))]
    shift = (rng.random(2) * canvas.size).astype(int)
    turned = np.roll(tile, (int(shift[0]), int(shift[1])), axis=(0, 1))
    return mirrored(turned[: canvas.image.shape[1]], mirror)


def ridge_line(
    canvas: Canvas, rng: np.random.Generator, mirror: float = 0.0
) -> np.ndarray:
    """Draws a ridge: float32 [width], mean about 0, variance about 1."""
    bank = ridge_bank(canvas.size)
    line = bank[int(rng.integers(len(bank)))]
    return mirrored(np.roll(line, int(rng.random() * canvas.size)), mirror)


def paint_sky(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    """Paints the sky, its glow around the sun and its clouds, over the whole canvas."""
    height = clip(canvas.y * np.float32(1 / scene.horizon), 0, 1)[None]
    # The sky pales faster close to the horizon.
    fall = height * height
    canvas.image[...] = palette.sky_top + (palette.sky_low - palette.sky_top) * fall
    night = scene.content == "night"
    u = rng.random(4).tolist()
    side = scene.light * (1 - scene.mirror)
    dx = canvas.x - np.float32(0.5 + 0.45 * side)
    dy = canvas.y - np.float32(scene.horizon * (0.45 + 0.5 * u[0]))
    ring = np.float32(1) / (np.float32(1) + (dx * dx + dy * dy) * np.float32(28))
    canvas.paint(ring * ring, palette.sun, 0.25 if night else 0.75)
    _paint_clouds(canvas, scene, palette, rng, amount=u[1])
    if night:
        stars = flat_texture(canvas, "fine", rng, scene.mirror)
        threshold = np.float32(2.6 - 0.7 * scene.clutter)
        canvas.paint(clip((stars - threshold) * 2, 0, 1), palette.sun, 0.9)


def _paint_clouds(
    canvas: Canvas,
    scene: Scene,
    palette: Palette,
    rng: np.random.Generator,
    amount: float,
) -> None:
    """Paints clouds that crowd towards the horizon, lit from above."""
    rows = max(1, min(canvas.size, int(scene.horizon * canvas.size) + 1))
    sky = canvas.window(0, 0, 1, rows / canvas.size)
    below = np.maximum(np.float32(scene.horizon) - sky.y, 0)
    depth = np.float32(0.42) / (below + np.float32(0.22))
    cloud = plane_texture(
        sky, "cloud", depth, rng, stretch=1.3, mirror=scene.mirror
    ) * np.float32(0.55) + np.float32(1.3 * amount - 0.75)
    ripples = plane_texture(sky, "rough", depth * 1.5, rng, mirror=scene.mirror)
    thick = clip(cloud + ripples * np.float32(0.45 * scene.clutter), 0, 1)
    night = scene.content == "night"
    shaded = mix(palette.sky_top, palette.sky_low, 0.45) * np.float32(0.92)
    if night:
        bright = mix(palette.sky_low, palette.sun, 0.2) * np.float32(0.8)
    else:
        bright = mix(palette.sun, np.ones((3, 1, 1), np.float32), 0.5)
    colour = bright + (shaded - bright) * (thick * np.float32(0.8))
    sky.paint(thick, colour, 0.55 if night else 0.92)


def paint_ridges(
    canvas: Canvas,
    scene: Scene,
    palette: Palette,
    rng: np.random.Generator,
    *,
    count: int,
    height: float,
    roughness: float,
    snow: bool = False,
) -> None:
    """Paints ridges one before the other, the farther the more haze before them.

    Args:
        canvas: painted in place.
        scene: gives horizon, light and symmetry.
        palette: colours.
        rng: details.
        count: number of ridges.
        height: mean height above the horizon, in shares of the side.
        roughness: how much the height varies, in the same unit.
        snow: whether the highest parts are white.
    """
    texture = flat_texture(canvas, "rough", rng, scene.mirror)
    side = scene.light * (1 - scene.mirror)
    for i in range(count):
        far = (count - 1 - i) / max(1, count)
        line = ridge_line(canvas, rng, scene.mirror)
        rise = height * (0.45 + 0.85 * far) + roughness * (0.5 + 0.8 * far) * line
        top = np.float32(scene.horizon + 0.01) - np.maximum(rise, np.float32(0.004))
        lowest = min(1.0, scene.horizon + 0.04)
        part = canvas.window(0, max(0.0, float(top.min()) - 0.02), 1, lowest)
        below = part.y - top[None]
        slope = np.gradient(top) * np.float32(canvas.size * 0.35 * (side or 0.15))
        first = round(max(0.0, float(top.min()) - 0.02) * canvas.size)
        grain = texture[first : first + part.image.shape[1]] * np.float32(
            0.05 + 0.30 * scene.clutter
        )
        light = clip(np.float32(1) + slope[None] + grain, 0.35, 1.7)
        colour = mix(palette.middle, palette.ground, 0.5 * (1 - far)) * light
        if snow:
            cap = np.float32(scene.horizon - height * 1.0) - part.y
            cap = clip((cap + grain * np.float32(0.5)) * 22, 0, 1)
            white = np.float32(0.92) * light * palette.sun
            colour = colour + (white - colour) * cap
        # Haze gathers in the valleys.
        haze = clip(
            np.float32(0.15 + 0.6 * far) + below * np.float32(1.2 * far), 0, 0.85
        )
        colour = colour + (palette.sky_low - colour) * haze
        part.paint(part.edge(below), colour)


def paint_ground(
    canvas: Canvas,
    scene: Scene,
    palette: Palette,
    rng: np.random.Generator,
    *,
    accents: float = 1.0,
    roughness: float = 1.0,
) -> None:
    """Paints level ground from the horizon to the lower edge, in perspective.

    Args:
        canvas: painted in place.
        scene: gives horizon, clutter and symmetry.
        palette: colours.
        rng: details.
        accents: how many patches repeat the accent's colour (flowers, fallen leaves).
        roughness: factor on the texture; grass is 1.
    """
    part = canvas.window(0, scene.horizon - 1 / canvas.size, 1, 1)
    near = (part.y - np.float32(scene.horizon)) * np.float32(1 / (1 - scene.horizon))
    near = clip(near, 0, 1)
    depth = np.float32(0.62) / (near + np.float32(0.14))
    grass = plane_texture(part, "fine", depth, rng, mirror=scene.mirror)
    swell = plane_texture(
        part, "cloud", depth * np.float32(0.6), rng, stretch=2.0, mirror=scene.mirror
    )
    light = (
        np.float32(1)
        + grass
        * (np.float32(roughness * (0.02 + 0.32 * scene.clutter)) * (near * 0.8 + 0.2))
        + swell * np.float32(0.10)
    )
    haze = (1 - near) * (1 - near)
    base = palette.ground + (palette.sky_low - palette.ground) * (
        haze * np.float32(0.38)
    )
    part.paint(
        part.edge(part.y - np.float32(scene.horizon)),
        base * clip(light, 0.3, 1.7) * (np.float32(1.08) - near * np.float32(0.25)),
    )
    if accents > 0:
        patches = plane_texture(part, "rough", depth * np.float32(1.3), rng)
        patches = mirrored(patches, scene.mirror) + grass * np.float32(0.35)
        threshold = np.float32(1.9 - 1.1 * scene.clutter * accents)
        part.paint(
            clip((patches - threshold) * 2, 0, 1) * np.minimum(near * 4, 1),
            palette.accent * clip(light, 0.6, 1.3),
            0.85,
        )


def paint_water(
    canvas: Canvas, scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    """Paints water that mirrors what is above the horizon, with waves and glints."""
    part = canvas.window(0, scene.horizon, 1, 1)
    size = canvas.size
    near = (part.y - np.float32(scene.horizon)) * np.float32(1 / (1 - scene.horizon))
    near = clip(near, 0, 1)
    depth = np.float32(0.8) / (near + np.float32(0.12))
    waves = plane_texture(
        part, "rough", depth, rng, stretch=3.0, mirror=scene.mirror
    ) * (near * np.float32(0.8) + np.float32(0.2))
    strength = 0.1 + 1.1 * scene.clutter
    first = size - part.image.shape[1]
    above = (
        np.float32(2 * first - 1) - np.arange(first, size, dtype=np.float32)[:, None]
    )
    above = above + waves * np.float32(0.035 * strength * size)
    rows = clip(np.abs(above), 0, max(0, first - 1)).astype(np.intp)
    mirror_image = canvas.image.reshape(3, -1).take(
        rows * size + np.arange(size), axis=1
    )
    share = np.float32(0.72) - near * np.float32(0.45)
    light = np.float32(1) + waves * np.float32(0.10 + 0.22 * strength)
    colour = palette.ground + (mirror_image - palette.ground) * share
    part.image[...] = colour * light
    glint = clip(waves - np.float32(1.5 - 0.5 * strength), 0, 1)
    lit = np.maximum(mirror_image, np.float32(0)) * LUMINANCE
    part.paint(glint * np.minimum(lit.sum(0) * 1.3, 1), palette.sun, 0.8)
