"""Ratings in any form that people have them in: a CSV file, rows, columns."""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from piaa_tf.data.csv_table import number_or_none
from piaa_tf.data.own_ratings import ME, read_own_ratings
from piaa_tf.data.samples import PersonalRatings, SampleError
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

Ratings = (
    str
    | os.PathLike[str]
    | PersonalRatings
    | Mapping[str, Sequence[Any]]
    | Iterable[Sequence[Any] | Mapping[str, Any]]
)
"""A CSV file as `data.own_ratings` reads it; rows (image, rating) or (user_id, image,
rating), or dicts of these; or columns of these: a dict, or a data frame."""


def as_ratings(
    ratings: Ratings,
    photos: str | os.PathLike[str],
    *,
    user_id: str | None,
    rating_range: RatingRange,
) -> PersonalRatings:
    """Reads ratings of any form.

    Args:
        ratings: in any form.
        photos: the folder that the images are relative to. Rows and columns may also
            hold absolute paths into it, or paths relative to the working directory.
        user_id: if the ratings name users, whose to take, None for all; if not, whose
            they are, None for `ME`.
        rating_range: the range in which these users rate; samples have their own.

    Returns:
        The ratings.

    Raises:
        InputError: They have another form, or a row is not sound; it is named.
    """
    if isinstance(ratings, PersonalRatings):
        found = ratings
    elif isinstance(ratings, (str, os.PathLike)):
        own = read_own_ratings(ratings, photos, rating_range, user_id=user_id or ME)
        for note in own.notes:
            logging.warning("%s", note)
        found = own.samples
    else:
        rows = list(_rows(ratings))
        names_nobody = all(row.get("user_id") is None for row in rows)
        new_user = user_id if user_id and names_nobody else ME
        found = _samples(rows, Path(photos), new_user, rating_range)
    return found if user_id is None else found.of_user(user_id)


def _rows(ratings: Any) -> Iterable[Mapping[str, Any]]:
    """Turns rows and columns into dicts."""
    columns = getattr(
        ratings, "columns", ratings if isinstance(ratings, Mapping) else ()
    )
    if len(columns):
        return _rows_of_columns({str(name): ratings[name] for name in columns})
    if isinstance(ratings, bytes) or not isinstance(ratings, Iterable):
        raise InputError(
            f"ratings must be a CSV file, rows, or columns. Got {ratings!r:.80}."
        )
    return (_row(row, i) for i, row in enumerate(ratings))


def _rows_of_columns(columns: dict[str, Sequence[Any]]) -> list[dict[str, Any]]:
    named = [name for name in ("user_id", "image", "rating") if name in columns]
    if not {"image", "rating"} <= set(named):
        raise InputError(
            "ratings must have the columns image and rating, and user_id where several "
            f"people rated. Got {', '.join(columns)}. Name them so."
        )
    lengths = {name: len(columns[name]) for name in named}
    if len(set(lengths.values())) > 1:
        raise InputError(f"Columns of ratings must be of one length. Got {lengths}.")
    return [dict(zip(named, row)) for row in zip(*(columns[name] for name in named))]


def _row(row: Any, i: int) -> Mapping[str, Any]:
    if isinstance(row, Mapping) and {"image", "rating"} <= set(row):
        return row
    if isinstance(row, Sequence) and not isinstance(row, str) and len(row) in (2, 3):
        return dict(zip(("rating", "image", "user_id"), reversed(row)))
    raise InputError(
        f"ratings[{i}] must be (image, rating) or (user_id, image, rating), or a dict "
        f"of these. Got {row!r:.80}."
    )


def _samples(
    rows: Sequence[Mapping[str, Any]],
    photos: Path,
    new_user: str,
    rating_range: RatingRange,
) -> PersonalRatings:
    """Builds samples; an error names the row that is wrong."""
    try:
        return PersonalRatings(
            photos=photos,
            images=[_image(row["image"], photos, i) for i, row in enumerate(rows)],
            users=[
                new_user if user is None else _user(user, i)
                for i, user in enumerate(row.get("user_id") for row in rows)
            ],
            ratings=np.array([_number(row["rating"], i) for i, row in enumerate(rows)]),
            rating_range=rating_range,
        )
    except SampleError as error:
        if error.row is None:
            raise
        place = f"ratings[{error.row}]" + (f", {error.column}" if error.column else "")
        raise SampleError(
            f"{place}: {error}", row=error.row, column=error.column
        ) from error


def _image(image: Any, photos: Path, i: int) -> str:
    """Names a photo as a CSV file would, relative to the folder."""
    if not isinstance(image, (str, os.PathLike)):
        raise SampleError(
            f"A photo is named by its path. Got {image!r:.80}.",
            row=i,
            column="image",
        )
    path = Path(image)
    if not path.is_absolute() and ((photos / path).exists() or not path.exists()):
        return path.as_posix()
    try:
        return path.resolve().relative_to(photos.resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def _user(user: Any, i: int) -> str:
    """Reads a user id; data frames often hold numbers."""
    if isinstance(user, numbers.Integral) and not isinstance(user, bool):
        return str(int(user))
    if not isinstance(user, str):
        raise SampleError(
            f"A user id is a text. Got {user!r}.", row=i, column="user_id"
        )
    return user


def _number(rating: Any, i: int) -> float:
    number = None
    if isinstance(rating, str):
        number = number_or_none(rating)
    elif isinstance(rating, numbers.Real) and not isinstance(rating, bool):
        number = float(rating)
    if number is None:
        raise SampleError(
            f"A rating must be a number such as 4 or 3.5. Got {rating!r}. Correct it.",
            row=i,
            column="rating",
        )
    return number
