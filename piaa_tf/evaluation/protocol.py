"""The protocol of the tables: adapt to n images of a user, test on the rest, repeat.

Slides, "PIAA Database: FLICKR-AES": 10 or 100 images of each unseen user for
adaptation, all others for test, SROCC per user. Splits depend on (seed, user, repeat)
alone, so that all methods get the same ones, and the 10 images are the first of the
100. One loop measures everything that adapts to a user:

    results = measure(system, user_splits(ratings, {10: 5, 100: 5}, seed=0))
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.evaluation.results import Result
from piaa_tf.evaluation.system import PersonalSystem
from piaa_tf.metrics import srocc

MIN_TESTED = 2
"""Fewest images on which a user's ranking can be measured."""


def split(user_id: str, count: int, *, seed: int, repeat: int) -> np.ndarray:
    """Orders a user's ratings at random: the first n adapt, the last ones test.

    Args:
        user_id: the user.
        count: number of the user's ratings.
        seed: of the evaluation.
        repeat: number of the split.

    Returns:
        A permutation of range(count), the same on every machine.
    """
    key = (seed, repeat, zlib.crc32(user_id.encode("utf-8")))
    return np.random.default_rng(key).permutation(count)


@dataclass(frozen=True, eq=False)
class UserSplit:
    """One user's ratings, split into those to adapt to and those to test on.

    Attributes:
        own: the user's ratings; the prior scores all of their images.
        repeat: number of the split.
        support_rows: rows of `own` to adapt to, [n].
        tested_rows: rows of `own` to test on.
    """

    own: PersonalRatings
    repeat: int
    support_rows: np.ndarray
    tested_rows: np.ndarray

    @property
    def user_id(self) -> str:
        """The user who gave these ratings."""
        return self.own.users[0]

    @property
    def support(self) -> PersonalRatings:
        """The ratings to adapt to."""
        return self.own.select(self.support_rows)

    @property
    def tested(self) -> PersonalRatings:
        """The ratings to test on."""
        return self.own.select(self.tested_rows)


def user_splits(
    ratings: PersonalRatings,
    repeats: Mapping[int, int],
    *,
    seed: int,
    num_reserved: int | None = None,
    max_tested: int | None = None,
) -> list[UserSplit]:
    """Splits the ratings of every user, for every n, a given number of times.

    Args:
        ratings: of unseen users who have rated enough, see `with_enough_ratings`.
        repeats: n -> number of splits.
        seed: of the splits; the same for all systems.
        num_reserved: images of each user that are never tested on, so that all n are
            tested on the same images; None for the published protocol, in which each n
            is tested on all others.
        max_tested: the most images of a user to test on; None for all.

    Returns:
        Splits by user, then n, then repeat.

    Raises:
        InputError: An n is below 2 or above `num_reserved`, or a user has too few
            ratings to test on.
    """
    splits = []
    for user in ratings.user_ids():
        own = ratings.of_user(user)
        for num_images, count in repeats.items():
            reserved = num_images if num_reserved is None else num_reserved
            if not 2 <= num_images <= reserved:
                raise InputError(
                    "num_images must be at least 2 and at most num_reserved. "
                    f"Got {num_images} and {reserved}."
                )
            if len(own) < reserved + MIN_TESTED:
                raise InputError(
                    f"A user needs {reserved} images to adapt to and two to test on. "
                    f"Got {len(own)} ratings of user {user!r}."
                )
            for repeat in range(count):
                order, seen = split(user, len(own), seed=seed, repeat=repeat), own
                if max_tested is not None:
                    seen = own.select(order[: reserved + max_tested])
                    order = np.arange(len(seen))
                splits.append(
                    UserSplit(seen, repeat, order[:num_images], order[reserved:])
                )
    return splits


def with_enough_ratings(ratings: PersonalRatings, num_reserved: int) -> PersonalRatings:
    """Keeps the users who have rated enough to be adapted to and tested.

    Args:
        ratings: of unseen users.
        num_reserved: the largest n.

    Returns:
        The ratings of those with at least `num_reserved` + 2.

    Raises:
        InputError: There is no such user.
    """
    counts = {user: len(ratings.of_user(user)) for user in ratings.user_ids()}
    enough = {u for u, count in counts.items() if count >= num_reserved + MIN_TESTED}
    if not enough:
        raise InputError(
            f"A user needs {num_reserved} ratings to adapt to and {MIN_TESTED} more to "
            f"test on. Got {max(counts.values())} at most, of {len(counts)} users. "
            "Pass a smaller --num_images, or more ratings."
        )
    return ratings.select([user in enough for user in ratings.users])


def measure(
    system: PersonalSystem,
    splits: Iterable[UserSplit],
    *,
    seconds: dict[int, list[float]] | None = None,
) -> list[Result]:
    """Measures one system on users it has never seen.

    Args:
        system: fitted, and prepared for the images of the splits.
        splits: those of one user next to each other, see `user_splits`.
        seconds: n -> how long each adaptation took; filled in if given.

    Returns:
        Results by n, then in the order of the splits.
    """
    found: dict[int, list[Result]] = {}
    scored: PersonalRatings | None = None
    for case in splits:
        if case.own is not scored:
            scored, prior = case.own, system.prior().predict(case.own.images)
        num_images, tested = len(case.support_rows), case.tested
        support = case.support
        start = time.perf_counter()
        model = system.adapt(support)
        if seconds is not None:
            elapsed = time.perf_counter() - start
            seconds.setdefault(num_images, []).append(elapsed)
        scores = model.predict(tested.images)
        found.setdefault(num_images, []).append(
            Result(
                system=system.name,
                num_images=num_images,
                repeat=case.repeat,
                user_id=case.user_id,
                srocc=srocc(scores, tested.ratings),
                prior_srocc=srocc(prior[case.tested_rows], tested.ratings),
                num_tested=len(tested),
                num_weights=model.num_weights,
            )
        )
    return [result for results in found.values() for result in results]
