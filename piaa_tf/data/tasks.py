"""Tasks for meta-training: one user's ratings in two parts, drawn before any image.

Everything here is a function of (seed, step): the same key gives the same task on any
machine and after any restart. Plain numpy; rows are indices into `PersonalRatings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from absl import logging

from piaa_tf.errors import InputError

Pool = Literal["support", "query", "both"]
"""Where an inner step takes its images from."""

_USERS, _SPLIT, _BATCH = 1, 2, 3  # independent random numbers for each purpose


@dataclass(frozen=True, eq=False)
class Task:
    """One user of one meta-step.

    Attributes:
        step: number of the meta-step, from 0.
        number: of the task in its meta-step, in [0, k).
        user: whose ratings they are.
        support: rows of D_tr_s, the ratings of the first level, int64 [n_s].
        query: rows of D_tr_q, the ratings of the second level, int64 [n_q]; none of
            them is in `support`.
    """

    step: int
    number: int
    user: str
    support: np.ndarray
    query: np.ndarray

    def rows(self, pool: Pool) -> np.ndarray:
        """Returns the rows of a pool."""
        if pool == "both":
            return np.concatenate([self.support, self.query])
        return {"support": self.support, "query": self.query}[pool]


class TaskSampler:
    """Draws k tasks of k users for any meta-step.

    A pass over the users is an epoch of `steps_per_epoch` meta-steps. Each has an order
    of its own, and each user comes at most once in it; where k does not divide the
    users, the last few of the order wait for the next epoch.

    A user with fewer than num_support + num_query ratings gives both parts in
    proportion, and at least one image to each.
    """

    def __init__(
        self,
        users: Sequence[str],
        *,
        num_tasks: int,
        num_support: int,
        num_query: int,
        inner_batch: int = 0,
        min_ratings: int = 0,
        seed: int,
    ) -> None:
        """Groups the rows by user; logs who is scaled down or left out.

        Args:
            users: of each rating, [N].
            num_tasks: k, tasks of a meta-step.
            num_support: images of a support set, where the user has enough.
            num_query: images of a query set, where the user has enough.
            inner_batch: images of an inner step, drawn afresh for each, as many as
                there are at most; 0 for the whole set at each step, as released. A
                small network learns a fixed batch by heart, and not a fresh one.
            min_ratings: users with fewer are left out; with 0 nobody is, and a user
                of a single rating is refused.
            seed: of users, splits and batches.

        Raises:
            InputError: A number is too small, a user has too few ratings, or there
                are fewer users than k.
        """
        for name, value, minimum in (
            ("num_tasks", num_tasks, 1),
            ("num_support", num_support, 1),
            ("num_query", num_query, 1),
            ("inner_batch", inner_batch, 0),
            ("min_ratings", min_ratings, 0),
            ("seed", seed, 0),
        ):
            if value < minimum:
                raise InputError(f"{name} must be >= {minimum}. Got {value}.")
        self.num_tasks = num_tasks
        self._inner_batch = inner_batch
        self._num_support, self._num_query = num_support, num_query
        self._seed = seed
        rows: dict[str, list[int]] = {}
        for row, user in enumerate(users):
            rows.setdefault(user, []).append(row)
        self._rows = {
            user: np.array(own)
            for user, own in rows.items()
            if len(own) >= max(min_ratings, 1)
        }
        self._users = list(self._rows)
        self._check_users(left_out=len(rows) - len(self._users))
        self._log(left_out=len(rows) - len(self._users), min_ratings=min_ratings)

    def _check_users(self, left_out: int) -> None:
        for user, own in self._rows.items():
            if len(own) < 2:
                raise InputError(
                    "A user needs one image for support and one for query. Got "
                    f"{len(own)} rating of user {user!r}. Leave such users out with "
                    "--min_ratings=2."
                )
        if len(self._users) < self.num_tasks:
            raise InputError(
                f"num_tasks must be at most the number of users. Got {self.num_tasks} "
                f"with {len(self._users)} users, {left_out} left out. "
                "Pass a smaller --num_tasks, or add users."
            )

    def _log(self, left_out: int, min_ratings: int) -> None:
        support, query = self._num_support, self._num_query
        scaled = sum(len(own) < support + query for own in self._rows.values())
        said = [f"{len(self._users)} users, {support} + {query} ratings of each"]
        if scaled:
            said.append(f"{scaled} of them have fewer, scaled down")
        if left_out:
            said.append(f"{left_out} left out with fewer than {min_ratings}")
        logging.info("%s", "; ".join(said))

    @property
    def steps_per_epoch(self) -> int:
        """Meta-steps in which every user comes once, except fewer than k."""
        return len(self._users) // self.num_tasks

    def task(self, step: int, number: int) -> Task:
        """Draws one task.

        Args:
            step: of the meta-step, from 0.
            number: of the task in it, in [0, k).

        Returns:
            The task; its rows are in random order.
        """
        epoch, place = divmod(step, self.steps_per_epoch)
        order = self._random(_USERS, epoch).permutation(len(self._users))
        user = self._users[order[place * self.num_tasks + number]]
        rows = self._random(_SPLIT, step, number).permutation(self._rows[user])
        num_support, num_query = self.sizes(len(rows))
        return Task(
            step,
            number,
            user,
            support=rows[:num_support],
            query=rows[num_support : num_support + num_query],
        )

    def tasks(self, step: int) -> list[Task]:
        """Draws the k tasks of a meta-step, of k different users."""
        return [self.task(step, number) for number in range(self.num_tasks)]

    def sizes(self, num_ratings: int) -> tuple[int, int]:
        """Returns how many images of a user are support and how many query.

        Args:
            num_ratings: that the user has given, at least 2.

        Returns:
            (n_s, n_q), both at least 1, together at most `num_ratings`.
        """
        wanted = self._num_support + self._num_query
        if num_ratings >= wanted:
            return self._num_support, self._num_query
        share = round(num_ratings * self._num_support / wanted)
        num_support = min(max(share, 1), num_ratings - 1)
        return num_support, num_ratings - num_support

    def batches(
        self, task: Task, levels: Sequence[tuple[Pool, int]]
    ) -> list[np.ndarray]:
        """Draws what each inner step of a task sees.

        Args:
            task: the task.
            levels: (pool, number of inner steps) of each level, in their order.

        Returns:
            Rows of each inner step, one array a step, over all levels.
        """
        pools = [task.rows(pool) for pool, steps in levels for _ in range(steps)]
        if self._inner_batch == 0:
            return pools
        return [
            self._random(_BATCH, task.step, task.number, inner_step).permutation(pool)[
                : self._inner_batch
            ]
            for inner_step, pool in enumerate(pools)
        ]

    def _random(self, purpose: int, *key: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, purpose, *key))
