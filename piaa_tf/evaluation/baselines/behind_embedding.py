"""Systems that keep the network, and adapt the weights behind its embedding.

- PA_IAA (W_b alone): the other reading of "fine-tuned" in PA_IAA, see `fine_tuned.py`:
  five numbers per user.
- Ridge on embeddings: the score head of the multi-task prior in closed form. Ren et
  al.'s residual, and more recently one ridge per user on embeddings of large frozen
  networks, are reported as hard to beat. The weights of the last linear layer are
  shrunk to the prior's (`adaptation/ridge.py`); the strength is chosen on validation
  users. Not in the papers' tables.
- ANIL: only the last linear layer adapts, by the gradient descent that it was trained
  for. Raghu et al. 2020 (arXiv:1909.09157). Meta-training differentiates through the
  inner steps on the head; a user's steps are of the same kind, on the mean squared
  error over [0, 1]. Their number is chosen on validation users, and may exceed that of
  meta-training. Not in the papers' tables.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import tensorflow as tf

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.adaptation.ridge import STRENGTH, RidgeFit
from piaa_tf.evaluation.adapted_prior import BehindEmbedding, Method
from piaa_tf.evaluation.baselines.priors import META
from piaa_tf.evaluation.baselines.tuned_prior import TunedPrior
from piaa_tf.losses import rating_loss
from piaa_tf.models import blg_piaa
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import RatingRange

FUSION_LOOPS = (InnerLoop(20, 0.02), InnerLoop(60, 0.02), InnerLoop(60, 0.05))
RIDGES = tuple(RidgeFit(strength) for strength in (STRENGTH, 1.0, 3.0, 30.0))
RATE = META["anil"].inner_rate
DESCENTS = tuple(InnerLoop(steps, RATE) for steps in (5, 20, 80))


class DescendingHead(BehindEmbedding):
    """A head that adapts by plain gradient descent from its meta-trained weights."""

    def __init__(
        self, name: str, prior: Prior, rating_range: RatingRange, method: Method
    ) -> None:
        """Takes what `BehindEmbedding` takes, except for the scope."""
        super().__init__(name, prior, rating_range, method, scope="head")
        self._descend: Callable | None = None

    def _stepped_weights(
        self, embedding: np.ndarray, rating: np.ndarray, loop: InnerLoop
    ) -> np.ndarray:
        """Computes one user's weights [P] from embeddings [n, D] and ratings [n]."""
        if self._descend is None:
            self._descend = self._descent(embedding.shape[1])
        return self._descend(
            embedding,
            self.rating_range.to_unit(rating),
            np.int32(loop.steps),
            np.float32(loop.rate),
        ).numpy()

    def _descent(self, size: int) -> Callable:
        """Traces (embedding [n, D], unit rating [n], steps, rate) -> weights [P]."""
        start, link = self._personal.prior_weights, self._prior.config.link

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, size], tf.float32),
                tf.TensorSpec([None], tf.float32),
                tf.TensorSpec([], tf.int32),
                tf.TensorSpec([], tf.float32),
            ]
        )
        def descend(
            embedding: tf.Tensor,
            unit_rating: tf.Tensor,
            steps: tf.Tensor,
            rate: tf.Tensor,
        ) -> tf.Tensor:
            weights = tf.constant(start)
            for _ in tf.range(steps):
                with tf.GradientTape() as tape:
                    tape.watch(weights)
                    score = blg_piaa.unit_score(
                        weights[tf.newaxis], embedding[tf.newaxis], link
                    )[0]
                    loss = tf.reduce_mean(rating_loss(score, unit_rating))
                weights -= rate * tape.gradient(loss, weights)
            return weights

        return descend


fusion_alone = partial(
    TunedPrior,
    "PA_IAA (W_b alone)",
    "multitask",
    partial(BehindEmbedding, scope="fusion"),
    FUSION_LOOPS,
)
ridge = partial(
    TunedPrior,
    "Ridge on embeddings",
    "multitask",
    partial(BehindEmbedding, scope="head"),
    RIDGES,
)
anil = partial(TunedPrior, "ANIL", "anil", DescendingHead, DESCENTS)
