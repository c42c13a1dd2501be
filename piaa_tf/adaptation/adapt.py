"""Adapts the weights behind the embedding, and scores with them, for many users."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from piaa_tf.adaptation.inner import adapt_weights
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.errors import InputError

USERS_AT_ONCE = 64


@dataclasses.dataclass(frozen=True)
class InnerLoop:
    """How long and how fast the inner loop adapts.

    Attributes:
        steps: S, at least 1.
        rate: alpha, above 0.
    """

    steps: int
    rate: float

    def __post_init__(self) -> None:
        """Checks the numbers."""
        if self.steps < 1:
            raise InputError(f"steps must be >= 1. Got {self.steps}.")
        if not self.rate > 0:
            raise InputError(f"rate must be > 0. Got {self.rate}.")

    def __str__(self) -> str:
        """Returns the loop in words, as it is kept with the tastes."""
        return f"adam, {self.steps} steps of {self.rate:g}"


class SupportAdapter:
    """Adapts the prior's weights to support sets; traced once for all of them."""

    def __init__(self, personal: PersonalScore, size: int) -> None:
        """Takes the scope's score and D, the length of an embedding."""
        self._personal = personal
        self._adapt = tf.function(
            self._adapted,
            input_signature=[
                tf.TensorSpec([None, None, size], tf.float32),
                tf.TensorSpec([None, None], tf.float32),
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([], tf.int32),
                tf.TensorSpec([], tf.float32),
            ],
        )

    def _adapted(
        self,
        embedding: tf.Tensor,
        rating: tf.Tensor,
        count: tf.Tensor,
        steps: tf.Tensor,
        rate: tf.Tensor,
    ) -> tf.Tensor:
        start = self._personal.prior_weights[np.newaxis]
        return adapt_weights(
            self._personal.score,
            tf.tile(start, [tf.shape(rating)[0], 1]),
            embedding,
            rating,
            count,
            steps=tf.cast(steps, tf.float32),
            rate=rate,
        )

    def __call__(
        self, supports: list[tuple[np.ndarray, np.ndarray]], loop: InnerLoop
    ) -> np.ndarray:
        """Adapts to each of many support sets.

        Args:
            supports: embedding [n, D] and rating [n] of each; n may differ.
            loop: steps and rate.

        Returns:
            Adapted weights, float32 [len(supports), P].
        """
        adapted = [
            self._adapt(
                *_padded(supports[first : first + USERS_AT_ONCE]),
                np.int32(loop.steps),
                np.float32(loop.rate),
            ).numpy()
            for first in range(0, len(supports), USERS_AT_ONCE)
        ]
        return np.concatenate(adapted)


def adapt_supports(
    personal: PersonalScore,
    supports: list[tuple[np.ndarray, np.ndarray]],
    loop: InnerLoop,
) -> np.ndarray:
    """Adapts the prior's weights to each of many support sets, once.

    Args:
        personal: the scope's score.
        supports: embedding [n, D] and rating [n] of each; n may differ.
        loop: steps and rate.

    Returns:
        Adapted weights, float32 [len(supports), P].
    """
    return SupportAdapter(personal, supports[0][0].shape[1])(supports, loop)


def _padded(
    supports: Sequence[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stacks supports of different sizes, padded with zeros: [B, N, D], [B, N], [B]."""
    counts = [len(rating) for _, rating in supports]
    size = supports[0][0].shape[1]
    embedding = np.zeros([len(supports), max(counts), size], np.float32)
    rating = np.zeros([len(supports), max(counts)], np.float32)
    for i, (own_embedding, own_rating) in enumerate(supports):
        embedding[i, : counts[i]] = own_embedding
        rating[i, : counts[i]] = own_rating
    return embedding, rating, np.array(counts, np.int32)


def score_users(
    personal: PersonalScore, weights: np.ndarray, embedding: np.ndarray
) -> np.ndarray:
    """Scores the same images for many users.

    Args:
        personal: the scope's score.
        weights: [users, P].
        embedding: [images, D].

    Returns:
        Scores in the users' rating range, float32 [users, images].
    """
    users = [
        personal.score(tf.constant(row[np.newaxis]), tf.constant(embedding[np.newaxis]))
        for row in np.asarray(weights, np.float32)
    ]
    return np.concatenate([scores.numpy() for scores in users])
