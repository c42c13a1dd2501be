"""How people answer: ratings 1 to 5, score counts 1 to 10, and likes."""

from __future__ import annotations

import numpy as np

from piaa_tf.data.gallery.config import TasteShares
from piaa_tf.data.gallery.taste import People, PhotoFeatures, personal_scores
from piaa_tf.ratings import RatingRange

RATING_RANGE = RatingRange(1, 5)
"""The range of the users' ratings, FLICKR-AES's."""

BIN_SCORES = np.arange(1, 11)
"""The scores of the crowd, AVA's."""

_VOTES = 200
# AVA's scores have a mean of about 5.5 and single votes deviate by about 1.4 (Murray,
# Marchesotti and Perronnin 2012).
_CROWD_MEAN, _CROWD_SPREAD = 5.5, 1.45
_CHUNK = 1000


def rate(
    scores: np.ndarray,
    mean: float,
    spread: float,
    shares: TasteShares,
    rng: np.random.Generator,
) -> np.ndarray:
    """Turns one person's noiseless scores into ratings.

    Args:
        scores: [N] as `personal_scores` gives them.
        mean: the person's mean rating.
        spread: the person's standard deviation.
        shares: gives the variance of the noise.
        rng: the noise.

    Returns:
        float32 [N], whole numbers 1 to 5.
    """
    noise = np.sqrt(shares.noise) * rng.standard_normal(len(scores))
    ratings = np.round(mean + spread * (scores + noise))
    return np.clip(ratings, RATING_RANGE.minimum, RATING_RANGE.maximum).astype(
        np.float32
    )


def score_counts(
    photos: PhotoFeatures,
    crowd: People,
    shares: TasteShares,
    rng: np.random.Generator,
) -> np.ndarray:
    """Lets 200 of the crowd score each photo.

    Args:
        photos: N photos.
        crowd: at least 200 people.
        shares: where the variance of ratings comes from.
        rng: who votes, and the noise.

    Returns:
        int64 [N, 10], votes for each of `BIN_SCORES`; each row sums to 200.
    """
    return np.concatenate(
        [
            _count_votes(photos[start : start + _CHUNK], crowd, shares, rng)
            for start in range(0, len(photos.features), _CHUNK)
        ]
    )


def _count_votes(
    photos: PhotoFeatures,
    crowd: People,
    shares: TasteShares,
    rng: np.random.Generator,
) -> np.ndarray:
    scores = personal_scores(photos, crowd, shares)
    rows = np.arange(len(scores))[:, None]
    voters = rng.random(scores.shape).argpartition(_VOTES - 1, axis=1)[:, :_VOTES]
    noise = np.sqrt(shares.noise) * rng.standard_normal(voters.shape)
    votes = np.round(_CROWD_MEAN + _CROWD_SPREAD * (scores[rows, voters] + noise))
    bins = np.clip(votes, BIN_SCORES[0], BIN_SCORES[-1]).astype(int) - BIN_SCORES[0]
    flat = np.bincount(
        (rows * len(BIN_SCORES) + bins).ravel(), minlength=len(scores) * len(BIN_SCORES)
    )
    return flat.reshape(-1, len(BIN_SCORES))


def choose_likes(
    photos: PhotoFeatures,
    people: People,
    likes: int,
    shares: TasteShares,
    rng: np.random.Generator,
) -> np.ndarray:
    """Lets each person like the best of several photos, several times.

    Args:
        photos: P * likes * C candidates; each is seen by one person once.
        people: P people.
        likes: photos each of them likes.
        shares: where the variance of ratings comes from.
        rng: the noise of the choice.

    Returns:
        int64 [P, likes], positions of the liked photos among the candidates.
    """
    count = len(photos.features)
    seen = np.arange(count).reshape(len(people), likes, -1)
    liked = np.empty((len(people), likes), np.int64)
    for i, candidates in enumerate(seen):
        own = one_person(people, i)
        scores = personal_scores(photos[candidates.ravel()], own, shares)[:, 0]
        scores = scores + np.sqrt(shares.noise) * rng.standard_normal(len(scores))
        best = scores.reshape(candidates.shape).argmax(axis=1)
        liked[i] = candidates[np.arange(likes), best]
    return liked


def one_person(people: People, index: int) -> People:
    """Returns a population of one."""
    pick = slice(index, index + 1)
    return People(
        people.traits[pick],
        people.own_weights[pick],
        people.product_weights[pick],
        people.means[pick],
        people.spreads[pick],
    )
