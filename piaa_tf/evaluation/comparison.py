"""Is one system better than another? Paired over users, with a confidence interval.

Users, splits and repeats are the same on both sides, so that what varies by split or
user alone cancels. Users are resampled, not repeats: repeats of one user share most of
their images, and are no further evidence about other people.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import stats

from piaa_tf.evaluation.results import Result

CONFIDENCE = 0.95
RESAMPLES = 9999


@dataclasses.dataclass(frozen=True)
class Difference:
    """How far one side is above the other, in SROCC.

    Attributes:
        mean: mean difference of SROCC over users.
        low: lower end of the 95 % confidence interval; NaN for a single user.
        high: its upper end.
        standard_error: of the mean; NaN for a single user.
        num_better: users with a difference above zero.
        num_users: how many.
        num_repeats: repeats that both sides have, averaged for each user first.
    """

    mean: float
    low: float
    high: float
    standard_error: float
    num_better: int
    num_users: int
    num_repeats: int


def compare(
    first: Sequence[Result], second: Sequence[Result], *, seed: int
) -> Difference:
    """Compares two systems at one n.

    Args:
        first: results of one system.
        second: results of the other, at the same n and seed.
        seed: of the resampling.

    Returns:
        first - second.

    Raises:
        ValueError: They have no user and repeat in common.
    """
    one, other = (
        {(r.user_id, r.repeat): r.srocc for r in side} for side in (first, second)
    )
    shared = [key for key in one if key in other]
    return _difference([(*key, one[key] - other[key]) for key in shared], seed)


def gain_over_prior(results: Sequence[Result], *, seed: int) -> Difference:
    """Compares a system at one n with itself without personal data."""
    pairs = [(r.user_id, r.repeat, r.srocc - r.prior_srocc) for r in results]
    return _difference(pairs, seed)


def _difference(cases: Sequence[tuple[str, int, float]], seed: int) -> Difference:
    if not cases:
        raise ValueError("Two systems must share users and repeats. Got none.")
    by_user: dict[str, list[float]] = {}
    for user, _, value in cases:
        by_user.setdefault(user, []).append(value)
    values = np.array([np.mean(own) for own in by_user.values()])
    low, high = interval(values, seed=seed)
    count = len(values)
    error = values.std(ddof=1) / np.sqrt(count) if count > 1 else float("nan")
    return Difference(
        mean=float(values.mean()),
        low=low,
        high=high,
        standard_error=float(error),
        num_better=int((values > 0).sum()),
        num_users=count,
        num_repeats=len({repeat for _, repeat, _ in cases}),
    )


def interval(values: np.ndarray, *, seed: int) -> tuple[float, float]:
    """Computes a bootstrap interval of the mean of values, one per user.

    The bias-corrected and accelerated interval of Efron 1987 (J. Am. Stat. Assoc. 82),
    as SciPy computes it. The values are differences, so pairs stay together.

    Args:
        values: [users].
        seed: of the resampling.

    Returns:
        Lower and upper end; NaN twice for a single value, the value twice if all are
        equal.
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    found = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        vectorized=True,
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
