"""What the loaders of published sets share: missing images, folders, votes by split."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from absl import logging

from piaa_tf.data.csv_table import Table
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.data.shards import is_there
from piaa_tf.data.splits import EVERYTHING
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

AnySamples = TypeVar("AnySamples", LikedImages, PersonalRatings, ScoreDistributions)

OnMissing = Callable[[Path, Sequence[str]], None] | None
"""Is told the photo folder and the images that are left out; None: they are refused."""


def log_missing(photos: Path, images: Sequence[str]) -> None:
    """Lets images be missing, and logs how many are."""
    some = ", ".join(images[:5]) + (", ..." if len(images) > 5 else "")
    logging.warning("%d images are not in %s, left out: %s", len(images), photos, some)


def present(
    table: Table,
    photos: Path,
    on_missing: OnMissing,
    known: Collection[str] = (),
) -> Table:
    """Leaves out the rows whose image is not there, if that is allowed.

    Args:
        table: with a column `image`.
        photos: the folder of the images.
        on_missing: None where missing images are an error.
        known: images that are missing from everybody's copy: always allowed.

    Returns:
        The table of the rows that have an image.

    Raises:
        InputError: An image is missing and must not be, or all are.
    """
    if not photos.is_dir():
        raise InputError(f"The photo folder must exist. Got {photos}.")
    images = table.texts("image")
    distinct, has = dict.fromkeys(images), is_there(photos)
    missing = {image for image in distinct if image and not has(image)}
    if not missing:
        return table
    if len(missing) == len(distinct):
        raise InputError(
            f"{photos} must hold the images of {table.csv_path}. Got none of "
            f"{len(distinct)}, such as {images[0]!r}. Check --data_dir."
        )
    excused, others = missing.intersection(known), missing.difference(known)
    if others and on_missing is None:
        row = next(i for i, image in enumerate(images) if image in others)
        raise InputError(
            f"{table.csv_path}, line {table.lines[row]}: each image must lie in "
            f"{photos}. Got {images[row]!r}, which is not there ({len(others)} of "
            f"{len(distinct)} images are missing). Add the files, or leave them out "
            "with --skip_broken or by piaa-prepare --out."
        )
    if excused:
        logging.info("%d images that everybody misses are left out", len(excused))
    if others and on_missing is not None:
        on_missing(photos, sorted(others))
    return table.select(image not in missing for image in images)


def first_folder(data_dir: Path, names: Sequence[str]) -> Path:
    """Finds the photo folder among the names that copies of a set give it.

    Raises:
        InputError: None of them is there.
    """
    for name in names:
        if (data_dir / name).is_dir():
            return data_dir / name
    raise InputError(
        f"{data_dir} must hold the photographs in one of {', '.join(names)}. "
        "Got none of them. Check --data_dir."
    )


def read_votes(
    table: Table, photos: Path, rating_range: RatingRange
) -> PersonalRatings:
    """Makes ratings of a table with the columns user_id, image and rating."""
    with table.placed_errors():
        return PersonalRatings(
            photos=photos,
            images=table.images(),
            users=table.texts("user_id"),
            ratings=table.numbers(["rating"])[:, 0],
            rating_range=rating_range,
        )


def take_split(samples: AnySamples, of_sample: np.ndarray, split: str) -> AnySamples:
    """Takes the samples of a split, all of them for `EVERYTHING`.

    Args:
        samples: [N].
        of_sample: split of each, [N].
        split: one of `SPLITS`, or `EVERYTHING`.

    Returns:
        Those of the split.

    Raises:
        InputError: There is none.
    """
    if split == EVERYTHING:
        return samples
    chosen = of_sample == split
    if not chosen.any():
        raise InputError(
            f"The split {split} must hold a sample. Got none of the {len(samples)} of "
            f"{samples.photos}: too few to be divided, or the lists of the splits are "
            "those of another set."
        )
    return samples.select(chosen)


def part_of_votes(
    kind: type[AnySamples],
    votes: PersonalRatings,
    split: str,
    *,
    of_user: np.ndarray,
    of_image: np.ndarray,
    is_crossed: bool,
    scores: Sequence[float],
) -> AnySamples:
    """Takes one split of what everybody voted, without leaks.

    Generic training never sees a vote of a validation or test user: distributions for
    training count the votes of training users alone, on training images.

    Args:
        kind: `PersonalRatings` or `ScoreDistributions`.
        votes: of everybody, [N].
        split: one of `SPLITS`, or `EVERYTHING`.
        of_user: split of each vote's user, [N].
        of_image: split of each vote's image, [N].
        is_crossed: whether ratings need both user and image to be of the split, so
            that no image is in two; otherwise the user decides alone.
        scores: the scores that distributions count, rising; each vote counts for the
            nearest.

    Returns:
        Samples of the kind.
    """
    if kind is PersonalRatings:
        is_out = (of_user != of_image) & is_crossed
        return take_split(votes, np.where(is_out, "", of_user), split)
    everybody = np.ones(len(votes), bool)
    counted = {"train": of_user == "train", "validation": of_user != "test"}
    is_out = ~counted.get(split, everybody)
    part = take_split(votes, np.where(is_out, "", of_image), split)
    logging.info(
        "distributions for %s: %d votes counted, %d on such images left out, of users "
        "for validation or test",
        split,
        len(part),
        ((of_image == split) & is_out).sum(),
    )
    return count_votes(part, scores)


def count_votes(votes: PersonalRatings, scores: Sequence[float]) -> ScoreDistributions:
    """Counts how many gave each score to each image."""
    bin_scores = np.array(scores, np.float64)
    images = dict.fromkeys(votes.images)
    row = {image: i for i, image in enumerate(images)}
    counts = np.zeros([len(images), len(bin_scores)])
    middles = (bin_scores[1:] + bin_scores[:-1]) / 2
    bins = np.searchsorted(middles, votes.ratings)
    np.add.at(counts, ([row[image] for image in votes.images], bins), 1)
    return ScoreDistributions(
        photos=votes.photos, images=list(images), counts=counts, bin_scores=bin_scores
    )
