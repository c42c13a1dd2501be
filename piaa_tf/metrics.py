"""How well scores are predicted: SROCC, PLCC, ACC and EMD.

Functions of whole numpy arrays, and Keras metrics that add up batches and replicas.
SROCC has no streaming form: a rank depends on every other score, so it is no sum over
batches; collect the scores and call `srocc`.

Two definitions for inputs without an answer, everywhere here: a correlation with
constant scores is 0.0, because they carry no ranking information; a score at the
threshold is low, as the papers count "above 5" as high.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.stats
import tensorflow as tf

from piaa_tf import losses
from piaa_tf.errors import InputError

# Float32 softmax rows sum to one to 1e-6, probabilities from a CSV to 1e-4.
SUM_TOLERANCE = 1e-3
# Sums in float64 cannot tell a smaller share of variance from rounding.
RELATIVE_VARIANCE_FLOOR = 1e-12


def srocc(predicted: np.ndarray, true: np.ndarray) -> float:
    """Computes Spearman's rank order correlation; ties share their average rank.

    >>> srocc([1, 2, 3], [10, 20, 15])
    0.5
    >>> srocc([4, 4, 4], [1, 2, 3])
    0.0

    Args:
        predicted: [N] scores, N >= 2.
        true: [N] scores, in any unit.

    Returns:
        In [-1, 1]; 0.0 when either side is constant.

    Raises:
        InputError: Shapes differ or are not [N], N < 2, or a score is not finite.
    """
    return _correlation(scipy.stats.spearmanr, predicted, true)


def plcc(predicted: np.ndarray, true: np.ndarray) -> float:
    """Computes Pearson's linear correlation; otherwise as `srocc`.

    >>> round(plcc([1, 2, 3], [10, 8, 6]), 12)
    -1.0
    >>> plcc([4, 4, 4], [1, 2, 3])
    0.0
    """
    return _correlation(scipy.stats.pearsonr, predicted, true)


def _correlation(
    measure: Callable[..., Sequence[float]], predicted: np.ndarray, true: np.ndarray
) -> float:
    predicted, true = _scores(predicted, true, minimum=2)
    if _is_constant(predicted) or _is_constant(true):
        return 0.0
    return float(measure(predicted, true)[0])


def accuracy(predicted: np.ndarray, true: np.ndarray, threshold: float) -> float:
    """Computes ACC: the share of images put on the right side of the threshold.

    >>> accuracy([6, 4, 7, 5], [8, 3, 2, 4], threshold=5)
    0.75

    Args:
        predicted: [N] scores, N >= 1; above the threshold is high aesthetics.
        true: [N] scores in the same unit.
        threshold: usually `RatingRange.middle`.

    Returns:
        In [0, 1].

    Raises:
        InputError: Shapes differ or are not [N], N < 1, or a number is not finite.
    """
    _check_threshold(threshold)
    predicted, true = _scores(predicted, true, minimum=1)
    return float(np.mean((predicted > threshold) == (true > threshold)))


def emd(predicted: np.ndarray, true: np.ndarray, r: float = 1) -> np.ndarray:
    """Computes the earth mover's distance of every image.

    EMD = (1/N sum_n |CDF_p(n) - CDF_q(n)|^r)^(1/r), eq. 1 of Talebi and Milanfar,
    NIMA, 2018 (arXiv:1709.05424). Papers report r = 1; `losses.emd_loss` is its
    differentiable twin.

    >>> emd([[1, 0, 0, 0]], [[0, 1, 0, 0]]).tolist()
    [0.25]
    >>> emd([[1, 0, 0, 0]], [[0, 1, 0, 0]], r=2).tolist()
    [0.5]

    Args:
        predicted: [N, bins] probabilities, bins in order.
        true: [N, bins] probabilities.
        r: the order of the norm, >= 1.

    Returns:
        [N] float64, each in [0, 1).

    Raises:
        InputError: Shapes differ or are not [N, bins], a row is no distribution, or
            r < 1.
    """
    _check_order(r)
    predicted, true = _distributions(predicted), _distributions(true)
    if predicted.shape != true.shape:
        raise _different_shapes(predicted, true)
    distance = np.abs(np.cumsum(predicted - true, axis=1))
    return np.mean(distance**r, axis=1) ** (1 / r)


def mean_emd(predicted: np.ndarray, true: np.ndarray, r: float = 1) -> float:
    """Computes the mean of `emd` over the images.

    >>> mean_emd([[1, 0], [0, 1]], [[0, 1], [0, 1]])
    0.25

    Args:
        predicted: [N, bins] probabilities, bins in order, N >= 1.
        true: [N, bins] probabilities.
        r: the order of the norm, >= 1.

    Returns:
        In [0, 1).

    Raises:
        InputError: As `emd`.
    """
    return float(np.mean(emd(predicted, true, r)))


@tf.keras.utils.register_keras_serializable("piaa_tf")
class BinaryQuality(tf.keras.metrics.Mean):
    """ACC over batches: the share of images on the right side of the threshold.

    >>> metric = BinaryQuality(threshold=3)
    >>> metric.update_state([4.0, 1.0], [5.0, 4.0])
    >>> float(metric.result())
    0.5

    Attributes:
        threshold: usually `RatingRange.middle`; a score above it is high.
    """

    def __init__(
        self, threshold: float, name: str = "acc", dtype: str = "float64"
    ) -> None:
        """Creates the metric with nothing counted.

        Raises:
            InputError: The threshold is not finite.
        """
        super().__init__(name=name, dtype=dtype)
        _check_threshold(threshold)
        self.threshold = float(threshold)

    def update_state(
        self,
        y_true: tf.Tensor,
        y_pred: tf.Tensor,
        sample_weight: tf.Tensor | None = None,
    ) -> None:
        """Counts a batch: [batch] or [batch, 1] scores, true ones first as in Keras."""
        true, predicted = _columns(y_true, y_pred)
        right = (predicted > self.threshold) == (true > self.threshold)
        super().update_state(right, _column(sample_weight))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "threshold": self.threshold}


@tf.keras.utils.register_keras_serializable("piaa_tf")
class MeanEMD(tf.keras.metrics.Mean):
    """Mean EMD over batches of score distributions.

    >>> metric = MeanEMD(r=1)
    >>> metric.update_state([[0.0, 1.0]], [[1.0, 0.0]])
    >>> float(metric.result())
    0.5

    Attributes:
        r: the order of the norm, as in `emd`.
    """

    def __init__(self, r: float = 1, name: str = "emd", dtype: str = "float64") -> None:
        """Creates the metric with nothing counted.

        Raises:
            InputError: r < 1.
        """
        super().__init__(name=name, dtype=dtype)
        _check_order(r)
        self.r = r

    def update_state(
        self,
        y_true: tf.Tensor,
        y_pred: tf.Tensor,
        sample_weight: tf.Tensor | None = None,
    ) -> None:
        """Counts a batch: [batch, bins] probabilities, true ones first as in Keras."""
        distances = losses.emd_loss(tf.cast(y_pred, self.dtype), y_true, self.r)
        super().update_state(distances, _column(sample_weight))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "r": self.r}


@tf.keras.utils.register_keras_serializable("piaa_tf")
class PLCC(tf.keras.metrics.Metric):
    """Pearson's correlation over batches, from six weighted sums in float64.

    Sums, because replicas can only be added. They serve scores whose spread is above a
    millionth of their size (any rating does); a smaller spread counts as constant,
    and a constant side gives 0.0. A score that is not a number makes the result NaN.

    >>> metric = PLCC()
    >>> metric.update_state([1.0, 2.0], [10.0, 8.0])
    >>> metric.update_state([3.0], [6.0])
    >>> round(float(metric.result()), 12)
    -1.0
    """

    def __init__(self, name: str = "plcc", dtype: str = "float64") -> None:
        """Creates the metric with nothing counted."""
        super().__init__(name=name, dtype=dtype)
        self.count = self._sum("count")
        self.sum_true = self._sum("sum_true")
        self.sum_predicted = self._sum("sum_predicted")
        self.sum_true_squared = self._sum("sum_true_squared")
        self.sum_predicted_squared = self._sum("sum_predicted_squared")
        self.sum_product = self._sum("sum_product")

    def _sum(self, name: str) -> tf.Variable:
        return self.add_weight(name=name, initializer="zeros", dtype=tf.float64)

    def update_state(
        self,
        y_true: tf.Tensor,
        y_pred: tf.Tensor,
        sample_weight: tf.Tensor | None = None,
    ) -> None:
        """Counts a batch: [batch] or [batch, 1] scores, true ones first as in Keras."""
        true, predicted = _columns(y_true, y_pred)
        weight = tf.ones_like(true) if sample_weight is None else _column(sample_weight)
        self.count.assign_add(tf.reduce_sum(weight))
        self.sum_true.assign_add(tf.reduce_sum(weight * true))
        self.sum_predicted.assign_add(tf.reduce_sum(weight * predicted))
        self.sum_true_squared.assign_add(tf.reduce_sum(weight * true**2))
        self.sum_predicted_squared.assign_add(tf.reduce_sum(weight * predicted**2))
        self.sum_product.assign_add(tf.reduce_sum(weight * true * predicted))

    def result(self) -> tf.Tensor:
        """Returns the correlation so far, in [-1, 1]; 0.0 before the first batch."""
        mean_true = tf.math.divide_no_nan(self.sum_true, self.count)
        mean_predicted = tf.math.divide_no_nan(self.sum_predicted, self.count)
        variance_true = self.sum_true_squared - self.sum_true * mean_true
        variance_predicted = (
            self.sum_predicted_squared - self.sum_predicted * mean_predicted
        )
        covariance = self.sum_product - self.sum_true * mean_predicted
        floor = RELATIVE_VARIANCE_FLOOR
        constant = (variance_true <= floor * self.sum_true_squared) | (
            variance_predicted <= floor * self.sum_predicted_squared
        )
        # One root each: the product of two small variances could underflow.
        correlation = covariance / tf.sqrt(variance_true) / tf.sqrt(variance_predicted)
        bounded = tf.clip_by_value(correlation, -1, 1)
        return tf.cast(tf.where(constant, tf.zeros_like(bounded), bounded), self.dtype)


def _scores(
    predicted: np.ndarray, true: np.ndarray, minimum: int
) -> tuple[np.ndarray, np.ndarray]:
    predicted = np.asarray(predicted, np.float64)
    true = np.asarray(true, np.float64)
    if predicted.shape != true.shape:
        raise _different_shapes(predicted, true)
    if predicted.ndim != 1:
        raise InputError(f"Scores must have the shape [N]. Got {predicted.shape}.")
    if predicted.size < minimum:
        raise InputError(
            f"At least {minimum} scores are needed. Got {predicted.size}. "
            "Leave this user or set out of the table."
        )
    for name, scores in (("Predicted", predicted), ("True", true)):
        broken = np.flatnonzero(~np.isfinite(scores))
        if broken.size:
            raise InputError(
                f"{name} scores must be finite numbers. Got {scores[broken[0]]} at "
                f"index {broken[0]} ({broken.size} of {scores.size}). Find out which "
                "image or step made it."
            )
    return predicted, true


def _distributions(rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows, np.float64)
    if rows.ndim != 2 or 0 in rows.shape:
        raise InputError(f"Distributions must be [N, bins], N >= 1. Got {rows.shape}.")
    sums = rows.sum(axis=1)
    # NaN fails the comparison, so it is caught here as well.
    fits = (np.abs(sums - 1) <= SUM_TOLERANCE) & np.all(rows >= 0, axis=1)
    if not fits.all():
        first = int(np.flatnonzero(~fits)[0])
        raise InputError(
            "Every row must hold probabilities >= 0 that sum to one. Got row "
            f"{first} = {rows[first].tolist()}. Divide counts by their sum."
        )
    return rows


def _different_shapes(predicted: np.ndarray, true: np.ndarray) -> InputError:
    return InputError(
        "Predicted and true values must have one shape. "
        f"Got {predicted.shape} and {true.shape}. Score the same images in one order."
    )


def _is_constant(scores: np.ndarray) -> bool:
    return bool(scores.max() == scores.min())


def _check_threshold(threshold: float) -> None:
    if not np.isfinite(threshold):
        raise InputError(
            f"threshold must be finite. Got {threshold}. Use RatingRange.middle."
        )


def _check_order(r: float) -> None:
    if not r >= 1:
        raise InputError(f"r must be >= 1. Got {r}. Papers report EMD with r = 1.")


def _column(values: tf.Tensor | None) -> tf.Tensor | None:
    """Returns float64 [batch], or None for None."""
    return None if values is None else tf.reshape(tf.cast(values, tf.float64), [-1])


def _columns(y_true: tf.Tensor, y_pred: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    true, predicted = _column(y_true), _column(y_pred)
    # One score against many would broadcast and look like a result.
    tf.debugging.assert_equal(
        tf.size(true), tf.size(predicted), "There must be one true score a prediction."
    )
    return true, predicted
