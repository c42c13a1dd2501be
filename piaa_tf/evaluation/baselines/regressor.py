"""A support vector regressor with a radial kernel, which several systems use."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from sklearn.svm import SVR

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.baselines.image_features import FeatureTable
from piaa_tf.evaluation.baselines.user_model import UserModel
from piaa_tf.ratings import RatingRange


@dataclasses.dataclass(frozen=True)
class Regressor:
    """Constants of the regressor.

    Attributes:
        cost: C, the bound of a support vector's weight; large values trust the targets.
        width: of the kernel, in units of the expected distance between standardised
            features.
        tube: epsilon, the error that costs nothing.
    """

    cost: float
    width: float
    tube: float = 0.1

    def fit(self, features: np.ndarray, targets: np.ndarray) -> SVR:
        """Fits a regressor.

        Args:
            features: [n, F], roughly standardised.
            targets: [n].

        Returns:
            The regressor, which predicts [N] from [N, F].
        """
        gamma = 1 / (self.width**2 * features.shape[1])
        svr = SVR(kernel="rbf", C=self.cost, gamma=gamma, epsilon=self.tube)
        return svr.fit(features, targets)


def num_weights(svr: SVR) -> int:
    """Counts a regressor's numbers: support vectors, their weights, the offset."""
    return svr.support_vectors_.size + svr.dual_coef_.size + 1


STARS = 4.0
"""Width of the range 1..5, to which all ratings are mapped for a user's regressor."""

REGRESSORS = tuple(
    Regressor(cost, width) for cost in (0.3, 0.1, 1.0, 3.0) for width in (3.0, 1.0)
)
"""Candidates for a user's regressor."""


def generic_model(
    table: FeatureTable, scores: np.ndarray, rating_range: RatingRange
) -> UserModel:
    """Returns the model of a user about whom nothing is known: the generic score.

    Args:
        table: of N images.
        scores: their generic scores [N], in 0..1.
        rating_range: of the user.
    """
    scores = rating_range.from_unit(scores)
    return UserModel(0, lambda images: scores[table.rows(images)])


def deviation_model(
    table: FeatureTable,
    scores: np.ndarray,
    regressor: Regressor,
    support: PersonalRatings,
) -> UserModel:
    """Learns how a user deviates from generic scores.

    Args:
        table: of N images, including those of the support.
        scores: their generic scores [N], in 0..1.
        regressor: learns the deviation from the images' features.
        support: ratings of one user.

    Returns:
        Generic score plus deviation, in the user's range.
    """
    rows = table.rows(support.images)
    lack = support.rating_range.to_unit(support.ratings) - scores[rows]
    svr = regressor.fit(table.features[rows], STARS * lack)

    def predict(images: Sequence[str]) -> np.ndarray:
        rows = table.rows(images)
        deviation = svr.predict(table.features[rows]) / STARS
        return support.rating_range.from_unit(scores[rows] + deviation)

    return UserModel(num_weights(svr), predict)
