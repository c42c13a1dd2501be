"""A data set as plain files: a folder of photographs and a CSV file per kind and split.

    DIR/photos/...             images, at any depth
    DIR/<split>/ratings.csv    user_id,image,rating
    DIR/<split>/scores.csv     image,1,2,...,10     how many gave each score
    DIR/<split>/likes.csv      user_id,image and the five traits

A split is train, validation or test; a set needs only the files that are asked of it.
Columns may stand in any order; the files are UTF-8, with or without a byte order mark.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeVar

import numpy as np

from piaa_tf.contract import TRAITS, InputError, RatingRange
from piaa_tf.data.csv_table import (
    number_or_none,
    read_table,
    shortest_text,
    write_table,
)
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions

AnySamples = TypeVar("AnySamples", LikedImages, PersonalRatings, ScoreDistributions)

SPLITS = ("train", "validation", "test")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
DEFAULT_RANGE = RatingRange(1, 5)


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
    with table.placed_errors():
        return PersonalRatings(
            photos=Path(photos),
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
        InputError: As of `read_ratings`.
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
        InputError: As of `read_ratings`.
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


def list_photos(folder: str | os.PathLike[str]) -> list[str]:
    """Finds the images of a folder, at any depth.

    Args:
        folder: where to look. Hidden files and folders are left out, and links to
            folders are not followed.

    Returns:
        Sorted paths relative to the folder, with forward slashes; JPEG, PNG and WebP
        by the end of the name, in any case.

    Raises:
        InputError: There is no such folder or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"A folder of photographs must exist. Got {folder}.")
    found = []
    for directory, subfolders, names in os.walk(folder):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found += [
            Path(directory, name).relative_to(folder).as_posix()
            for name in names
            if name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith(".")
        ]
    # os.walk hands on bytes that are no UTF-8 as lone surrogates, which neither CSV
    # files nor pages can hold.
    unwritable = [name for name in found if re.search("[\ud800-\udfff]", name)]
    if unwritable:
        raise InputError(
            f"Names of images in {folder} must be UTF-8. Got {unwritable[0]!a}. "
            "Rename the file or its folder."
        )
    if not found:
        raise InputError(
            f"{folder} must hold images ({', '.join(IMAGE_SUFFIXES)}). Got none. "
            "Give the folder in which the photographs are."
        )
    return sorted(found)


def load(
    kind: type[AnySamples], data_dir: str | os.PathLike[str], split: str
) -> AnySamples:
    """Loads one kind of samples of one split.

    Args:
        kind: `PersonalRatings`, `ScoreDistributions` or `LikedImages`.
        data_dir: DIR of the module's docstring; ratings are in 1..5.
        split: one of `SPLITS`.

    Returns:
        The samples.

    Raises:
        InputError: The split is unknown, its file is not there or not sound.
    """
    if split not in SPLITS:
        raise InputError(f"split must be one of {', '.join(SPLITS)}. Got {split!r}.")
    name, read = {
        PersonalRatings: ("ratings.csv", read_ratings),
        ScoreDistributions: ("scores.csv", read_scores),
        LikedImages: ("likes.csv", read_likes),
    }[kind]
    data_dir = Path(data_dir)
    return read(data_dir / split / name, data_dir / "photos")
