"""The best photos of a ranking on one sheet, as a picture.

Drawn with Pillow; the typeface is DejaVu Sans, which Matplotlib brings along.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

from piaa_tf.album.ranking import RankedPhoto, heading, places_gained
from piaa_tf.album.thumbnails import thumbnail

COLUMNS = 5
NUM_PHOTOS = 20
# Letters that fit beside the count of photos, however wide.
LONGEST_USER_ID = 30

# Pixels.
MARGIN = 48
GAP = 28
CELL_WIDTH, CELL_HEIGHT = 340, 244
MAT_WIDTH = 14
LABEL_HEIGHT = 62
HEADER_HEIGHT = 108

PAPER = "#f6f5f2"
MAT = "#e9e7e2"
INK = "#1d1d1f"
MUTED = "#66645f"
# Blue and vermilion after Okabe and Ito (2008), told apart by colour-blind people
# too; the vermilion is darker, for small letters.
UP, DOWN = "#0072b2", "#b34700"


def draw(
    photos_dir: Path, ranked: Sequence[RankedPhoto], *, user_id: str
) -> Image.Image:
    """Draws the first twenty photos in rank order, with their scores.

    Args:
        photos_dir: what the images are relative to.
        ranked: as `ranking.rank_photos` returns them.
        user_id: whose ranking it is.

    Returns:
        RGB; `sheet_size(len(ranked))` pixels.

    Raises:
        InputError: A photo is no readable image.
    """
    shown = ranked[:NUM_PHOTOS]
    sheet = Image.new("RGB", sheet_size(len(ranked)), PAPER)
    pen = ImageDraw.Draw(sheet)
    _draw_header(pen, sheet.width, len(shown), ranked, user_id)
    for i, (photo, gained) in enumerate(zip(shown, places_gained(ranked))):
        row, column = divmod(i, COLUMNS)
        left = MARGIN + column * (CELL_WIDTH + GAP)
        top = MARGIN + HEADER_HEIGHT + row * (CELL_HEIGHT + LABEL_HEIGHT + GAP)
        cell = (left, top, left + CELL_WIDTH, top + CELL_HEIGHT)
        pen.rounded_rectangle(cell, radius=8, fill=MAT)
        small = thumbnail(
            Path(photos_dir) / photo.image,
            CELL_WIDTH - 2 * MAT_WIDTH,
            CELL_HEIGHT - 2 * MAT_WIDTH,
        )
        across, down = CELL_WIDTH - small.width, CELL_HEIGHT - small.height
        sheet.paste(small, (left + across // 2, top + down // 2))
        _draw_label(pen, left, top + CELL_HEIGHT + 8, photo, gained)
    return sheet


def sheet_size(num_ranked: int) -> tuple[int, int]:
    """Returns the width and height in pixels of the sheet of so many photos."""
    rows = -(-min(num_ranked, NUM_PHOTOS) // COLUMNS)
    width = 2 * MARGIN + COLUMNS * (CELL_WIDTH + GAP) - GAP
    height = 2 * MARGIN + HEADER_HEIGHT
    return width, height + rows * (CELL_HEIGHT + LABEL_HEIGHT + GAP) - GAP


def _draw_header(
    pen: ImageDraw.ImageDraw,
    width: int,
    num_shown: int,
    ranked: Sequence[RankedPhoto],
    user_id: str,
) -> None:
    if len(user_id) > LONGEST_USER_ID:
        user_id = f"{user_id[:LONGEST_USER_ID]}…"
    title, sentence = heading(ranked, user_id)
    pen.text((MARGIN, MARGIN - 10), title, INK, font(38, bold=True))
    pen.text((MARGIN, MARGIN + 46), sentence, MUTED, font(20))
    count = f"{num_shown} of {len(ranked)} photos"
    pen.text((width - MARGIN, MARGIN + 4), count, MUTED, font(20), anchor="ra")


def _draw_label(
    pen: ImageDraw.ImageDraw, left: int, top: int, photo: RankedPhoto, gained: int
) -> None:
    """Rank and score large, the generic score and the change of place beside them."""
    rank = f"{photo.rank}"
    pen.text((left, top), rank, INK, font(30, bold=True))
    right = left + CELL_WIDTH
    pen.text((right, top), f"{photo.score:.2f}", INK, font(30, bold=True), anchor="ra")
    if gained:
        after_rank = left + pen.textlength(rank, font(30, bold=True)) + 12
        change, colour = (f"▲{gained}", UP) if gained > 0 else (f"▼{-gained}", DOWN)
        pen.text((after_rank, top + 9), change, colour, font(20))
    generic = f"generic {photo.generic_score:.2f}" if photo.known_user else "generic"
    before_score = right - pen.textlength(f"{photo.score:.2f}", font(30, bold=True))
    pen.text((before_score - 14, top + 10), generic, MUTED, font(18), anchor="ra")


def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Returns the typeface of all sheets, of so many pixels."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / name), size)
