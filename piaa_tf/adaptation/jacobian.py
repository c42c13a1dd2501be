"""Derivatives of a user's scores by the user's weights, at the prior's weights."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from piaa_tf.adaptation.scopes import PersonalScore

_NUMBERS_AT_ONCE = 2**24


def score_jacobian(
    personal: PersonalScore, embedding: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Differentiates the scores of images by the user's weights.

    Each image gets its own copy of the weights, as if it were another user, so that
    one ordinary gradient has a row for each.

    Args:
        personal: the scope's score.
        embedding: [N, D].

    Returns:
        The prior's scores, float32 [N], and J, float64 [N, P], the derivative of each
        by the weights, at `personal.prior_weights`.
    """
    start = personal.prior_weights
    at_once = max(1, _NUMBERS_AT_ONCE // start.size)
    scores, rows = [], []
    for first in range(0, len(embedding), at_once):
        part = tf.constant(embedding[first : first + at_once, np.newaxis])
        weights = tf.tile(start[np.newaxis], [len(part), 1])
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            part_scores = personal.score(weights, part)[:, 0]
        scores.append(part_scores.numpy())
        rows.append(tape.gradient(part_scores, weights).numpy().astype(np.float64))
    return np.concatenate(scores), np.concatenate(rows)
