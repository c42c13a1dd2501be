"""Scope `all`: a private copy of the whole network for one user.

Stage two of PA_IAA and the fine-tuning of BLG-PIAA as released: every weight takes a
few Adam steps on one full batch of the user's ratings. Batch statistics stay the
prior's, because ten images say little about all others, and dropout is off.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.adaptation.inner import AdamMoments, adapt_variables
from piaa_tf.adaptation.scopes import head_layer, personal_score
from piaa_tf.losses import rating_loss
from piaa_tf.models.prior import Prior, assign_weights, build_prior
from piaa_tf.ratings import RatingRange

FUSION_RATE_RATIO = 100.0
"""Rate of W_b over that of all else: 1e-3 over 1e-5 in the released code."""


class PrivateNetwork:
    """One network, adapted to one user after another; each starts from the prior.

    Attributes:
        prior: the network; its weights are those of the user adapted to last.
        loop: how it adapts; may be changed between users, without a new trace.
        num_weights: how many weights a user's network has.
    """

    def __init__(self, prior: Prior, rating_range: RatingRange, loop: InnerLoop):
        """Copies the prior; the given one is never changed."""
        self._rating_range = rating_range
        self.prior = build_prior(prior.kind, prior.config, training=prior.training)
        self.restart(prior)
        self._model = self.prior.one_image()
        start, num_head = self._personal.prior_weights, self._personal.num_head
        self._head = tf.Variable(start[:num_head], name="personal_head")
        self._fusion = tf.Variable(start[num_head:], name="personal_fusion")
        # The linear layer's own variables are replaced by `_head` while adapting.
        own = {v.ref() for v in head_layer(self.prior).variables}
        network = [v for v in self._model.trainable_variables if v.ref() not in own]
        fusion = [self._fusion] if len(start) > num_head else []
        self._variables = [*network, self._head, *fusion]
        self._ratios = [1.0] * (len(network) + 1) + [FUSION_RATE_RATIO] * len(fusion)
        self._moments = AdamMoments(self._variables)
        self.loop = loop
        self.num_weights = sum(v.shape.num_elements() for v in self._variables)
        size = prior.config.image_size
        images = tf.TensorSpec([None, size, size, 3], tf.float32)
        self._adapt = tf.function(
            self._adapt_in_place,
            input_signature=[
                images,
                tf.TensorSpec([None], tf.float32),
                tf.TensorSpec([], tf.int32),
                tf.TensorSpec([], tf.float32),
            ],
        )
        self._score = tf.function(self._scores, input_signature=[images])

    def restart(self, prior: Prior) -> None:
        """Lets the next users start from another prior of the same config."""
        self._prior_weights = prior.weights()
        assign_weights(self.prior.model, self._prior_weights)
        self._personal = personal_score(self.prior, "all", self._rating_range)

    def _scores(self, image: tf.Tensor) -> tf.Tensor:
        embedding = self._model(image, training=False)["embedding"]
        weights = tf.concat([self._head, self._fusion], axis=0)
        return self._personal.score(weights[tf.newaxis], embedding[tf.newaxis])[0]

    def _adapt_in_place(
        self, image: tf.Tensor, rating: tf.Tensor, steps: tf.Tensor, rate: tf.Tensor
    ) -> tf.Tensor:
        self._moments.reset()
        return adapt_variables(
            self._variables,
            self._moments,
            lambda step: tf.reduce_mean(rating_loss(self._scores(image), rating)),
            steps=steps,
            rates=[ratio * rate for ratio in self._ratios],
        )

    def adapt(self, image: np.ndarray, rating: np.ndarray) -> np.ndarray:
        """Adapts the whole network, from the prior, to one user's ratings.

        Args:
            image: the rated images, float32 [n, S, S, 3] in 0..255.
            rating: [n], in the rating range.

        Returns:
            The user's weights behind the embedding, float32 [P]. The rest of the
            network is this object's, until the next user.
        """
        self.forget()
        self._adapt(
            tf.constant(image, tf.float32),
            tf.constant(rating, tf.float32),
            tf.constant(self.loop.steps),
            tf.constant(self.loop.rate),
        )
        layer = head_layer(self.prior)
        kernel_shape = layer.kernel.shape
        kernel, bias = np.split(self._head.numpy(), [kernel_shape.num_elements()])
        layer.set_weights([kernel.reshape(kernel_shape), bias])
        return np.concatenate([self._head.numpy(), self._fusion.numpy()])

    def forget(self) -> None:
        """Resets every weight to the prior's."""
        assign_weights(self.prior.model, self._prior_weights)
        num_head = self._personal.num_head
        self._head.assign(self._personal.prior_weights[:num_head])
        self._fusion.assign(self._personal.prior_weights[num_head:])

    def score(self, image: np.ndarray) -> np.ndarray:
        """Scores images by the network in its present state.

        Args:
            image: float32 [n, S, S, 3] in 0..255.

        Returns:
            Scores in the rating range, float32 [n].
        """
        return self._score(tf.constant(image, tf.float32)).numpy()
