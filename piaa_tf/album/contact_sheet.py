"""The best photos of a ranking, drawn on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from piaa_tf.album.ranking import RankedPhoto, heading, places_gained
from piaa_tf.data.images import read_image
from piaa_tf.presentation.colors import BLUE, DARK_VERMILION
from piaa_tf.presentation.sheet import Caption, Grid, Sheet

GRID = Grid(columns=5, heading_height=108)
NUM_PHOTOS = 20
# Letters that fit beside the count of photos, even if all are wide.
LONGEST_USER_ID = 30


def draw(
    photos_dir: Path, ranked: Sequence[RankedPhoto], *, user_id: str
) -> Image.Image:
    """Draws the first twenty photos in rank order, with their scores.

    Args:
        photos_dir: folder to which the paths of the photos are relative.
        ranked: as `ranking.rank_photos` returns them.
        user_id: the user whose ranking it is.

    Returns:
        The sheet, RGB.

    Raises:
        InputError: A photo is not a readable image.
    """
    shown = ranked[:NUM_PHOTOS]
    sheet = Sheet(GRID, len(shown))
    if len(user_id) > LONGEST_USER_ID:
        user_id = f"{user_id[:LONGEST_USER_ID]}…"
    note = f"{len(shown)} of {len(ranked)} photos"
    sheet.write_heading(*heading(ranked, user_id), note)
    for i, (photo, gained) in enumerate(zip(shown, places_gained(ranked))):
        path = Path(photos_dir) / photo.image
        pixels = read_image(path, min_side=2 * min(GRID.photo_size))
        _write(sheet.place(i, Image.fromarray(pixels)), photo, gained)
    return sheet.image


def _write(caption: Caption, photo: RankedPhoto, gained: int) -> None:
    """Writes rank and score large, with change of place and generic score beside."""
    after_rank = caption.write(f"{photo.rank}", 30, bold=True) + 12
    if gained:
        way, color = ("▲", BLUE) if gained > 0 else ("▼", DARK_VERMILION)
        caption.write(f"{way}{abs(gained)}", 20, x=after_rank, y=9, color=color)
    generic = f"generic {photo.generic_score:.2f}" if photo.known_user else "generic"
    caption.write_score(photo.score, generic)
