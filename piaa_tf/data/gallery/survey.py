"""Who saw what and what they said: a gallery's answers, before any rendering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from piaa_tf.data.gallery.config import GalleryConfig
from piaa_tf.data.gallery.raters import (
    choose_likes,
    one_person,
    rate,
    score_counts,
)
from piaa_tf.data.gallery.scene import draw_scene
from piaa_tf.data.gallery.taste import (
    People,
    PhotoFeatures,
    draw_people,
    personal_scores,
    photo_features,
    shared_scores,
)
from piaa_tf.data.splits import SPLITS

_CROWD = 1000
# Scene numbers end below this, so no scene shares its random numbers with people.
_PEOPLE_KEY = 1_000_003


@dataclass(frozen=True)
class SplitAnswers:
    """What the people of one split said; photos are given by their scene numbers.

    Attributes:
        scored: [N] photos that the crowd scored.
        counts: [N, 10] votes per score.
        likers: P people.
        liked: [P, likes] photos they like.
        users: U people.
        rated: [U, n] photos they rated.
        ratings: [U, n] float32, 1 to 5.
        scores: [U, n] what they would say without noise, in units of a rating's
            standard deviation.
        shared: [U, n] the part of it that all people share.
    """

    scored: np.ndarray
    counts: np.ndarray
    likers: People
    liked: np.ndarray
    users: People
    rated: np.ndarray
    ratings: np.ndarray
    scores: np.ndarray
    shared: np.ndarray

    def photos(self) -> np.ndarray:
        """Returns the distinct photos of the split, ascending."""
        parts = [self.scored, self.liked.ravel(), self.rated.ravel()]
        return np.unique(np.concatenate(parts))


def take_survey(config: GalleryConfig) -> dict[str, SplitAnswers]:
    """Asks all people of a gallery.

    Args:
        config: sizes, seed and shares of taste.

    Returns:
        The answers of "train", "validation" and "test".
    """
    crowd = draw_people(_CROWD, _people_rng(config, 0, 0))
    return {split: _ask(config, split, crowd) for split in SPLITS}


def _ask(config: GalleryConfig, split: str, crowd: People) -> SplitAnswers:
    sizes, number = config.sizes(split), 1 + SPLITS.index(split)
    blocks = config.blocks()
    scored = blocks[split, "scored"]
    counts = score_counts(
        _features(config, scored), crowd, config.shares, _people_rng(config, number, 1)
    )
    likers = draw_people(sizes.likers, _people_rng(config, number, 2))
    candidates = blocks[split, "candidates"]
    liked = candidates.start + choose_likes(
        _features(config, candidates),
        likers,
        sizes.likes_per_liker,
        config.shares,
        _people_rng(config, number, 3),
    )
    users = draw_people(sizes.users, _people_rng(config, number, 4))
    return SplitAnswers(
        np.asarray(scored),
        counts,
        likers,
        liked,
        users,
        *_ask_users(config, users, split, _people_rng(config, number, 5)),
    )


def _ask_users(
    config: GalleryConfig, users: People, split: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns (rated, ratings, scores, shared) as `SplitAnswers` describes them."""
    block = config.blocks()[split, "rated"]
    features = _features(config, block)
    common = shared_scores(features, config.shares)
    rated, ratings, scores = [], [], []
    for i in range(len(users)):
        pick = rng.permutation(len(block))[: config.sizes(split).ratings_per_user]
        person = one_person(users, i)
        own = personal_scores(features[pick], person, config.shares)[:, 0]
        mean, spread = float(users.means[i]), float(users.spreads[i])
        rated.append(pick)
        scores.append(own)
        ratings.append(rate(own, mean, spread, config.shares, rng))
    seen = np.stack(rated)
    return block.start + seen, np.stack(ratings), np.stack(scores), common[seen]


def _features(config: GalleryConfig, block: range) -> PhotoFeatures:
    return photo_features([draw_scene(config.seed, index) for index in block])


def _people_rng(config: GalleryConfig, split: int, use: int) -> np.random.Generator:
    return np.random.default_rng((config.seed, _PEOPLE_KEY, split, use + 1))
