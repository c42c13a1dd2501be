"""Personality: how well the traits of those who like an image are predicted.

There are two levels. The traits predicted from each liked image are compared with its
liker's; the papers' figures are most likely of this kind. And each person's portrait,
the mean over the images they like, is compared with the person's traits.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from piaa_tf.adaptation.predict import predict
from piaa_tf.data.samples import LikedImages
from piaa_tf.metrics import plcc, srocc
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import TRAITS

LEVELS = ("image", "user")


@dataclasses.dataclass(frozen=True)
class TraitFigures:
    """How well one trait is predicted.

    Attributes:
        level: "image", where each like counts; or "user", where each person counts.
        trait: one of `ratings.TRAITS`.
        srocc: rank correlation.
        plcc: linear correlation.
        rmse: root of the mean squared error, in units of the trait, -1..1.
        count: likes or people.
    """

    level: str
    trait: str
    srocc: float
    plcc: float
    rmse: float
    count: int


def compare_traits(predicted: np.ndarray, samples: LikedImages) -> list[TraitFigures]:
    """Measures predicted traits at both levels.

    Args:
        predicted: [N, 5], a row for each sample.
        samples: likes of people held out from the training, of two or more people.

    Returns:
        The five traits at the level of images, then at that of users.
    """
    users, own_rows = np.unique(np.array(samples.users), return_inverse=True)
    counts = np.bincount(own_rows)[:, np.newaxis]

    def by_user(values: np.ndarray) -> np.ndarray:
        sums = np.zeros([len(users), len(TRAITS)])
        np.add.at(sums, own_rows, values)
        return sums / counts

    levels = {
        "image": (np.asarray(predicted), samples.traits),
        "user": (by_user(predicted), by_user(samples.traits)),
    }
    return [
        TraitFigures(
            level,
            trait,
            srocc=srocc(guess[:, i], truth[:, i]),
            plcc=plcc(guess[:, i], truth[:, i]),
            rmse=float(np.sqrt(np.mean((guess[:, i] - truth[:, i]) ** 2))),
            count=len(truth),
        )
        for level, (guess, truth) in levels.items()
        for i, trait in enumerate(TRAITS)
    ]


def trait_metrics(prior: Prior, samples: LikedImages) -> dict[str, float]:
    """Correlates predicted traits with the likers', image by image.

    Args:
        prior: predicts traits.
        samples: likes of people held out from its training.

    Returns:
        `srocc_TRAIT` for each of the five.
    """
    predicted = predict(prior, samples.paths)["traits"]
    return {
        f"srocc_{trait}": srocc(predicted[:, i], samples.traits[:, i])
        for i, trait in enumerate(TRAITS)
    }
