"""Adapts to ratings that may be bad: those of a request, or of a phone.

A graph cannot raise an error for one row of a batch. A row that cannot be adapted to
keeps the weights it starts with and is marked; the others are not affected.
"""

from __future__ import annotations

import tensorflow as tf

from piaa_tf.adaptation.inner import ScoreFunction, adapt_weights
from piaa_tf.ratings import RatingRange


def adapt_sound_rows(
    score: ScoreFunction,
    weights: tf.Tensor,
    embedding: tf.Tensor,
    rating: tf.Tensor,
    count: tf.Tensor,
    *,
    rating_range: RatingRange,
    steps: int,
    rate: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Adapts each row whose ratings are sound.

    A row is sound if 1 <= count <= N and its first `count` ratings are in the range and
    have finite embeddings. What follows them is ignored.

    Args:
        score: as in `inner.adapt_weights`.
        weights: where each row starts, [users, P].
        embedding: [users, N, D].
        rating: [users, N].
        count: int [users].
        rating_range: of the ratings.
        steps: S.
        rate: alpha.

    Returns:
        The weights, [users, P], and whether they were adapted, bool [users].
    """
    places = tf.shape(rating)[1]
    counted = tf.sequence_mask(count, places)
    sound = rating_range.contains(rating) & _is_finite(embedding)
    is_ok = (count >= 1) & (count <= places)
    is_ok &= tf.reduce_all(sound | ~counted, axis=1)
    # No NaN may enter the loop: not from padding, not from a row that is refused.
    used = counted & tf.expand_dims(is_ok, 1)
    adapted = adapt_weights(
        score,
        weights,
        tf.where(tf.expand_dims(used, -1), embedding, tf.zeros_like(embedding)),
        tf.where(used, rating, tf.zeros_like(rating)),
        tf.where(is_ok, count, tf.ones_like(count)),
        steps=steps,
        rate=rate,
    )
    is_ok &= _is_finite(adapted)
    return tf.where(tf.expand_dims(is_ok, 1), adapted, weights), is_ok


def _is_finite(rows: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all(tf.math.is_finite(rows), axis=-1)
