"""Users' weights in rows and their ids in lines: what changes from version to version.

Row 0 and line 0 are the prior's. So an unknown user has a row, and the files of a
table without users are not empty: TensorFlow refuses to load empty ones.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from piaa_tf.adaptation.taste import Tastes
from piaa_tf.contract.user_ids import check_user_ids
from piaa_tf.errors import InputError

IDS_NAME = "user_ids.txt"
PRIOR_LINE = "\tprior"
"""Line 0 of the ids. No user id contains a tab (`user_ids.check_user_ids`)."""


@dataclass(frozen=True, eq=False)
class UserRows:
    """Users and their weights.

    Attributes:
        user_ids: [U], each once.
        weights: float32 [U, P].
    """

    user_ids: tuple[str, ...]
    weights: np.ndarray

    @classmethod
    def of_tastes(cls, tastes: Tastes) -> UserRows:
        """Returns the rows of tastes, once ids and weights have been checked.

        Raises:
            InputError: An id cannot be served, or weights are not finite.
        """
        check_user_ids(tastes.user_ids)
        finite = np.isfinite(tastes.weights).all(axis=1)
        if not finite.all():
            user = tastes.user_ids[int(np.argmin(finite))]
            raise InputError(
                f"Weights of a taste must be finite. Got others of user {user!r}. "
                "Adapt again with a lower --rate."
            )
        return cls(tastes.user_ids, np.asarray(tastes.weights, np.float32))

    def merged(self, newer: UserRows) -> UserRows:
        """Returns these users with newer ones added; the same user is replaced."""
        taken = set(newer.user_ids)
        kept = [i for i, user in enumerate(self.user_ids) if user not in taken]
        return UserRows(
            tuple(self.user_ids[i] for i in kept) + newer.user_ids,
            np.concatenate([self.weights[kept], newer.weights]),
        )

    def without(self, user_ids: Sequence[str]) -> UserRows:
        """Returns these users without some of them.

        Raises:
            InputError: One of them is not here.
        """
        check_forgotten(user_ids, self.user_ids)
        gone = set(user_ids)
        kept = [i for i, user in enumerate(self.user_ids) if user not in gone]
        return UserRows(
            tuple(self.user_ids[i] for i in kept),
            np.ascontiguousarray(self.weights[kept]),
        )


def check_forgotten(user_ids: Sequence[str], known: Collection[str]) -> None:
    """Refuses to forget unknown users.

    Raises:
        InputError: One of the users has no taste.
    """
    unknown = sorted(set(user_ids) - set(known))
    if unknown:
        raise InputError(
            f"Only users with a taste can be forgotten. Got {unknown[:5]}. "
            "Check the spelling of --forget."
        )


def no_rows(num_weights: int) -> UserRows:
    """Returns the rows of no user."""
    return UserRows((), np.zeros([0, num_weights], np.float32))


def stacked(prior_weights: np.ndarray, rows: UserRows) -> np.ndarray:
    """Puts the prior's weights in front of the users', float32 [U + 1, P]."""
    return np.concatenate([prior_weights[np.newaxis], rows.weights]).astype(np.float32)


def write_ids(path: str | os.PathLike[str], user_ids: Sequence[str]) -> None:
    """Writes the lines that belong to `stacked` rows."""
    lines = "".join(f"{user}\n" for user in (PRIOR_LINE, *user_ids))
    Path(path).write_text(lines, encoding="utf-8", newline="\n")


def read_ids(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Reads the users that `write_ids` wrote."""
    return tuple(Path(path).read_bytes().decode().split("\n")[1:-1])


class UserTable(tf.Module):
    """The rows inside a graph, looked up by user id."""

    def __init__(self, ids: str | os.PathLike[str], weights: np.ndarray) -> None:
        """Makes the table.

        Args:
            ids: a file of `write_ids`; it becomes an asset of the SavedModel.
            weights: `stacked` rows, float32 [U + 1, P].
        """
        super().__init__(name="users")
        lines = tf.lookup.TextFileInitializer(
            # A path, not an asset of our own: TensorFlow names the table after it, and
            # names an object by its address, which the next table may have.
            os.fspath(ids),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        )
        self.rows = tf.lookup.StaticHashTable(lines, default_value=0)
        self.weights = tf.Variable(
            weights,
            trainable=False,
            # The next version may have another number of users.
            shape=tf.TensorShape([None, weights.shape[1]]),
            name="user_weights",
        )

    def prior_weights(self, count: tf.Tensor) -> tf.Tensor:
        """Returns the prior's weights, as many times as asked: [count, P]."""
        return tf.gather(self.weights, tf.zeros([count], tf.int64))

    def lookup(self, user_id: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds users' weights; an unknown user gets the prior's.

        Args:
            user_id: string [n].

        Returns:
            Weights [n, P], and whether the user is known, bool [n].
        """
        row = self.rows.lookup(user_id)
        return tf.gather(self.weights, row), row > 0
