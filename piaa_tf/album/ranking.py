"""A user's order of photos, and how far each place is from the generic order's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from piaa_tf.errors import InputError


@dataclass(frozen=True)
class RankedPhoto:
    """One photo of a ranking.

    Attributes:
        image: POSIX path relative to the photo folder.
        rank: place in the ranking; 1 is the best.
        score: the user's score, in the user's rating range; where the user is
            unknown, the generic score.
        generic_score: the prior's score, for people in general, in the same range.
        known_user: whether `score` comes from the user's own weights.
    """

    image: str
    rank: int
    score: float
    generic_score: float
    known_user: bool


def rank_photos(
    images: Sequence[str],
    scores: Sequence[float],
    generic_scores: Sequence[float],
    known_user: bool,
) -> list[RankedPhoto]:
    """Orders photos by score, the best first; equal scores by name.

    >>> [p.image for p in rank_photos(["a", "b", "c"], [2, 3, 2], [1, 1, 1], True)]
    ['b', 'a', 'c']

    Args:
        images: [N] paths, each once.
        scores: [N] the user's scores.
        generic_scores: [N] the prior's scores, in the user's rating range.
        known_user: whether the scores come from the user's own weights.

    Returns:
        [N] photos with the ranks 1..N.

    Raises:
        InputError: There are no photos, the lengths differ, a photo is given twice, or
            a score is not finite.
    """
    if not len(images):
        raise InputError("A ranking needs at least one photo. Got none.")
    if not len(images) == len(scores) == len(generic_scores):
        raise InputError(
            "Every photo needs one score and one generic score. Got "
            f"{len(images)} photos, {len(scores)} scores, "
            f"{len(generic_scores)} generic scores."
        )
    if len(set(images)) < len(images):
        twice = next(image for i, image in enumerate(images) if image in images[:i])
        raise InputError(f"Every photo is ranked once. Got {twice!r} twice.")
    for image, *pair in zip(images, scores, generic_scores):
        if not all(map(math.isfinite, pair)):
            raise InputError(
                f"Scores must be finite to be ranked. Got {pair[0]} and generic "
                f"{pair[1]} for {image!r}. Remove the photo, or check the weights."
            )
    order = sorted(range(len(images)), key=lambda i: (-scores[i], images[i]))
    return [
        RankedPhoto(
            images[i], rank, float(scores[i]), float(generic_scores[i]), known_user
        )
        for rank, i in enumerate(order, start=1)
    ]


def places_gained(ranked: Sequence[RankedPhoto]) -> list[int]:
    """Returns how many places each photo is above its place in the generic ranking.

    >>> places_gained(rank_photos(["a", "b", "c"], [3, 2, 1], [1, 2, 3], True))
    [2, 0, -2]
    """
    everyones = sorted(ranked, key=lambda photo: (-photo.generic_score, photo.image))
    place = {photo.image: i for i, photo in enumerate(everyones, start=1)}
    return [place[photo.image] - photo.rank for photo in ranked]


def heading(ranked: Sequence[RankedPhoto], user_id: str) -> tuple[str, str]:
    """Returns the title of a ranking and the sentence that says whose it is."""
    if ranked[0].known_user:
        title = f"The album of {user_id}"
        sentence = (
            "Ranked by what this user's ratings taught, beside the generic score."
        )
    else:
        title = "The prior's ranking"
        why = (
            f"nothing is known about the taste of user {user_id}"
            if user_id
            else "no user is given"
        )
        sentence = (
            f"This is the prior's ranking: {why}, so every photo has its generic score."
        )
    return title, sentence
