"""Handcrafted features with a support vector regressor: no network at all.

The conventional approach of the slides; the row "AVA handcrafted features" of their
table is that of Murray et al. 2012, which classifies generic descriptors (Fisher
vectors of SIFT and colour). Here photography's rules are regressed, in the manner of
Datta et al. 2006 and Tang et al. 2013, so that the row's figure is another method's. A
user's ratings are learned as in PAM, upon this score instead of a network's.
"""

from __future__ import annotations

import numpy as np

from piaa_tf.data.samples import PersonalRatings, Samples, average_scores
from piaa_tf.evaluation.baselines.pictures import PictureFeatures
from piaa_tf.evaluation.baselines.regressor import (
    REGRESSORS,
    Regressor,
    deviation_model,
    generic_model,
)
from piaa_tf.evaluation.baselines.tuning import choose_settings, nearest
from piaa_tf.evaluation.system import PersonalModel, Training

GENERIC = Regressor(cost=0.1, width=1.5, tube=0.05)
"""Of average scores in 0..1."""

MAX_PICTURES, MAX_QUICK_PICTURES = 4000, 500
"""Training pictures drawn at most: the regressor's time grows with their square."""


class HandcraftedSvr:
    """The system; see the module."""

    name, role, is_costly = "Handcrafted features + SVR", None, False

    def fit(self, training: Training) -> None:
        """Regresses average scores: of a crowd where there is one, else of users."""
        samples = training.average_samples(self.name)
        images, scores = average_scores(samples)
        self._features = PictureFeatures(["attribute"])
        pictures = self._features.fit(training, self.name, samples)
        most = MAX_QUICK_PICTURES if training.is_quick else MAX_PICTURES
        drawn = np.random.default_rng(training.seed).permutation(len(images))[:most]
        features = pictures.features[pictures.rows(images)]
        self._svr = GENERIC.fit(features[drawn], scores[drawn])
        validation = training.validation.get(PersonalRatings)
        if validation is not None:
            self.prepare(validation)
        self._chosen = choose_settings(
            self._adapt, REGRESSORS, training, system=self.name
        )

    def predict_generic(self, samples: Samples) -> dict[str, np.ndarray]:
        """Predicts the average score of each picture, about in 0..1."""
        pictures = self._features.look(samples)
        rows = pictures.rows(samples.images)
        return {"score": self._svr.predict(pictures.features[rows])}

    def prepare(self, ratings: PersonalRatings) -> None:
        """Looks at the pictures."""
        self._pictures = self._features.look(ratings)
        self._scores = self._svr.predict(self._pictures.features)
        self._range = ratings.rating_range

    def prior(self) -> PersonalModel:
        """Returns the generic score."""
        return generic_model(self._pictures, self._scores, self._range)

    def adapt(self, support: PersonalRatings) -> PersonalModel:
        """Learns the user's deviation."""
        return self._adapt(support, nearest(self._chosen, len(support)))

    def _adapt(self, support: PersonalRatings, regressor: Regressor) -> PersonalModel:
        return deviation_model(self._pictures, self._scores, regressor, support)
