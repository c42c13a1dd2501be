"""One cover per album: the photo of each folder that a user likes best."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path, PurePosixPath

from PIL import Image, ImageDraw

from piaa_tf.album.contact_sheet import (
    CELL_HEIGHT,
    CELL_WIDTH,
    COLUMNS,
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
from piaa_tf.album.ranking import RankedPhoto
from piaa_tf.album.thumbnails import thumbnail
from piaa_tf.data.csv_table import write_table
from piaa_tf.files.atomic_files import write_file

TOP = "."
"""The album of photos that lie in no sub-folder."""

NUM_ALBUMS = 60


@dataclass(frozen=True)
class Cover:
    """An album and the photo that stands for it.

    Attributes:
        album: POSIX path of the folder, relative to the photo folder; `TOP` for that
            folder itself.
        image: the cover, POSIX path relative to the photo folder.
        score: the user's, of the cover.
        generic_score: the prior's, of the cover.
        num_photos: photos in this very folder; sub-folders are albums of their own.
    """

    album: str
    image: str
    score: float
    generic_score: float
    num_photos: int


def choose_covers(ranked: Sequence[RankedPhoto]) -> list[Cover]:
    """Takes the best photo of each folder.

    Args:
        ranked: as `ranking.rank_photos` returns them, the best first.

    Returns:
        One cover per folder, sorted by the folders' names.
    """
    albums: dict[str, list[RankedPhoto]] = {}
    for photo in ranked:
        albums.setdefault(str(PurePosixPath(photo.image).parent), []).append(photo)
    return [
        Cover(album, own[0].image, own[0].score, own[0].generic_score, len(own))
        for album, own in sorted(albums.items())
    ]


def write_covers(
    out_dir: Path, photos_dir: Path, covers: Sequence[Cover]
) -> list[Path]:
    """Writes `covers.csv` and `covers.png`, each whole.

    Args:
        out_dir: where to; created if need be.
        photos_dir: what the images are relative to.
        covers: of `choose_covers`.

    Returns:
        The two paths.

    Raises:
        InputError: A cover is no readable image.
    """
    sheet = io.BytesIO()
    draw(photos_dir, covers).save(sheet, "PNG")
    table, picture = Path(out_dir) / "covers.csv", Path(out_dir) / "covers.png"
    write_table(table, [field.name for field in fields(Cover)], map(astuple, covers))
    write_file(picture, sheet.getvalue())
    return [table, picture]


def draw(photos_dir: Path, covers: Sequence[Cover]) -> Image.Image:
    """Draws the covers in the albums' order, with their names; of very many the first.

    Args:
        photos_dir: what the images are relative to.
        covers: at least one.

    Returns:
        RGB.

    Raises:
        InputError: A cover is no readable image.
    """
    shown = covers[:NUM_ALBUMS]
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    sheet = Image.new(
        "RGB",
        (
            2 * MARGIN + columns * (CELL_WIDTH + GAP) - GAP,
            2 * MARGIN + rows * (CELL_HEIGHT + LABEL_HEIGHT + GAP) - GAP,
        ),
        PAPER,
    )
    pen = ImageDraw.Draw(sheet)
    for i, cover in enumerate(shown):
        row, column = divmod(i, columns)
        left = MARGIN + column * (CELL_WIDTH + GAP)
        top = MARGIN + row * (CELL_HEIGHT + LABEL_HEIGHT + GAP)
        cell = (left, top, left + CELL_WIDTH, top + CELL_HEIGHT)
        pen.rounded_rectangle(cell, radius=8, fill=MAT)
        small = thumbnail(
            Path(photos_dir) / cover.image,
            CELL_WIDTH - 2 * MAT_WIDTH,
            CELL_HEIGHT - 2 * MAT_WIDTH,
        )
        across, down = CELL_WIDTH - small.width, CELL_HEIGHT - small.height
        sheet.paste(small, (left + across // 2, top + down // 2))
        _draw_label(pen, left, top + CELL_HEIGHT + 8, cover)
    return sheet


def _draw_label(pen: ImageDraw.ImageDraw, left: int, top: int, cover: Cover) -> None:
    """The album's name, below it the cover's score and how many photos there are."""
    name = "(no sub-folder)" if cover.album == TOP else cover.album
    large, small = font(24, bold=True), font(18)
    while len(name) > 1 and pen.textlength(name, large) > CELL_WIDTH:
        # The end of a path tells more than its beginning.
        name = f"…{name[2:]}"
    pen.text((left, top), name, INK, large)
    photos = f"{cover.num_photos} photo{'s' * (cover.num_photos > 1)}"
    line = f"best of {photos} · {cover.score:.2f}"
    pen.text((left, top + 32), line, MUTED, small)
