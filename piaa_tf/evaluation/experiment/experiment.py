"""What an evaluation depends on, as plain data; cheap to import."""

from __future__ import annotations

import dataclasses
from typing import Any

from piaa_tf.errors import InputError

ALL = "all"

QUICK: dict[str, Any] = {
    "repeats": 2,
    "costly_repeats": 1,
    "curve": (10, 30, 100),
    "trait_shares": (),
}
"""What `quick` overrides."""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What an evaluation depends on.

    Attributes:
        dataset: a name of `data.datasets.catalog`.
        data_dir: its folder; the gallery is rendered there if it does not exist.
        prior: folders of priors, which are then not trained.
        systems: keys of `baselines.systems.SYSTEMS`, or "all" alone.
        num_images: the numbers n of the tables.
        repeats: random splits of each user.
        costly_repeats: the same for systems that adapt a whole network.
        curve: the numbers n of the learning curve, up to the largest of `num_images`.
        same_tests: whether all n are tested on the same images.
        trait_shares: for the gallery: further shares of the variance of ratings that
            follow from personality, for the systems that use it.
        backbone: of the networks trained here.
        backbones: further ones, for BA-PIAA and BLG-PIAA beside each other.
        image_size: height and width of their input in pixels.
        quick: whether to train little and use few splits.
        seed: of the training and the splits.
        out: folder of the report; finished parts are kept in `work` below it.
    """

    dataset: str = "gallery"
    data_dir: str = ""
    prior: tuple[str, ...] = ()
    systems: tuple[str, ...] = (ALL,)
    num_images: tuple[int, ...] = (10, 100)
    repeats: int = 10
    costly_repeats: int = 2
    curve: tuple[int, ...] = (5, 10, 20, 50, 100)
    same_tests: bool = False
    trait_shares: tuple[float, ...] = (0.05, 0.33)
    backbone: str = "compact"
    backbones: tuple[str, ...] = ()
    image_size: int = 64
    quick: bool = False
    seed: int = 0
    out: str = "runs/report"

    def __post_init__(self) -> None:
        """Checks what can be checked without data."""
        for name in ("repeats", "costly_repeats"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be >= 1. Got {getattr(self, name)}.")
        if not self.num_images or min((*self.num_images, *self.curve)) < 2:
            raise InputError(
                "num_images and curve must be numbers >= 2, and num_images at least "
                f"one. Got {self.num_images} and {self.curve}."
            )
