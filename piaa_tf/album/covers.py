"""One cover per album: the photo of each folder that a user likes best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path, PurePosixPath

from PIL import Image

from piaa_tf.album.ranking import RankedPhoto
from piaa_tf.data.csv_table import write_table
from piaa_tf.data.images import read_image
from piaa_tf.files.atomic_files import write_file
from piaa_tf.presentation.colors import MUTED
from piaa_tf.presentation.sheet import Grid, Sheet, to_png

TOP = "."
"""The album of photos that lie in no sub-folder."""

NUM_ALBUMS = 60
COLUMNS = 5


@dataclass(frozen=True)
class Cover:
    """An album and the photo that stands for it.

    Attributes:
        album: POSIX path of the folder, relative to the photo folder; `TOP` for that
            folder itself.
        image: the cover, POSIX path relative to the photo folder.
        score: the user's score of the cover.
        generic_score: the prior's score of the cover.
        num_photos: photos in this folder itself; sub-folders are albums of their own.
    """

    album: str
    image: str
    score: float
    generic_score: float
    num_photos: int


def choose_covers(ranked: Sequence[RankedPhoto]) -> list[Cover]:
    """Chooses the best photo of each folder.

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
        out_dir: the folder to write to; created if necessary.
        photos_dir: folder to which the paths of the photos are relative.
        covers: as `choose_covers` returns them.

    Returns:
        The two paths.

    Raises:
        InputError: A cover is not a readable image.
    """
    sheet = to_png(draw(photos_dir, covers))
    table, image = Path(out_dir) / "covers.csv", Path(out_dir) / "covers.png"
    write_table(table, [field.name for field in fields(Cover)], map(astuple, covers))
    write_file(image, sheet)
    return [table, image]


def draw(photos_dir: Path, covers: Sequence[Cover]) -> Image.Image:
    """Draws the first `NUM_ALBUMS` covers in the albums' order, with their names.

    Args:
        photos_dir: folder to which the paths of the photos are relative.
        covers: at least one.

    Returns:
        The sheet, RGB.

    Raises:
        InputError: A cover is not a readable image.
    """
    shown = covers[:NUM_ALBUMS]
    grid = Grid(min(COLUMNS, len(shown)))
    sheet = Sheet(grid, len(shown))
    for i, cover in enumerate(shown):
        path = Path(photos_dir) / cover.image
        photo = Image.fromarray(read_image(path, min_side=2 * min(grid.photo_size)))
        caption = sheet.place(i, photo)
        name = "(no sub-folder)" if cover.album == TOP else cover.album
        caption.write_name(name, 24, bold=True)
        photos = f"{cover.num_photos} photo{'s' * (cover.num_photos > 1)}"
        words = f"best of {photos} · {cover.score:.2f}"
        caption.write(words, 18, y=32, color=MUTED)
    return sheet.image
