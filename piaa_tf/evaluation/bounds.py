"""The best possible scores on a simulated gallery, and galleries of other tastes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence

from piaa_tf.data.gallery import GalleryConfig, oracles
from piaa_tf.data.gallery.write import read_config
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The best possible scores on a data set whose truth is known.

    Attributes:
        noise_ceiling: SROCC of each user's noiseless score.
        shared_taste: SROCC of the taste that all users share.
        true_attributes: n -> SROCC of a ridge on the true attributes.
    """

    noise_ceiling: float
    shared_taste: float
    true_attributes: Mapping[int, float]


def bounds_of(
    gallery_dir: str | os.PathLike[str],
    ratings: PersonalRatings,
    num_images: Sequence[int],
    *,
    seed: int,
) -> Bounds:
    """Computes the bounds of a gallery for its test users.

    Args:
        gallery_dir: a written gallery.
        ratings: of its test users.
        num_images: the numbers n; those above half of a user's ratings are left out.
        seed: of the splits of the ridge.
    """
    half = min(len(ratings.of_user(user)) // 2 for user in ratings.user_ids())
    return Bounds(
        oracles.noise_ceiling(gallery_dir),
        oracles.shared_taste(gallery_dir),
        {
            n: oracles.ridge_on_attributes(gallery_dir, n, seed=seed)
            for n in num_images
            if n <= half
        },
    )


def trait_share(gallery_dir: str | os.PathLike[str]) -> float:
    """Returns the share of the variance of ratings that follows from personality."""
    return read_config(gallery_dir).shares.trait


def with_trait_share(
    gallery_dir: str | os.PathLike[str], share: float
) -> GalleryConfig:
    """Describes a gallery that differs only in how much personality decides.

    The images stay the same; idiosyncratic taste gains what the traits lose, or the
    other way round.

    Args:
        gallery_dir: a written gallery.
        share: of the variance of ratings that follows from personality.

    Raises:
        InputError: The share exceeds all that is personal in taste.
    """
    config = read_config(gallery_dir)
    personal = config.shares.trait + config.shares.idiosyncratic
    if not 0 <= share <= personal:
        raise InputError(
            "A trait share must be 0 to what is personal in taste altogether, "
            f"{personal:g}. Got {share:g}."
        )
    shares = dataclasses.replace(
        config.shares, trait=share, idiosyncratic=personal - share
    )
    return dataclasses.replace(config, shares=shares)
