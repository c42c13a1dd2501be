"""Priors that predict without any user, for the generic columns of the tables.

- NIMA: score distributions by the earth mover's distance. Talebi and Milanfar 2018
  (arXiv:1709.05424): softmax over the ten scores, EMD with r = 2 as loss. The paper's
  networks are VGG16 and Inception-v2 with ImageNet weights, dropout of 0.75 and crops
  of 224; here it has the backbone and the training of all other rows.
- Single task: aesthetics alone, personality alone. Slides, AVA table and personality
  table: "DenseNet121(aesthetics)", "Inception-v3(personality)" and so on, with which
  PA_IAA's generic stage is compared. The losses and the number of passes are those of
  the multi-task network, with one output each.
"""

from __future__ import annotations

import numpy as np

from piaa_tf.data.samples import Samples
from piaa_tf.evaluation.baselines.priors import find_prior
from piaa_tf.evaluation.generic import prior_outputs
from piaa_tf.evaluation.system import Training


class GenericPrior:
    """A prior that is trained and predicts, but does not adapt."""

    is_costly = False

    def __init__(self, name: str, role: str) -> None:
        """Takes the name in the tables and the role of the prior."""
        self.name, self.role = name, role

    def fit(self, training: Training) -> None:
        """Finds or trains the prior."""
        self._prior = find_prior(self.role, training, self.name)

    def predict_generic(self, samples: Samples) -> dict[str, np.ndarray]:
        """Predicts everything that the prior has outputs for."""
        return prior_outputs(self._prior, samples.paths)
