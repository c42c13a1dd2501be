"""What people voted: everybody's votes, and a split of them without leaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import logging

from piaa_tf.data.csv_table import Table
from piaa_tf.data.datasets.published import Request, present
from piaa_tf.data.folder import ratings_of
from piaa_tf.data.samples import AnySamples, PersonalRatings, ScoreDistributions
from piaa_tf.data.splits import EVERYTHING
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange


def read_votes(
    request: Request, table: Table, photos: Path, rating_range: RatingRange
) -> PersonalRatings:
    """Reads everybody's votes; of repeated rows the first counts.

    Args:
        request: says whether images may be missing.
        table: with the columns user_id, image and rating.
        photos: the folder of the images.
        rating_range: in which everybody votes.

    Returns:
        The votes on images that are there.
    """
    table = present(request, table.distinct(["user_id", "image"]), photos)
    return ratings_of(table, photos, rating_range)


def take_split(
    request: Request, samples: AnySamples, of_sample: np.ndarray
) -> AnySamples:
    """Takes the samples of the split that is asked for.

    Args:
        request: says which.
        samples: [N].
        of_sample: split of each, [N].

    Returns:
        Those of the split, all of them for `EVERYTHING`.

    Raises:
        InputError: There is none.
    """
    if request.split == EVERYTHING:
        return samples
    chosen = of_sample == request.split
    if not chosen.any():
        raise InputError(
            f"The split {request.split} must hold a sample. Got none of the "
            f"{len(samples)} of {samples.photos}: too few to be divided, or the lists "
            "of the splits are those of another set."
        )
    return samples.select(chosen)


def part_of_votes(
    request: Request,
    votes: PersonalRatings,
    *,
    of_user: np.ndarray,
    of_image: np.ndarray,
    scores: Sequence[float],
    is_crossed: bool = False,
) -> PersonalRatings | ScoreDistributions:
    """Takes one split of what everybody voted, without leaks.

    Generic training never sees a vote of a validation or test user: distributions for
    training count the votes of training users alone, on training images.

    Args:
        request: for `PersonalRatings` or `ScoreDistributions`.
        votes: of everybody, [N].
        of_user: split of each vote's user, [N].
        of_image: split of each vote's image, [N].
        scores: the scores that distributions count, rising; each vote counts for the
            nearest.
        is_crossed: as in `part_of_ratings`.

    Returns:
        Samples of the kind.
    """
    if request.kind is PersonalRatings:
        return part_of_ratings(
            request, votes, of_user=of_user, of_image=of_image, is_crossed=is_crossed
        )
    everybody = np.ones(len(votes), bool)
    counted = {"train": of_user == "train", "validation": of_user != "test"}
    is_out = ~counted.get(request.split, everybody)
    part = take_split(request, votes, np.where(is_out, "", of_image))
    logging.info(
        "distributions for %s: %d votes counted, %d on such images left out, of users "
        "for validation or test",
        request.split,
        len(part),
        ((of_image == request.split) & is_out).sum(),
    )
    return count_votes(part, scores)


def part_of_ratings(
    request: Request,
    votes: PersonalRatings,
    *,
    of_user: np.ndarray,
    of_image: np.ndarray,
    is_crossed: bool,
) -> PersonalRatings:
    """Takes the votes of one split's users, as their ratings.

    Args:
        request: says which split.
        votes: of everybody, [N].
        of_user: split of each vote's user, [N].
        of_image: split of each vote's image, [N].
        is_crossed: whether the image must be of the split, too, so that no image is
            in two splits; otherwise the user decides alone.

    Returns:
        The ratings of the split.
    """
    is_out = (of_user != of_image) & is_crossed
    return take_split(request, votes, np.where(is_out, "", of_user))


def count_votes(votes: PersonalRatings, scores: Sequence[float]) -> ScoreDistributions:
    """Counts how many gave each score to each image."""
    bin_scores = np.array(scores, np.float64)
    images = dict.fromkeys(votes.images)
    row = {image: i for i, image in enumerate(images)}
    middles = (bin_scores[1:] + bin_scores[:-1]) / 2
    bins = np.searchsorted(middles, votes.ratings)
    rows = np.array([row[image] for image in votes.images])
    counts = np.bincount(
        rows * len(bin_scores) + bins, minlength=len(images) * len(bin_scores)
    ).reshape(len(images), len(bin_scores))
    return ScoreDistributions(
        photos=votes.photos, images=list(images), counts=counts, bin_scores=bin_scores
    )
