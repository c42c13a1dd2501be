"""Photos and their best crops, drawn on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from piaa_tf.album.crops import Crop
from piaa_tf.presentation.colors import (
    GREEN,
    ORANGE,
    PURPLE,
    SKY_BLUE,
    VERMILION,
    YELLOW,
)
from piaa_tf.presentation.sheet import Grid, Sheet, fit

NUM_PHOTOS = 12

# Bright enough to be seen on a photo.
COLORS = (SKY_BLUE, ORANGE, GREEN, PURPLE, YELLOW, VERMILION)
LINE_WIDTH = 3


@dataclass(frozen=True)
class CroppedPhoto:
    """A line of the sheet, scaled down so that many can be kept.

    Attributes:
        image: the photo's name.
        panels: the photo with its windows drawn in, then each crop.
        crops: which crops these are.
    """

    image: str
    panels: Sequence[Image.Image]
    crops: Sequence[Crop]


def shrink(image: str, photo: np.ndarray, crops: Sequence[Crop]) -> CroppedPhoto:
    """Makes a line of the sheet.

    Args:
        image: the photo's name.
        photo: uint8 [height, width, 3].
        crops: of the photo.

    Returns:
        The line.
    """
    size = Grid(columns=1 + len(crops)).photo_size
    marked = fit(Image.fromarray(photo), size)
    pen = ImageDraw.Draw(marked)
    scale_x, scale_y = marked.width / photo.shape[1], marked.height / photo.shape[0]
    for i, crop in enumerate(crops):
        window = crop.window
        left, top = window.left * scale_x, window.top * scale_y
        # Scaled down, a panorama one pixel high is less than a pixel high.
        right = max(left, (window.left + window.width) * scale_x - 1)
        bottom = max(top, (window.top + window.height) * scale_y - 1)
        corners = (left, top, right, bottom)
        pen.rectangle(corners, outline=COLORS[i % len(COLORS)], width=LINE_WIDTH)
    parts = [fit(Image.fromarray(crop.window.of(photo)), size) for crop in crops]
    return CroppedPhoto(image, [marked, *parts], crops)


def draw(lines: Sequence[CroppedPhoto]) -> Image.Image:
    """Draws the sheet.

    Args:
        lines: at least one, all of the same ratios.

    Returns:
        The sheet, RGB.
    """
    columns = len(lines[0].panels)
    sheet = Sheet(Grid(columns), columns * len(lines))
    for row, line in enumerate(lines):
        photo, *parts = line.panels
        first = row * columns
        sheet.place(first, photo).write_name(line.image, 18, y=8)
        for i, (part, crop) in enumerate(zip(parts, line.crops)):
            caption = sheet.place(first + 1 + i, part)
            caption.draw_key(COLORS[i % len(COLORS)])
            caption.write(crop.ratio, 30, x=28, bold=True)
            caption.write_score(crop.score, f"middle {crop.centre_score:.2f}")
    return sheet.image
