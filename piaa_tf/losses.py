"""The losses of the slides, L_a, L_p and L_b, of NIMA and of the ranking network.

Pure functions of tensors that return one loss per sample. The average over samples is
the caller's: under `tf.distribute` it divides by the global batch, never by a
replica's. Half precision is widened to float32 first; float64 stays float64, so that
an algorithm can be compared with its reference to the last digits.
"""

from __future__ import annotations

import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.ratings import TRAITS


def distribution_loss(predicted: tf.Tensor, true: tf.Tensor) -> tf.Tensor:
    """Computes L_a: the mean squared error over the bins of a score distribution.

    L_a = 1/N_a sum_i [ 1/N sum_n (s^_an - s_an)^2 ]; this function returns the
    bracket of every image i. PA_IAA, generic aesthetics loss (Li et al., IEEE TIP
    2020, as on the slides).

    >>> distribution_loss([[0.5, 0.5]], [[1.0, 0.0]]).numpy().tolist()
    [0.25]

    Args:
        predicted: s^_a, [batch, bins], rows that sum to one.
        true: s_a, [batch, bins], rows that sum to one.

    Returns:
        [batch], each in [0, 2 / bins].

    Raises:
        ValueError: The shapes differ.
    """
    predicted, true = _widened(predicted, true)
    return tf.reduce_mean(tf.math.squared_difference(predicted, true), axis=-1)


def trait_loss(predicted: tf.Tensor, true: tf.Tensor) -> tf.Tensor:
    """Computes L_p: the mean squared error over the five traits.

    L_p = 1/(U M) sum_u sum_m [ 1/5 sum_i (S^_p^umi - S_p^ui)^2 ]; this function
    returns the bracket of every liked image m of every user u. PA_IAA, personality
    loss (Li et al., IEEE TIP 2020, as on the slides).

    >>> trait_loss([[0.5, 0, 0, 0, 0]], [[0.5, 1, 0, 0, -2]]).numpy().tolist()
    [1.0]

    Args:
        predicted: S^_p, [batch, 5] in [-1, 1], in the order of `ratings.TRAITS`.
        true: S_p, the same for the users who liked the images.

    Returns:
        [batch], each in [0, 4].

    Raises:
        ValueError: The shapes differ, or the last axis is not the five traits.
    """
    predicted, true = _widened(predicted, true)
    if predicted.shape[-1] not in (None, len(TRAITS)):
        raise ValueError(
            f"The last axis of traits must have {len(TRAITS)} entries. "
            f"Got shape {predicted.shape}."
        )
    return tf.reduce_mean(tf.math.squared_difference(predicted, true), axis=-1)


def rating_loss(predicted: tf.Tensor, true: tf.Tensor) -> tf.Tensor:
    """Computes L_b: the squared error of a personal score.

    L_b = 1/N_b sum_i [ (s^_b - s_b)^2 ]; this function returns the bracket of every
    rating i. The loss of PA_IAA's personal stage and of BLG-PIAA's inner steps, as on
    the slides.

    >>> rating_loss([3.0, 4.5], [5.0, 4.0]).numpy().tolist()
    [4.0, 0.25]

    Args:
        predicted: s^_b, [batch], in the unit of `true`.
        true: s_b, [batch]; or both of any other one shape.

    Returns:
        The shape of the arguments, each >= 0.

    Raises:
        ValueError: The shapes differ ([batch, 1] against [batch] would broadcast to
            all pairs).
    """
    predicted, true = _widened(predicted, true)
    return tf.math.squared_difference(predicted, true)


def ranking_loss(predicted: tf.Tensor, true: tf.Tensor, margin: float) -> tf.Tensor:
    """Computes the hinge by which pairs of a batch are ranked wrongly or narrowly.

    L_rank = mean over pairs of max(0, alpha - d(y_i >= y_j) (y^_i - y^_j)), d = 1 or
    -1: Kong et al. 2016 (arXiv:1606.01621), the ranking network. This function returns
    the mean over all images j of the batch that people put above or below image i.
    Pairs of equal y have no order and do not count.

    >>> ranking_loss([0.5, 0.25], [0.0, 1.0], margin=0.25).numpy().tolist()
    [0.5, 0.5]

    Args:
        predicted: y^, [batch].
        true: y, [batch], in the same unit.
        margin: alpha, by how much a better image must score higher; > 0.

    Returns:
        [batch], each >= 0; 0 for an image without a pair.

    Raises:
        ValueError: The shapes differ.
        InputError: The margin is not > 0.
    """
    if not margin > 0:
        raise InputError(f"margin must be > 0. Got {margin}.")
    predicted, true = _widened(predicted, true)
    order = tf.sign(true[:, tf.newaxis] - true)
    apart = order * (predicted[:, tf.newaxis] - predicted)
    hinge = tf.abs(order) * tf.nn.relu(margin - apart)
    return tf.math.divide_no_nan(
        tf.reduce_sum(hinge, axis=1), tf.reduce_sum(tf.abs(order), axis=1)
    )


def emd_loss(predicted: tf.Tensor, true: tf.Tensor, r: float = 2) -> tf.Tensor:
    """Computes the earth mover's distance between ordered score distributions.

    EMD = (1/N sum_n |CDF_p(n) - CDF_q(n)|^r)^(1/r), eq. 1 of Talebi and Milanfar,
    NIMA, 2018 (arXiv:1709.05424), which trains with r = 2 and reports r = 1. The
    slope of a root at zero is infinite; where the distributions agree, the gradient
    here is zero.

    >>> emd_loss([[1.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 1.0]], r=1).numpy().tolist()
    [0.75]

    Args:
        predicted: [batch, bins], rows that sum to one, bins in order.
        true: [batch, bins], the same.
        r: the order of the norm, >= 1.

    Returns:
        [batch], each in [0, 1).

    Raises:
        ValueError: The shapes differ.
        InputError: r < 1.
    """
    if not r >= 1:
        raise InputError(f"r must be >= 1. Got {r}. NIMA trains with 2, reports 1.")
    predicted, true = _widened(predicted, true)
    distance = tf.abs(tf.cumsum(predicted - true, axis=-1))
    mean = tf.reduce_mean(tf.pow(distance, r), axis=-1)
    agree = mean == 0
    # Both branches of tf.where are differentiated: the unused one must be finite too.
    root = tf.pow(tf.where(agree, tf.ones_like(mean), mean), 1 / r)
    return tf.where(agree, tf.zeros_like(mean), root)


def _widened(predicted: tf.Tensor, true: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns both in float32, or in float64 when the prediction is float64."""
    predicted, true = tf.convert_to_tensor(predicted), tf.convert_to_tensor(true)
    if not predicted.shape.is_compatible_with(true.shape):
        raise ValueError(
            "Predicted and true values must have one shape. "
            f"Got {predicted.shape} and {true.shape}."
        )
    dtype = tf.float64 if predicted.dtype == tf.float64 else tf.float32
    return tf.cast(predicted, dtype), tf.cast(true, dtype)
