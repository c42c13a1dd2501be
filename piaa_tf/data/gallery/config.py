"""How large a simulated gallery is, from which seed, and what its raters' taste is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from piaa_tf.data.gallery.render import MAX_SIZE, MIN_SIZE
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError

_MAX_PHOTOS = 1_000_000
_CANDIDATES_PER_LIKE = 8


@dataclass(frozen=True)
class TasteShares:
    """Which share of the variance of ratings comes from where; together 1.

    How much personal taste follows from personality is not known well enough to be
    fixed, and it decides whether predicting traits helps. By default traits and the
    rest of personal taste count the same; reports show other settings beside it.

    >>> TasteShares().shared
    0.34

    Attributes:
        shared: taste common to all.
        trait: taste that follows linearly from the rater's Big Five.
        idiosyncratic: a rater's own weights of the attributes.
        interaction: a rater's own weights of products of attributes, which no linear
            model of the attributes can learn.
        noise: what a rater would not repeat.
    """

    shared: float = 0.34
    trait: float = 0.19
    idiosyncratic: float = 0.19
    interaction: float = 0.04
    noise: float = 0.24

    def __post_init__(self) -> None:
        """Checks that the shares are shares."""
        shares = asdict(self)
        for name, value in shares.items():
            if not (math.isfinite(value) and value >= 0):
                raise InputError(
                    f"Every share of variance must be >= 0. Got {name}={value}."
                )
        total = math.fsum(shares.values())
        if abs(total - 1) > 1e-6:
            raise InputError(
                f"The shares of variance must sum to 1. Got {total:.6f} from {shares}. "
                "Lower or raise one of them, usually noise."
            )


@dataclass(frozen=True)
class SplitSizes:
    """How much one split of the gallery holds.

    Attributes:
        scored_pictures: photos with the score distribution of 200 crowd raters.
        likers: people with known traits who like photos.
        likes_per_liker: photos each of them likes, each the best of eight.
        users: people who rate photos.
        ratings_per_user: photos each of them rates.
        rated_pictures: photos they choose from, at random.
    """

    scored_pictures: int
    likers: int
    likes_per_liker: int
    users: int
    ratings_per_user: int
    rated_pictures: int

    def __post_init__(self) -> None:
        """Checks that there is something of everything."""
        for name, value in asdict(self).items():
            if value < 1:
                raise InputError(f"{name} must be >= 1. Got {value}.")
        if self.ratings_per_user > self.rated_pictures:
            raise InputError(
                "A user rates a photo once: ratings_per_user must be <= "
                f"rated_pictures. Got {self.ratings_per_user} > {self.rated_pictures}."
            )

    @property
    def candidates(self) -> int:
        """Number of photos that likers choose from; only the liked are rendered."""
        return self.likers * self.likes_per_liker * _CANDIDATES_PER_LIKE

    @property
    def photos(self) -> int:
        """Number of photo indices the split takes."""
        return self.scored_pictures + self.candidates + self.rated_pictures


@dataclass(frozen=True)
class GalleryConfig:
    """Everything a gallery depends on.

    Attributes:
        seed: seed of the photos and the people, 0 to 2**32 - 1.
        image_size: pixels a side.
        shares: where the variance of ratings comes from.
        train: sizes of the split to learn from.
        validation: sizes of the split to choose settings on.
        test: sizes of the split to report.
    """

    seed: int = 0
    image_size: int = 64
    shares: TasteShares = TasteShares()
    train: SplitSizes = SplitSizes(6000, 200, 30, 100, 150, 4000)
    validation: SplitSizes = SplitSizes(500, 20, 30, 16, 200, 600)
    test: SplitSizes = SplitSizes(1000, 40, 30, 37, 200, 1500)

    def __post_init__(self) -> None:
        """Checks what the parts cannot check alone."""
        if not 0 <= self.seed < 2**32:
            raise InputError(
                f"The gallery's seed must be >= 0 and < 2**32. Got {self.seed}."
            )
        if not MIN_SIZE <= self.image_size <= MAX_SIZE:
            raise InputError(
                f"image_size must be {MIN_SIZE} to {MAX_SIZE} pixels. "
                f"Got {self.image_size}."
            )
        total = sum(self.sizes(split).photos for split in SPLITS)
        if total > _MAX_PHOTOS:
            raise InputError(
                f"A gallery draws at most {_MAX_PHOTOS} photos, those that likers "
                f"choose from included. Got {total}. Lower likers, scored_pictures or "
                "rated_pictures."
            )

    def sizes(self, split: str) -> SplitSizes:
        """Returns the sizes of "train", "validation" or "test"."""
        return {
            "train": self.train,
            "validation": self.validation,
            "test": self.test,
        }[split]

    def blocks(self) -> dict[tuple[str, str], range]:
        """Maps (split, "scored" | "candidates" | "rated") to its photo indices."""
        blocks, start = {}, 0
        for split in SPLITS:
            sizes = self.sizes(split)
            for kind, count in (
                ("scored", sizes.scored_pictures),
                ("candidates", sizes.candidates),
                ("rated", sizes.rated_pictures),
            ):
                blocks[split, kind] = range(start, start + count)
                start += count
        return blocks

    def differences(self, other: Mapping[str, Any]) -> Iterator[str]:
        """Names the fields in which another config, as a dict, differs."""
        for field in fields(self):
            if asdict(self)[field.name] != other.get(field.name):
                yield field.name
