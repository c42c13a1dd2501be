"""The three kinds of training samples: score distributions, likes, personal ratings.

They hold paths and numbers, never pixels, and check themselves when they are made. A
path is relative to the folder `photos`, written with forward slashes, and never leads
out of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np

from piaa_tf.data.soundness import (
    SampleError,
    check_bins,
    check_distinct,
    check_images,
    check_numbers,
    check_users,
)
from piaa_tf.errors import InputError
from piaa_tf.ratings import TRAITS, RatingRange

__all__ = [
    "LikedImages",
    "PersonalRatings",
    "SampleError",
    "ScoreDistributions",
    "average_scores",
]

AnySamples = TypeVar("AnySamples", bound="Samples")


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """What the three kinds share: a folder and the images in it, one per sample.

    Attributes:
        photos: the folder to which every image path is relative.
        images: [N], such as "2024/beach.jpg".
    """

    photos: Path
    images: Sequence[str]

    ROW_FIELDS: ClassVar[tuple[str, ...]] = ("images",)

    def __post_init__(self) -> None:
        """Checks what all kinds must hold; subclasses convert their arrays first."""
        self._set("photos", Path(self.photos))
        self._set("images", tuple(self.images))
        lengths = {name: len(getattr(self, name)) for name in self.ROW_FIELDS}
        if len(set(lengths.values())) > 1:
            raise SampleError(f"All fields must have the same length. Got {lengths}.")
        if not self.images:
            raise SampleError("A set of samples must not be empty. Got no sample.")
        check_images(self.photos, self.images)

    def __len__(self) -> int:
        """Returns N, the number of samples."""
        return len(self.images)

    @property
    def paths(self) -> list[Path]:
        """The image of each sample as a path that can be opened, [N]."""
        return [self.photos / image for image in self.images]

    def select(self: AnySamples, index: Any) -> AnySamples:
        """Returns some of the samples, which need no new checks.

        Args:
            index: what indexes a numpy array of N entries: a mask, integers, a slice.

        Returns:
            Samples of the same kind, in the order of the index.

        Raises:
            SampleError: Nothing is selected, or a sample more than once.
        """
        rows = np.atleast_1d(np.arange(len(self))[index])
        if rows.size == 0:
            raise SampleError(
                f"A selection must keep a sample. Got none of {len(self)}."
            )
        if len(np.unique(rows)) != rows.size:
            raise SampleError("A selection takes each sample once. Got one twice.")
        part = object.__new__(type(self))
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in self.ROW_FIELDS:
                is_array = isinstance(value, np.ndarray)
                value = value[rows] if is_array else tuple(value[i] for i in rows)
            part._set(field.name, value)
        return part

    def joined(self: AnySamples, others: Sequence[AnySamples]) -> AnySamples:
        """Returns these samples and others of the same folder, checked together.

        Args:
            others: in their order; bins and ranges are as here.

        Returns:
            Samples of the same kind.

        Raises:
            SampleError: They do not go together: an image or a rating comes twice.
        """
        if not others:
            return self
        parts = [self, *others]
        rows: dict[str, Any] = {
            name: [row for part in parts for row in getattr(part, name)]
            for name in self.ROW_FIELDS
        }
        return dataclasses.replace(self, **rows)

    def _set(self, name: str, value: Any) -> None:
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        object.__setattr__(self, name, value)


@dataclasses.dataclass(frozen=True, eq=False)
class ScoreDistributions(Samples):
    """{I_a; s_a}: how a crowd scored each image; each image once.

    Attributes:
        photos: the folder of the images.
        images: [N], each once.
        counts: [N, bins] float64, how many gave each score; >= 0, no row all zero.
            Shares of the crowd do as well.
        bin_scores: [bins] float64, the score of each bin, rising: 1, 2, ..., 10.
    """

    counts: np.ndarray
    bin_scores: np.ndarray

    ROW_FIELDS: ClassVar[tuple[str, ...]] = ("images", "counts")

    def __post_init__(self) -> None:
        """Checks bins, counts and images."""
        self._set("counts", np.array(self.counts, np.float64))
        self._set("bin_scores", np.array(self.bin_scores, np.float64))
        check_bins(self.bin_scores, self.counts.shape)
        super().__post_init__()
        check_numbers(
            self.counts,
            np.isfinite(self.counts) & (self.counts >= 0),
            [f"{score:g}" for score in self.bin_scores],
            "A count must be a finite number >= 0.",
        )
        is_empty = self.counts.sum(axis=1) <= 0
        if is_empty.any():
            row = int(np.argmax(is_empty))
            raise SampleError(
                "Somebody must have scored each image: its counts need a sum > 0. Got "
                f"zeros for {self.images[row]!r}. Remove the row.",
                row=row,
            )
        check_distinct(self.images, "image", "Each image has one distribution.")

    @property
    def probabilities(self) -> np.ndarray:
        """Share of each score, float32 [N, bins]; rows sum to 1."""
        shares = self.counts / self.counts.sum(axis=1, keepdims=True)
        return shares.astype(np.float32)

    @property
    def mean_scores(self) -> np.ndarray:
        """Mean score of each image, in the range of the bins, float32 [N]."""
        sums = self.counts.sum(axis=1)
        return (self.counts @ self.bin_scores / sums).astype(np.float32)

    @property
    def rating_range(self) -> RatingRange:
        """From the lowest bin to the highest."""
        return RatingRange(float(self.bin_scores[0]), float(self.bin_scores[-1]))


@dataclasses.dataclass(frozen=True, eq=False)
class LikedImages(Samples):
    """{I_p; S_p}: images that people like, and those people's Big Five.

    Attributes:
        photos: the folder of the images.
        images: [N].
        users: [N], who likes the image.
        traits: [N, 5] float32 in [-1, 1], in the order of `ratings.TRAITS`; a user's
            are the same in all their rows.
    """

    users: Sequence[str]
    traits: np.ndarray

    ROW_FIELDS: ClassVar[tuple[str, ...]] = ("images", "users", "traits")

    def __post_init__(self) -> None:
        """Checks traits, users and images."""
        self._set("users", tuple(self.users))
        self._set("traits", np.array(self.traits, np.float32))
        if self.traits.ndim != 2 or self.traits.shape[1] != len(TRAITS):
            raise SampleError(
                f"traits must be [samples, {len(TRAITS)}]: {', '.join(TRAITS)}. "
                f"Got {self.traits.shape}."
            )
        super().__post_init__()
        check_users(self.users)
        check_numbers(
            self.traits,
            (self.traits >= -1) & (self.traits <= 1),
            TRAITS,
            "A trait must lie in [-1, 1].",
        )
        first_row: dict[str, int] = {}
        first = [first_row.setdefault(user, i) for i, user in enumerate(self.users)]
        differs = self.traits != self.traits[first]
        if differs.any():
            row, trait = np.argwhere(differs)[0]
            raise SampleError(
                "A user's traits are the same in all their rows. Got "
                f"{self.traits[row, trait]:g} after {self.traits[first[row], trait]:g} "
                f"for user {self.users[row]!r}. Correct one of them.",
                row=int(row),
                column=TRAITS[trait],
            )
        check_distinct(
            list(zip(self.users, self.images)), "image", "A user likes an image once."
        )


@dataclasses.dataclass(frozen=True, eq=False)
class PersonalRatings(Samples):
    """{I_b; s_b}: what each user thinks of some images.

    Attributes:
        photos: the folder of the images.
        images: [N].
        users: [N], who rated the image.
        ratings: [N] float32.
        rating_range: the range in which all these users rate.
    """

    users: Sequence[str]
    ratings: np.ndarray
    rating_range: RatingRange

    ROW_FIELDS: ClassVar[tuple[str, ...]] = ("images", "users", "ratings")

    def __post_init__(self) -> None:
        """Checks ratings, users and images."""
        self._set("users", tuple(self.users))
        self._set("ratings", np.array(self.ratings, np.float32))
        if self.ratings.ndim != 1:
            raise SampleError(
                f"ratings must be one number per sample. Got {self.ratings.shape}."
            )
        super().__post_init__()
        check_users(self.users)
        low, high = self.rating_range.minimum, self.rating_range.maximum
        check_numbers(
            self.ratings[:, np.newaxis],
            self.rating_range.contains(self.ratings)[:, np.newaxis],
            ["rating"],
            f"A rating must lie in {low:g}..{high:g}.",
            "Correct it, or give the range in which the users rate.",
        )
        check_distinct(
            list(zip(self.users, self.images)), "image", "A user rates an image once."
        )

    def user_ids(self) -> list[str]:
        """Returns each user once, in the order of their first ratings."""
        return list(self._rows_of)

    def of_user(self, user: str) -> PersonalRatings:
        """Returns one user's ratings, in their order.

        Raises:
            InputError: The user has rated nothing here.
        """
        if user not in self._rows_of:
            known = self.user_ids()
            some = ", ".join(known[:5]) + (", ..." if len(known) > 5 else "")
            raise InputError(
                f"The user must be among the {len(known)} who rated: {some}. "
                f"Got {user!r}."
            )
        return self.select(self._rows_of[user])

    def mean_ratings(self) -> tuple[list[str], np.ndarray]:
        """Averages over users.

        Returns:
            The M distinct images, in the order of their first ratings, and their mean
            ratings, float32 [M].
        """
        number: dict[str, int] = {}
        of_image = [number.setdefault(image, len(number)) for image in self.images]
        sums = np.bincount(of_image, weights=self.ratings)
        return list(number), (sums / np.bincount(of_image)).astype(np.float32)

    @cached_property
    def _rows_of(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, user in enumerate(self.users):
            rows.setdefault(user, []).append(row)
        return rows


def average_scores(
    samples: PersonalRatings | ScoreDistributions,
) -> tuple[list[str], np.ndarray]:
    """Averages each image's ratings, on [0, 1].

    Args:
        samples: ratings of many users, or distributions.

    Returns:
        Image names, and their mean scores mapped linearly from the set's range to
        [0, 1], float32.
    """
    if isinstance(samples, ScoreDistributions):
        images, means = list(samples.images), samples.mean_scores
    else:
        images, means = samples.mean_ratings()
    unit = samples.rating_range.to_unit(np.asarray(means))
    return list(images), unit.astype(np.float32)
