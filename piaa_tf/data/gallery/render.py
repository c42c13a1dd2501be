"""From a scene to pixels: backdrop, focus, subject, then light and tone.

The order is a camera's: what is there, what the lens leaves sharp, what the film makes
of it. At 64 pixels an image takes less than three milliseconds.
"""

from __future__ import annotations

import numpy as np

from piaa_tf.data.gallery.backdrops import paint_backdrop, paint_bokeh
from piaa_tf.data.gallery.canvas import LUMINANCE, Canvas, blur, clip
from piaa_tf.data.gallery.palette import choose_palette
from piaa_tf.data.gallery.scene import CLOSE_UPS, FEET, Scene
from piaa_tf.data.gallery.subjects import paint_subject
from piaa_tf.errors import InputError

MIN_SIZE, MAX_SIZE = 16, 1024
"""Smallest and largest image that can be rendered, in pixels a side."""


def render_scene(scene: Scene, size: int) -> np.ndarray:
    """Renders a scene: a pure function of its arguments.

    Args:
        scene: what to show.
        size: pixels a side, 16 to 1024.

    Returns:
        uint8 [size, size, 3], RGB.

    Raises:
        InputError: The size is out of range.
    """
    image = _compose(scene, size).image
    return _develop(image, scene, scene.details(2))


def subject_mask(scene: Scene, size: int) -> np.ndarray:
    """Returns which pixels of a rendered scene show its subject.

    Args:
        scene: what is shown.
        size: pixels a side, as for `render_scene`.

    Returns:
        bool [size, size]; shadow, glow and reflection are not the subject.

    Raises:
        InputError: The size is out of range.
    """
    return _compose(scene, size).cover >= 0.5


def _compose(scene: Scene, size: int) -> Canvas:
    """Paints the scene as it is, before any film."""
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise InputError(
            f"The image size must be {MIN_SIZE} to {MAX_SIZE} pixels. Got {size}. "
            "Change image_size."
        )
    canvas = Canvas.blank(size)
    rng = scene.details(0)
    palette = choose_palette(scene, rng)
    paint_backdrop(canvas, scene, palette, rng)
    _defocus(canvas, scene)
    if scene.content in CLOSE_UPS:
        paint_bokeh(canvas, scene, palette, rng)
    paint_subject(canvas, scene, palette, scene.details(1))
    return canvas


def _defocus(canvas: Canvas, scene: Scene) -> None:
    """Blurs the backdrop; the ground a subject stands on stays sharper."""
    radius = scene.depth_of_field * 0.055 * canvas.size
    if radius < 0.1:
        return
    soft = blur(canvas.image, radius)
    if scene.content not in FEET:
        canvas.image[...] = soft
        return
    away = np.abs(canvas.y - np.float32(scene.foot)) * np.float32(6)
    change = (soft - canvas.image) * clip(np.float32(0.3) + away, 0, 1)
    np.add(canvas.image, change, out=canvas.image)


def _develop(image: np.ndarray, scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """Applies softness, white balance, saturation, tone and grain.

    Args:
        image: float32 [3, size, size] as painted; used up.
        scene: gives the attributes of the film.
        rng: vignette and grain.

    Returns:
        uint8 [size, size, 3].
    """
    size = image.shape[-1]
    if scene.softness > 0.05:
        image = blur(image, scene.softness * 0.018 * size)
    balance = (1 + 0.18 * scene.warmth, 1.0, 1 - 0.20 * scene.warmth)
    image *= np.array(balance, np.float32).reshape(3, 1, 1)
    grey = (image * LUMINANCE).sum(axis=0)
    image -= grey
    image *= np.float32(0.12 + 1.20 * scene.colourfulness)
    image += grey
    # Exposure: what the scene itself has of brightness and contrast is set aside.
    mean, spread = float(grey.mean(dtype=np.float64)), float(grey.std(dtype=np.float64))
    gain = (0.55 + 1.0 * scene.contrast) * (0.17 / max(spread, 0.05)) ** 0.6
    image -= np.float32(mean)
    image *= np.float32(gain)
    image += np.float32(0.25 + 0.44 * scene.brightness)
    middle = np.abs(np.arange(size, dtype=np.float32) * np.float32(2 / size) - 1)
    corner = middle[None] ** 2 + middle[:, None] ** 2
    image *= np.float32(1.03) - corner * np.float32(0.16 * rng.random())
    image = _roll_off(image)
    amount = np.float32(0.004 + 0.036 * scene.grain)
    image += amount * rng.standard_normal((size, size), dtype=np.float32)
    image *= np.float32(255)
    image += np.float32(0.5)
    return clip(image, 0, 255).astype(np.uint8).transpose(1, 2, 0).copy()


def _roll_off(image: np.ndarray) -> np.ndarray:
    """Bends highlights and shadows into 0 to 1 instead of cutting them off."""
    image = clip(image, -0.1, 1.25)
    high = np.maximum(image - np.float32(0.8), 0)
    low = np.maximum(np.float32(0.1) - image, 0)
    return image - high * high * np.float32(1.11) + low * low * np.float32(2.5)
