"""A data set as plain files: a folder of photos and a CSV file per kind and split.

    DIR/photos/...             images, at any depth, or packed into shards
    DIR/<split>/ratings.csv    user_id,image,rating
    DIR/<split>/scores.csv     image,1,2,...,10     how many gave each score
    DIR/<split>/likes.csv      user_id,image and the five traits

    DIR/set.json               {"rating_range": [0, 10]}, where it is not 1 to 5

A split is train, validation or test; a set needs only the files that are asked for.
Columns may stand in any order; the files are UTF-8, with or without a byte order mark.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from piaa_tf.data.csv_table import (
    Table,
    number_or_none,
    read_table,
    shortest_text,
    write_table,
)
from piaa_tf.data.samples import (
    AnySamples,
    LikedImages,
    PersonalRatings,
    Samples,
    ScoreDistributions,
)
from piaa_tf.data.shards import shards_of
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import write_file
from piaa_tf.photos.opening import SUFFIXES
from piaa_tf.photos.photo_files import find_photos
from piaa_tf.ratings import TRAITS, RatingRange

DEFAULT_RANGE = RatingRange(1, 5)
FILES = {
    ScoreDistributions: "scores.csv",
    LikedImages: "likes.csv",
    PersonalRatings: "ratings.csv",
}


def read_ratings(
    csv_path: str | os.PathLike[str],
    photos: str | os.PathLike[str],
    rating_range: RatingRange = DEFAULT_RANGE,
) -> PersonalRatings:
    """Reads user_id,image,rating.

    Args:
        csv_path: the file; its images are relative to `photos`.
        photos: the folder of the images.
        rating_range: the range in which these users rate.

    Returns:
        One sample per row.

    Raises:
        InputError: The file is missing, is not such a table, or names what is not
            there; says which line and column.
    """
    table = read_table(csv_path)
    table.check_columns(["user_id", "image", "rating"])
    return ratings_of(table, Path(photos), rating_range)


def ratings_of(
    table: Table, photos: Path, rating_range: RatingRange
) -> PersonalRatings:
    """Makes ratings from a table with the columns user_id, image and rating.

    Args:
        table: may have other columns, too.
        photos: the folder of the images.
        rating_range: the range in which these users rate.

    Returns:
        One sample per row.

    Raises:
        SampleError: A row is not sound; says which line and column.
    """
    with table.placed_errors():
        return PersonalRatings(
            photos=photos,
            images=table.images(),
            users=table.texts("user_id"),
            ratings=table.numbers(["rating"])[:, 0],
            rating_range=rating_range,
        )


def read_scores(
    csv_path: str | os.PathLike[str], photos: str | os.PathLike[str]
) -> ScoreDistributions:
    """Reads image,1,2,...: per image, how many gave the score in the column's name.

    Args:
        csv_path: the file; its images are relative to `photos`.
        photos: the folder of the images.

    Returns:
        One sample per row, one bin per numbered column.

    Raises:
        InputError: As in `read_ratings`.
    """
    table = read_table(csv_path)
    bins = [column for column in table.columns if number_or_none(column) is not None]
    table.check_columns(["image", *bins], "image and one number per score, 1,2,...")
    with table.placed_errors():
        return ScoreDistributions(
            photos=Path(photos),
            images=table.images(),
            counts=table.numbers(bins),
            bin_scores=np.array([float(column) for column in bins]),
        )


def read_likes(
    csv_path: str | os.PathLike[str], photos: str | os.PathLike[str]
) -> LikedImages:
    """Reads user_id,image and the five traits, each in [-1, 1].

    Args:
        csv_path: the file; its images are relative to `photos`.
        photos: the folder of the images.

    Returns:
        One sample per row.

    Raises:
        InputError: As in `read_ratings`.
    """
    table = read_table(csv_path)
    table.check_columns(["user_id", "image", *TRAITS])
    with table.placed_errors():
        return LikedImages(
            photos=Path(photos),
            images=table.images(),
            users=table.texts("user_id"),
            traits=table.numbers(TRAITS),
        )


def write_ratings(csv_path: str | os.PathLike[str], samples: PersonalRatings) -> None:
    """Writes what `read_ratings` reads."""
    ratings = map(shortest_text, samples.ratings)
    rows = zip(samples.users, samples.images, ratings)
    write_table(csv_path, ["user_id", "image", "rating"], rows)


def write_scores(csv_path: str | os.PathLike[str], samples: ScoreDistributions) -> None:
    """Writes what `read_scores` reads."""
    bins = map(shortest_text, samples.bin_scores)
    rows = zip(samples.images, samples.counts)
    write_table(
        csv_path,
        ["image", *bins],
        ([image, *map(shortest_text, counts)] for image, counts in rows),
    )


def write_likes(csv_path: str | os.PathLike[str], samples: LikedImages) -> None:
    """Writes what `read_likes` reads."""
    rows = zip(samples.users, samples.images, samples.traits)
    write_table(
        csv_path,
        ["user_id", "image", *TRAITS],
        ([user, image, *map(shortest_text, traits)] for user, image, traits in rows),
    )


_READERS: dict[type[Samples], Callable[..., Any]] = {
    ScoreDistributions: read_scores,
    LikedImages: read_likes,
    PersonalRatings: read_ratings,
}
_WRITERS: dict[type[Samples], Callable[..., None]] = {
    ScoreDistributions: write_scores,
    LikedImages: write_likes,
    PersonalRatings: write_ratings,
}


def list_photos(folder: str | os.PathLike[str]) -> list[str]:
    """Lists the photos of a folder, at any depth, or of the shards in it.

    Args:
        folder: where to look, as `photos.photo_files.find_photos` does.

    Returns:
        Sorted paths relative to the folder, with forward slashes.

    Raises:
        InputError: There is no such folder or no photo in it.
    """
    folder = Path(folder)
    shards = shards_of(folder) if folder.is_dir() else None
    if shards is not None:
        return shards.images
    found = find_photos(folder)
    if not found.photos:
        raise InputError(
            f"{folder} must hold photos ({', '.join(SUFFIXES)}, raw files). Got none. "
            "Give the folder in which the photos are."
        )
    return found.photos


def load(
    kind: type[AnySamples], data_dir: str | os.PathLike[str], split: str
) -> AnySamples:
    """Loads one kind of samples of one split.

    Args:
        kind: `PersonalRatings`, `ScoreDistributions` or `LikedImages`.
        data_dir: DIR of the module's docstring.
        split: one of `SPLITS`.

    Returns:
        The samples.

    Raises:
        InputError: The split is unknown, its file is not there or not sound.
    """
    if split not in SPLITS:
        raise InputError(f"split must be one of {', '.join(SPLITS)}. Got {split!r}.")
    data_dir = Path(data_dir)
    path, photos = data_dir / split / FILES[kind], data_dir / "photos"
    ranges = [read_range(data_dir)] if kind is PersonalRatings else []
    return _READERS[kind](path, photos, *ranges)


def write(data_dir: str | os.PathLike[str], split: str, samples: Samples) -> None:
    """Writes the table that `load` reads, without photos and set.json."""
    path = Path(data_dir) / split / FILES[type(samples)]
    _WRITERS[type(samples)](path, samples)


def contents(data_dir: str | os.PathLike[str]) -> list[tuple[str, type]]:
    """Lists the splits and kinds of which there is a table."""
    return [
        (split, kind)
        for split in SPLITS
        for kind, name in FILES.items()
        if (Path(data_dir) / split / name).exists()
    ]


def read_range(data_dir: str | os.PathLike[str]) -> RatingRange:
    """Reads the range of all ratings from set.json; 1 to 5 where there is none.

    Raises:
        InputError: set.json holds no range.
    """
    path = Path(data_dir) / "set.json"
    if not path.exists():
        return DEFAULT_RANGE
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        minimum, maximum = described.get("rating_range", (1, 5))
        return RatingRange(float(minimum), float(maximum))
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f'{path} must be like {{"rating_range": [1, 5]}}. Got: {error}.'
        ) from error


def write_range(data_dir: str | os.PathLike[str], rating_range: RatingRange) -> None:
    """Writes the set.json that `read_range` reads."""
    described = {"rating_range": [rating_range.minimum, rating_range.maximum]}
    write_file(Path(data_dir) / "set.json", json.dumps(described) + "\n")
