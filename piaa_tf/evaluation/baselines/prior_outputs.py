"""What a prior says without any user: the generic columns of the tables."""

from __future__ import annotations

import numpy as np

from piaa_tf.data.samples import Samples
from piaa_tf.evaluation.baselines.priors import find_prior
from piaa_tf.evaluation.generic import prior_outputs
from piaa_tf.evaluation.system import Training


class GenericPrior:
    """A prior that is trained, and predicts; nobody adapts it."""

    def __init__(self, name: str, role: str) -> None:
        """Takes its name in the tables and its role."""
        self.name, self._role = name, role

    def fit(self, training: Training) -> None:
        """Finds or trains the prior."""
        self._prior = find_prior(self._role, training, self.name)

    def predict_generic(self, samples: Samples) -> dict[str, np.ndarray]:
        """Predicts whatever the prior has outputs for."""
        return prior_outputs(self._prior, samples.paths)
