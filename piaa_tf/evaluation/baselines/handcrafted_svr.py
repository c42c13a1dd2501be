"""Handcrafted features with a support vector regressor: no network at all.

The conventional approach of the slides; the row "AVA handcrafted features" of their
table is that of Murray et al. 2012, which classifies generic descriptors (Fisher
vectors of SIFT and colour). Here scores are regressed on features after photography's
rules, as in Datta et al. 2006 and Tang et al. 2013, so the published figure beside this
row is another method's. A user's ratings are learned as in PAM, on top of this score
instead of a network's.
"""

from __future__ import annotations

import numpy as np

from piaa_tf.data.samples import PersonalRatings, Samples, average_scores
from piaa_tf.evaluation.baselines.image_features import ImageFeatures
from piaa_tf.evaluation.baselines.regressor import (
    REGRESSORS,
    Regressor,
    deviation_model,
    generic_model,
)
from piaa_tf.evaluation.baselines.tuning import choose_settings, nearest
from piaa_tf.evaluation.system import PersonalModel, Training

GENERIC = Regressor(cost=0.1, width=1.5, tube=0.05)
"""For average scores in 0..1."""

MAX_IMAGES, MAX_QUICK_IMAGES = 4000, 500
"""Most training images that are drawn: time grows with the square of their number."""


class HandcraftedSvr:
    """The system; see the module."""

    name, role, is_costly = "Handcrafted features + SVR", None, False

    def fit(self, training: Training) -> None:
        """Regresses average scores, a crowd's or else the users'."""
        samples = training.average_samples(self.name)
        images, scores = average_scores(samples)
        self._features = ImageFeatures(["attribute"])
        table = self._features.fit(training, self.name, samples)
        most = MAX_QUICK_IMAGES if training.is_quick else MAX_IMAGES
        drawn = np.random.default_rng(training.seed).permutation(len(images))[:most]
        features = table.features[table.rows(images)]
        self._svr = GENERIC.fit(features[drawn], scores[drawn])
        validation = training.validation.get(PersonalRatings)
        if validation is not None:
            self.prepare(validation)
        self._chosen = choose_settings(
            self._adapt, REGRESSORS, training, system=self.name
        )

    def predict_generic(self, samples: Samples) -> dict[str, np.ndarray]:
        """Predicts the average score of each image, about in 0..1."""
        table = self._features.look(samples)
        rows = table.rows(samples.images)
        return {"score": self._svr.predict(table.features[rows])}

    def prepare(self, ratings: PersonalRatings) -> None:
        """Computes the features and generic scores of the images."""
        self._table = self._features.look(ratings)
        self._scores = self._svr.predict(self._table.features)
        self._range = ratings.rating_range

    def prior(self) -> PersonalModel:
        """Returns the generic score."""
        return generic_model(self._table, self._scores, self._range)

    def adapt(self, support: PersonalRatings) -> PersonalModel:
        """Learns how the user deviates from the generic score."""
        return self._adapt(support, nearest(self._chosen, len(support)))

    def _adapt(self, support: PersonalRatings, regressor: Regressor) -> PersonalModel:
        return deviation_model(self._table, self._scores, regressor, support)
