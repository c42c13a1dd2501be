"""Photos and their best crops on one sheet, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from piaa_tf.album.contact_sheet import (
    CELL_HEIGHT,
    CELL_WIDTH,
    GAP,
    INK,
    LABEL_HEIGHT,
    MARGIN,
    MAT,
    MAT_WIDTH,
    MUTED,
    PAPER,
    font,
)
from piaa_tf.album.crops import Crop

NUM_PHOTOS = 12

# After Okabe and Ito (2008), told apart by colour-blind people too; bright enough to
# be seen on a photo.
COLORS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00")
LINE_WIDTH = 3


@dataclass(frozen=True)
class CroppedPhoto:
    """A line of the sheet: pictures small enough to be kept.

    Attributes:
        image: the photo's name.
        pictures: the photo with its windows drawn in, then each crop.
        crops: what each is.
    """

    image: str
    pictures: Sequence[Image.Image]
    crops: Sequence[Crop]


def shrink(image: str, photo: np.ndarray, crops: Sequence[Crop]) -> CroppedPhoto:
    """Makes a line of the sheet.

    Args:
        image: the photo's name.
        photo: uint8 [height, width, 3].
        crops: of it.

    Returns:
        The line.
    """
    marked = _fit(Image.fromarray(photo))
    pen = ImageDraw.Draw(marked)
    scale_x, scale_y = marked.width / photo.shape[1], marked.height / photo.shape[0]
    for i, crop in enumerate(crops):
        window = crop.window
        left, top = window.left * scale_x, window.top * scale_y
        # Of a panorama a pixel high there is less than a pixel left.
        right = max(left, (window.left + window.width) * scale_x - 1)
        bottom = max(top, (window.top + window.height) * scale_y - 1)
        corners = (left, top, right, bottom)
        pen.rectangle(corners, outline=COLORS[i % len(COLORS)], width=LINE_WIDTH)
    parts = [_fit(Image.fromarray(crop.window.of(photo))) for crop in crops]
    return CroppedPhoto(image, [marked, *parts], crops)


def _fit(picture: Image.Image) -> Image.Image:
    """Scales a picture into a cell, without cropping it."""
    box = (CELL_WIDTH - 2 * MAT_WIDTH, CELL_HEIGHT - 2 * MAT_WIDTH)
    scale = min(box[0] / picture.width, box[1] / picture.height)
    size = [max(1, round(side * scale)) for side in picture.size]
    return picture.resize(size, Image.Resampling.LANCZOS)


def draw(lines: Sequence[CroppedPhoto]) -> Image.Image:
    """Draws the sheet.

    Args:
        lines: at least one, all of the same ratios.

    Returns:
        RGB.
    """
    columns = len(lines[0].pictures)
    row_height = CELL_HEIGHT + LABEL_HEIGHT + GAP
    sheet = Image.new(
        "RGB",
        (
            2 * MARGIN + columns * (CELL_WIDTH + GAP) - GAP,
            2 * MARGIN + len(lines) * row_height - GAP,
        ),
        PAPER,
    )
    pen = ImageDraw.Draw(sheet)
    for row, line in enumerate(lines):
        top = MARGIN + row * row_height
        for column, picture in enumerate(line.pictures):
            left = MARGIN + column * (CELL_WIDTH + GAP)
            cell = (left, top, left + CELL_WIDTH, top + CELL_HEIGHT)
            pen.rounded_rectangle(cell, radius=8, fill=MAT)
            across, down = CELL_WIDTH - picture.width, CELL_HEIGHT - picture.height
            sheet.paste(picture, (left + across // 2, top + down // 2))
            below = top + CELL_HEIGHT + 8
            if column:
                color = COLORS[(column - 1) % len(COLORS)]
                _draw_label(pen, left, below, line.crops[column - 1], color)
            else:
                _draw_name(pen, left, below, line.image)
    return sheet


def _draw_name(pen: ImageDraw.ImageDraw, left: int, top: int, name: str) -> None:
    while len(name) > 1 and pen.textlength(name, font(18)) > CELL_WIDTH:
        name = f"…{name[2:]}"  # the end of a path tells more than its beginning
    pen.text((left, top + 8), name, INK, font(18))


def _draw_label(
    pen: ImageDraw.ImageDraw, left: int, top: int, crop: Crop, color: str
) -> None:
    """The ratio in its colour, the score large, the middle's score beside it."""
    pen.rectangle((left, top + 9, left + 18, top + 27), fill=color)
    pen.text((left + 28, top), crop.ratio, INK, font(30, bold=True))
    right, score = left + CELL_WIDTH, f"{crop.score:.2f}"
    pen.text((right, top), score, INK, font(30, bold=True), anchor="ra")
    before = right - pen.textlength(score, font(30, bold=True)) - 14
    middle = f"middle {crop.centre_score:.2f}"
    pen.text((before, top + 10), middle, MUTED, font(18), anchor="ra")
