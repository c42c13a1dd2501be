"""PAM: a support vector regressor of a user's deviation from the generic score.

Ren et al., *Personalized Image Aesthetics*, ICCV 2017: a user's deviation from generic
aesthetics follows from content and attributes, and is learned by a support vector
regressor with a radial kernel on them; s_b = generic + deviation.

As in the paper: the residual, the regressor, the three choices of features. Different:
the attributes are handcrafted instead of learned from AADB, and the content is a
prior's embedding instead of the clusters of an image classifier's features. Unknown:
the regressor's constants; here they are chosen on validation users. The paper's active
selection of images is not part of the tables.
"""

from __future__ import annotations

from collections.abc import Sequence

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.baselines.image_features import (
    ImageFeatures,
    described,
)
from piaa_tf.evaluation.baselines.regressor import (
    REGRESSORS,
    Regressor,
    deviation_model,
    generic_model,
)
from piaa_tf.evaluation.baselines.tuning import choose_settings, nearest
from piaa_tf.evaluation.system import PersonalModel, Training


class Pam:
    """The system; see the module."""

    is_costly = False

    def __init__(self, parts: Sequence[str]) -> None:
        """Chooses the features: "content", "attribute" or both."""
        self.name = f"PAM ({described(parts)})"
        self._features = ImageFeatures(parts, with_generic=True)
        self.role = self._features.role

    def fit(self, training: Training) -> None:
        """Scales the features and chooses the regressor's constants."""
        ratings = training.samples(PersonalRatings, self.name)
        self._features.fit(training, self.name, ratings)
        validation = training.validation.get(PersonalRatings)
        if validation is not None:
            self.prepare(validation)
        self._chosen = choose_settings(
            self._adapt, REGRESSORS, training, system=self.name
        )

    def prepare(self, ratings: PersonalRatings) -> None:
        """Computes the features of the images."""
        self._table = self._features.look(ratings)
        self._range = ratings.rating_range

    def prior(self) -> PersonalModel:
        """Returns the generic score."""
        return generic_model(self._table, self._table.generic, self._range)

    def adapt(self, support: PersonalRatings) -> PersonalModel:
        """Learns how the user deviates from the generic score."""
        return self._adapt(support, nearest(self._chosen, len(support)))

    def _adapt(self, support: PersonalRatings, regressor: Regressor) -> PersonalModel:
        table = self._table
        return deviation_model(table, table.generic, regressor, support)
