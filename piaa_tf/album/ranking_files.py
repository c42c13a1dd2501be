"""A ranked folder of photos, written for people to look at.

A table, a page that stands alone, and a contact sheet of the best.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from piaa_tf.album import contact_sheet, page
from piaa_tf.album.ranking import RankedPhoto, rank_photos
from piaa_tf.data.csv_table import write_table
from piaa_tf.files.atomic_files import write_file
from piaa_tf.presentation.sheet import to_png
from piaa_tf.ratings import RatingRange

__all__ = [
    "RankedPhoto",
    "page_content",
    "rank_photos",
    "write_ranking",
    "write_ranks",
]


def write_ranking(
    out_dir: Path,
    photos_dir: Path,
    ranked: Sequence[RankedPhoto],
    *,
    user_id: str,
    rating_range: RatingRange,
) -> list[Path]:
    """Writes `ranking.csv`, `ranking.html` and `contact_sheet.png`.

    Everything is made before the first file is written, and each file is written whole:
    if a photo cannot be read, an earlier ranking stays as it was.

    Args:
        out_dir: the folder to write to; created if necessary.
        photos_dir: folder to which the paths of the photos are relative.
        ranked: as `rank_photos` returns them.
        user_id: the user whose ranking it is.
        rating_range: the range that the score bars span; scores beyond it give full or
            empty bars.

    Returns:
        The three paths, in the order above.

    Raises:
        InputError: A photo is not a readable image.
    """
    ranking_page = page_content(
        photos_dir, ranked, user_id=user_id, rating_range=rating_range
    )
    sheet = to_png(contact_sheet.draw(photos_dir, ranked, user_id=user_id))
    out_dir = Path(out_dir)
    write_ranks(out_dir / "ranking.csv", ranked)
    contents = {
        "ranking.html": ranking_page,
        "contact_sheet.png": sheet,
    }
    for name, content in contents.items():
        write_file(out_dir / name, content)
    return [out_dir / name for name in ("ranking.csv", *contents)]


def page_content(
    photos_dir: Path,
    ranked: Sequence[RankedPhoto],
    *,
    user_id: str,
    rating_range: RatingRange,
) -> bytes:
    """Renders `ranking.html`; arguments are those of `page.render`."""
    ranking_page = page.render(
        photos_dir, ranked, user_id=user_id, rating_range=rating_range
    )
    return ranking_page.encode("utf-8", "replace")


def write_ranks(path: str | os.PathLike[str], ranked: Sequence[RankedPhoto]) -> None:
    """Writes the table alone: image,rank,score,generic_score,known_user."""
    columns = [field.name for field in fields(RankedPhoto)]
    write_table(path, columns, map(astuple, ranked))
