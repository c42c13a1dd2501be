"""A taste: one user's adapted weights and where they came from; many in one file."""

from __future__ import annotations

import dataclasses
import os
import zipfile
from collections.abc import Sequence

import numpy as np

from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import atomic_file
from piaa_tf.ratings import RatingRange

FIELDS = (
    "user_ids",
    "weights",
    "num_ratings",
    "scope",
    "adapted_by",
    "rating_range",
    "prior_checksum",
)


@dataclasses.dataclass(frozen=True, eq=False)
class Tastes:
    """The tastes of any number of users under one prior, scope and rating range.

    Attributes:
        user_ids: [U], each once.
        weights: [U, P] float32; the scope's weights behind the embedding.
        num_ratings: how many ratings each was adapted to, int [U].
        scope: one of `scopes.SCOPES`.
        adapted_by: the method and its settings, in words.
        rating_range: the range in which these users rate and are scored.
        prior_checksum: `Prior.checksum` of the prior they were adapted from.
    """

    user_ids: tuple[str, ...]
    weights: np.ndarray
    num_ratings: np.ndarray
    scope: str
    adapted_by: str
    rating_range: RatingRange
    prior_checksum: str

    def __post_init__(self) -> None:
        """Checks that rows and users agree."""
        rows = (len(self.user_ids), len(self.weights), len(self.num_ratings))
        if len(set(rows)) != 1 or self.weights.ndim != 2:
            raise InputError(
                "Tastes need one row of weights and one number of ratings per user. "
                f"Got {rows[0]} users, weights {self.weights.shape}, {rows[2]} numbers."
            )
        if len(set(self.user_ids)) != len(self.user_ids):
            twice = sorted({u for u in self.user_ids if self.user_ids.count(u) > 1})
            raise InputError(f"Each user has one taste. Got twice: {twice[:5]}.")

    def rows(self, user_ids: Sequence[str]) -> np.ndarray:
        """Finds users' rows; -1 for a user without a taste. Int [len(user_ids)]."""
        row_of = {user: row for row, user in enumerate(self.user_ids)}
        return np.array([row_of.get(user, -1) for user in user_ids], np.int64)

    def check_prior(self, checksum: str) -> None:
        """Refuses a prior that these tastes were not adapted from.

        Raises:
            InputError: The checksums differ.
        """
        if checksum != self.prior_checksum:
            raise InputError(
                "Tastes go with the prior they were adapted from, "
                f"{self.prior_checksum[:12]}. Got prior {checksum[:12]}. "
                "Give that prior, or adapt again."
            )

    def merged(self, newer: Tastes) -> Tastes:
        """Returns these tastes with the newer ones added; the same user is replaced.

        Raises:
            InputError: Prior, scope, rating range or loop differ.
        """
        shared = ("scope", "adapted_by", "rating_range", "prior_checksum")
        for name in shared:
            old, new = getattr(self, name), getattr(newer, name)
            if old != new:
                raise InputError(
                    f"Tastes of one file share {', '.join(shared)}. Got {name} {new} "
                    f"beside {old}. Write to another --out."
                )
        kept = [i for i, u in enumerate(self.user_ids) if u not in set(newer.user_ids)]
        return dataclasses.replace(
            newer,
            user_ids=tuple(self.user_ids[i] for i in kept) + newer.user_ids,
            weights=np.concatenate([self.weights[kept], newer.weights]),
            num_ratings=np.concatenate([self.num_ratings[kept], newer.num_ratings]),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the file, whole or not at all; no pickle inside."""
        arrays = {name: getattr(self, name) for name in FIELDS}
        arrays["user_ids"] = np.array(self.user_ids, dtype=np.str_)
        arrays["rating_range"] = np.array(dataclasses.astuple(self.rating_range))
        with atomic_file(path) as unfinished, unfinished.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tastes:
        """Reads a file that `save` wrote.

        Raises:
            InputError: It is missing, broken, or lacks a field.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                values = dict(file)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path} must be a tastes file that piaa-adapt wrote. Got: {error}"
            ) from error
        missing = [name for name in FIELDS if name not in values]
        if missing:
            raise InputError(
                f"{path} must hold {', '.join(FIELDS)}. Got none of {missing}. "
                "Adapt again with piaa-adapt."
            )
        return cls(
            user_ids=tuple(str(user) for user in values["user_ids"]),
            weights=values["weights"],
            num_ratings=values["num_ratings"],
            scope=str(values["scope"]),
            adapted_by=str(values["adapted_by"]),
            rating_range=RatingRange(*(float(x) for x in values["rating_range"])),
            prior_checksum=str(values["prior_checksum"]),
        )
