"""Ratings as people write them: from a spreadsheet, an export, or by hand.

    user_id,image,rating       the plain form
    File;Stars                 what `loose_table` and `photo_names` make of others

What can be understood is read; everything else is reported at once, line by line, so
that a table can be corrected in one go. Nothing here loads TensorFlow.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from piaa_tf.data.folder import DEFAULT_RANGE, list_photos
from piaa_tf.data.loose_table import LooseTable, number, read_loose_table
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.photos.photo_names import PhotoNames
from piaa_tf.ratings import RatingRange

ME = "me"
"""The user where a table names nobody."""

FEW = 5
"""With fewer ratings a taste is mostly the prior's."""

COLUMNS = {
    "user_id": ("userid", "user", "rater", "person", "who"),
    "image": ("image", "file", "filename", "photo", "path", "picture", "name"),
    "rating": ("rating", "ratings", "stars", "star", "score", "value", "grade"),
}
"""Our column -> what tables call it, in lower case, without blanks and signs."""

_MOST_FAULTS = 20


@dataclass(frozen=True)
class OwnRatings:
    """What a table says.

    Attributes:
        samples: the ratings, each photo once for each user.
        notes: sentences on what was passed over, and on what few ratings mean.
    """

    samples: PersonalRatings
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Row:
    line: int
    user: str
    image: str
    rating: float


def read_own_ratings(
    csv_path: str | os.PathLike[str],
    photos: str | os.PathLike[str],
    rating_range: RatingRange = DEFAULT_RANGE,
    *,
    user_id: str = ME,
) -> OwnRatings:
    """Reads a person's, or several people's, ratings of photos in a folder.

    Args:
        csv_path: the table: columns for the image and the rating under any of their
            usual names, for the user where there are several; others do not matter.
            Images are relative to the folder, or absolute and below it.
        photos: the folder.
        rating_range: in which the people rate.
        user_id: who rates where the table does not say.

    Returns:
        The ratings. Rows without a rating are passed over and counted, and so are
        repetitions of a row.

    Raises:
        InputError: The file is not such a table, or rows of it cannot be used: photos
            that are not there, ratings that are not numbers or out of range, one photo
            rated twice differently. All are listed with their lines.
    """
    csv_path, photos = Path(csv_path), Path(photos)
    table = read_loose_table(csv_path, COLUMNS, required=("image", "rating"))
    names = PhotoNames(photos, list_photos(photos))
    rows, faults, blank = _read_rows(table, names, rating_range, user_id)
    rows, repeated = _each_once(rows, faults)
    if faults:
        raise InputError(_sentence(csv_path, faults))
    if not rows:
        raise InputError(
            f"{csv_path} must hold at least one rating. Got {blank} rows, all without "
            "one. Fill some in."
        )
    samples = PersonalRatings(
        photos=photos,
        images=[row.image for row in rows],
        users=[row.user for row in rows],
        ratings=np.array([row.rating for row in rows]),
        rating_range=rating_range,
    )
    return OwnRatings(samples, _notes(csv_path, rows, blank, repeated))


def _read_rows(
    table: LooseTable, names: PhotoNames, rating_range: RatingRange, user_id: str
) -> tuple[list[_Row], list[tuple[int, str]], int]:
    """Reads what can be used, and says what cannot: rows, faults, rows left blank."""
    rows, faults, blank = [], [], 0
    for line, cells in table.rows:
        text = cells["rating"]
        if not text:
            blank += 1
            continue
        image, problem = names.find(cells["image"])
        rating = number(text)
        if rating is None:
            problem = f"a rating must be a number. Got {text!r}"
        elif not rating_range.contains(rating):
            problem = (
                f"a rating must be {rating_range.minimum:g} to "
                f"{rating_range.maximum:g}. Got {text}. Set --rating_min and "
                "--rating_max if your range is another"
            )
        if problem:
            faults.append((line, problem))
        elif rating is not None:
            rows.append(_Row(line, cells["user_id"] or user_id, image, rating))
    return rows, faults, blank


def _each_once(
    rows: list[_Row], faults: list[tuple[int, str]]
) -> tuple[list[_Row], int]:
    """Drops rows that say the same again; what contradicts them is a fault."""
    first: dict[tuple[str, str], _Row] = {}
    repeated = 0
    for row in rows:
        earlier = first.setdefault((row.user, row.image), row)
        if earlier is row:
            continue
        if earlier.rating == row.rating:
            repeated += 1
        else:
            problem = (
                f"{row.image} is rated {row.rating:g}, and {earlier.rating:g} in line "
                f"{earlier.line}. Keep one"
            )
            faults.append((row.line, problem))
    return list(first.values()), repeated


def _sentence(csv_path: Path, faults: Iterable[tuple[int, str]]) -> str:
    faults = sorted(faults)
    told = [f"  line {line}: {problem}." for line, problem in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        told.append(f"  and {len(faults) - _MOST_FAULTS} more.")
    rows = "row" if len(faults) == 1 else "rows"
    head = (
        f"{csv_path} must rate photos that are there. Got {len(faults)} {rows} that "
        "cannot be used; correct or remove them:"
    )
    return "\n".join([head, *told])


def _notes(csv_path: Path, rows: list[_Row], blank: int, repeated: int) -> list[str]:
    notes = []
    if blank:
        notes.append(f"{csv_path.name}: {blank} rows without a rating passed over.")
    if repeated:
        notes.append(f"{csv_path.name}: {repeated} repeated rows passed over.")
    of_user = defaultdict(list)
    for row in rows:
        of_user[row.user].append(row.rating)
    for user, ratings in of_user.items():
        if len(ratings) < FEW:
            notes.append(
                f"{user} has rated {len(ratings)}: too few to learn a taste, so the "
                f"order will be nearly everybody's. Rate {FEW} or more."
            )
        elif len(set(ratings)) == 1:
            notes.append(
                f"{user} has rated all {len(ratings)} alike, which says nothing about "
                "what they prefer. Rate some that they like less, or more."
            )
    return notes
