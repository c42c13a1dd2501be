"""Which photos to ask a user to rate next, before any further rating is known.

- `variance`: those whose ratings would make the user's scores of the whole pool most
  certain. As in ridge (`ridge.py`), the scores are taken as linear in the user's
  weights, with the derivatives J. If the weights vary around the prior's with the
  variance that ridge's penalty stands for, ratings have noise of variance 1 and the
  offset is unknown, then the covariance of the scores after any ratings has a closed
  form in which the ratings themselves do not occur. The design is Bayesian and
  A-optimal for the scores, chosen greedily (Chaloner and Verdinelli 1995, Statistical
  Science 10(3)).
- `k_centre`: those that leave no photo far from all rated ones in the embedding,
  farthest first (Gonzalez 1985; core-sets, Sener and Savarese 2018, arXiv:1708.00489).
- `random`: what the others are measured against.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from piaa_tf.adaptation.jacobian import score_jacobian
from piaa_tf.adaptation.ridge import STRENGTH, penalty
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.errors import InputError

METHODS = ("variance", "k_centre", "random")

MAX_POOL = 2000
"""Photos to choose from; the time and memory of `variance` grow with the square."""

_MAX_DERIVATIVES = 2**27  # one gigabyte of J
_OFFSET_VARIANCE = 1e4  # against noise of 1: as good as unknown


def choose_next(
    method: str,
    personal: PersonalScore,
    embedding: np.ndarray,
    *,
    rated: Sequence[int] = (),
    count: int,
    strength: float = STRENGTH,
    seed: int = 0,
) -> list[int]:
    """Chooses photos of a pool for a user to rate.

    Args:
        method: one of `METHODS`.
        personal: the scope's score.
        embedding: of the pool, [N, D].
        rated: rows that the user has rated already; they count as known.
        count: photos to choose, at most those not rated.
        strength: of ridge, for `variance`.
        seed: for `random`.

    Returns:
        `count` rows, the most informative first; a smaller count gives their beginning.

    Raises:
        InputError: The method is unknown, or there are too few photos.
    """
    num_free = len(embedding) - len(set(rated))
    if not 1 <= count <= num_free:
        raise InputError(
            f"The photos to rate next must be 1 to {num_free}, as many as are "
            f"not rated yet. Got {count}. Ask for fewer, or add photos."
        )
    if method == "variance":
        _, jacobian = score_jacobian(personal, embedding)
        return by_variance(jacobian, rated=rated, count=count, strength=strength)
    if method == "k_centre":
        return by_k_centre(embedding, rated=rated, count=count)
    if method == "random":
        free = np.setdiff1d(np.arange(len(embedding)), rated)
        return np.random.default_rng(seed).permutation(free)[:count].tolist()
    raise InputError(f"The method must be one of {METHODS}. Got {method!r}.")


def pool_size(num_weights: int) -> int:
    """Returns how many photos can be chosen from with so many weights.

    >>> pool_size(5)
    2000
    """
    return max(1, min(MAX_POOL, _MAX_DERIVATIVES // num_weights))


def by_variance(
    jacobian: np.ndarray, *, rated: Sequence[int], count: int, strength: float
) -> list[int]:
    """Chooses what lowers the variance of the pool's scores most, one by one.

    The variance is that of each score's difference from the pool's mean score, because
    an order does not depend on an offset.

    Args:
        jacobian: J, [N, P].
        rated: rows that are known.
        count: rows to choose.
        strength: of ridge, above 0.

    Returns:
        `count` rows, the first chosen first.
    """
    centred = jacobian - jacobian.mean(axis=0)
    covariance = centred @ centred.T / penalty(centred, strength) + _OFFSET_VARIANCE
    for row in rated:
        covariance = _after_rating(covariance, row)
    is_free = np.ones(len(covariance), bool)
    is_free[list(rated)] = False
    chosen = []
    for _ in range(count):
        against_mean = covariance - covariance.mean(axis=0)
        gain = (against_mean**2).sum(axis=0) / (covariance.diagonal() + 1)
        chosen.append(int(np.argmax(np.where(is_free, gain, -np.inf))))
        is_free[chosen[-1]] = False
        covariance = _after_rating(covariance, chosen[-1])
    return chosen


def _after_rating(covariance: np.ndarray, row: int) -> np.ndarray:
    """Conditions all scores on one noisy rating: a rank-one step of Kalman's."""
    column = covariance[:, row]
    return covariance - np.outer(column, column) / (column[row] + 1)


def by_k_centre(
    embedding: np.ndarray, *, rated: Sequence[int], count: int
) -> list[int]:
    """Chooses what is farthest from all that is rated or chosen, one by one.

    Args:
        embedding: [N, D].
        rated: rows that are known; without any, the most central one is chosen first.
        count: rows to choose.

    Returns:
        `count` rows, the first chosen first.
    """
    chosen = []
    if not len(rated):
        middle = embedding.mean(axis=0)
        chosen.append(int(np.argmin(((embedding - middle) ** 2).sum(axis=1))))
    distance = np.full(len(embedding), np.inf)
    for row in [*rated, *chosen]:
        distance = _distance_with(distance, embedding, row)
    while len(chosen) < count:
        chosen.append(int(np.argmax(distance)))
        distance = _distance_with(distance, embedding, chosen[-1])
    return chosen


def _distance_with(distance: np.ndarray, embedding: np.ndarray, row: int) -> np.ndarray:
    """Squared distance to the nearest centre, one more; centres count as nearer yet."""
    distance = np.minimum(distance, ((embedding - embedding[row]) ** 2).sum(axis=1))
    distance[row] = -1
    return distance
