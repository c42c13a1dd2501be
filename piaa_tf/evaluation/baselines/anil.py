"""ANIL: the last linear layer alone adapts, by gradient descent it was trained for.

Raghu et al. 2020 (arXiv:1909.09157). Meta-training differentiates through the inner
steps on the head; a user's steps are of the same kind, on the mean squared error over
[0, 1]. How many, beyond those of meta-training, is chosen on validation users. Not in
the papers' tables.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.evaluation.baselines.behind_embedding import BehindEmbedding
from piaa_tf.evaluation.baselines.priors import META
from piaa_tf.losses import rating_loss
from piaa_tf.models import blg_piaa
from piaa_tf.models.prior import Prior

RATE = META["anil"]["inner_rate"]


class Anil(BehindEmbedding):
    """A head that descends from where meta-training has put it."""

    def __init__(self) -> None:
        """Chooses among as many steps as trained, and more."""
        loops = [InnerLoop(steps, RATE) for steps in (5, 20, 80)]
        super().__init__("ANIL", "anil", "head", loops)

    def adapter(self, prior: Prior, personal: PersonalScore, size: int):
        """Gives plain descent instead of Adam; as of `BehindEmbedding.adapter`."""

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, size], tf.float32),
                tf.TensorSpec([None], tf.float32),
                tf.TensorSpec([], tf.int32),
                tf.TensorSpec([], tf.float32),
            ]
        )
        def descend(embedding, unit_rating, steps, rate):
            weights = tf.constant(personal.prior_weights)
            for _ in tf.range(steps):
                with tf.GradientTape() as tape:
                    tape.watch(weights)
                    score = blg_piaa.unit_score(
                        weights[tf.newaxis], embedding[tf.newaxis], prior.config.link
                    )[0]
                    loss = tf.reduce_mean(rating_loss(score, unit_rating))
                weights -= rate * tape.gradient(loss, weights)
            return weights

        def adapt(embedding, rating, loop: InnerLoop) -> np.ndarray:
            unit = self.rating_range.to_unit(rating)
            return descend(
                embedding, unit, np.int32(loop.steps), np.float32(loop.rate)
            ).numpy()

        return adapt


def build() -> Anil:
    """Makes the system, unfitted."""
    return Anil()
