"""A taste: one user's adapted weights and where they came from; many in one file.

DIR/tastes.npz            who, the weights behind the embedding, how they came about
DIR/adapted/USER/         of scope `all`: each user's whole network, beside the file
"""

from __future__ import annotations

import dataclasses
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from piaa_tf.adaptation.user_network import UserNetwork, user_directory
from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import atomic_file
from piaa_tf.ratings import RatingRange

if TYPE_CHECKING:
    from piaa_tf.models.prior import Prior

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
        networks: of scope `all`, each user's own network, which is kept on disk; empty
            with other scopes, whose users share the prior's.
    """

    user_ids: tuple[str, ...]
    weights: np.ndarray
    num_ratings: np.ndarray
    scope: str
    adapted_by: str
    rating_range: RatingRange
    prior_checksum: str
    networks: Mapping[str, UserNetwork] = dataclasses.field(default_factory=dict)

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
        bare = [user for user in self.user_ids if user not in self.networks]
        if self.scope == "all" and bare:
            raise InputError(
                "Tastes of scope 'all' own a network per user. Got none of "
                f"{bare[:5]}. Adapt with piaa-adapt, or load the tastes' file."
            )

    def rows(self, user_ids: Sequence[str]) -> np.ndarray:
        """Finds users' rows; -1 for a user without a taste. Int [len(user_ids)]."""
        row_of = {user: row for row, user in enumerate(self.user_ids)}
        return np.array([row_of.get(user, -1) for user in user_ids], np.int64)

    def network(self, user_id: str, prior: Prior) -> Prior:
        """Returns the network that embeds a user's photos.

        Args:
            user_id: the user, who may have no taste.
            prior: the prior that the tastes were adapted from.

        Returns:
            The user's own network, read now, or the prior where they have none.

        Raises:
            InputError: The user's network is missing or broken.
        """
        own = self.networks.get(user_id)
        return prior if own is None else own.load()

    def check_prior(self, checksum: str) -> None:
        """Refuses a prior that these tastes were not adapted from.

        Raises:
            InputError: The checksums differ.
        """
        if checksum != self.prior_checksum:
            raise InputError(
                "Tastes go with the prior they were adapted from, "
                f"{self.prior_checksum[:12]}. Got prior {checksum[:12]}. "
                "Give that prior, or adapt again into another file."
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
            networks={**self.networks, **newer.networks},
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the file, whole or not at all; no pickle inside.

        Networks are copied beside it first, except those that are there already.

        Raises:
            InputError: A network is missing.
        """
        for user, network in self.networks.items():
            network.save(_network_directory(path, user))
        arrays = {name: getattr(self, name) for name in FIELDS}
        arrays["user_ids"] = np.array(self.user_ids, dtype=np.str_)
        arrays["rating_range"] = np.array(dataclasses.astuple(self.rating_range))
        with atomic_file(path) as unfinished, unfinished.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tastes:
        """Reads a file that `save` wrote; networks are read when they are needed.

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
        user_ids = tuple(str(user) for user in values["user_ids"])
        scope = str(values["scope"])
        owners = user_ids if scope == "all" else ()
        return cls(
            user_ids=user_ids,
            weights=values["weights"],
            num_ratings=values["num_ratings"],
            scope=scope,
            adapted_by=str(values["adapted_by"]),
            rating_range=RatingRange(*(float(x) for x in values["rating_range"])),
            prior_checksum=str(values["prior_checksum"]),
            networks={u: UserNetwork(_network_directory(path, u)) for u in owners},
        )


def _network_directory(path: str | os.PathLike[str], user_id: str) -> Path:
    return user_directory(Path(path).parent / "adapted", user_id)
