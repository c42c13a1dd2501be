"""Which pixels a score reacts to: the plain gradient, as a pure function."""

from __future__ import annotations

from typing import Callable

import tensorflow as tf


def gradient_saliency(
    score: Callable[[tf.Tensor], tf.Tensor], image: tf.Tensor
) -> tf.Tensor:
    """Computes |d score / d pixel|, the largest of the channels.

    Simonyan et al. 2013 (arXiv:1312.6034), section 3.1.

    Args:
        score: pictures [n, S, S, 3] -> scores [n], each of its own picture alone.
        image: [n, S, S, 3].

    Returns:
        At least 0, [n, S, S].
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(image)
        scores = score(image)
    return tf.reduce_max(tf.abs(tape.gradient(scores, image)), axis=-1)
