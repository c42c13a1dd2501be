"""Average pooling to a grid of a fixed size, whatever the size of the input."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


def bin_matrix(num_bins: int, extent: int) -> np.ndarray:
    """Builds the matrix that averages an axis into bins.

    Bin i covers floor(i * extent / bins) up to ceil((i + 1) * extent / bins), the rule
    of torch.nn.AdaptiveAvgPool2d: bins overlap by a cell where they must.

    >>> bin_matrix(2, 3)
    array([[0.5, 0.5, 0. ],
           [0. , 0.5, 0.5]], dtype=float32)

    Args:
        num_bins: number of bins, at least 1.
        extent: length of the axis, at least 1.

    Returns:
        float32 [num_bins, extent], each row summing to 1.
    """
    matrix = np.zeros([num_bins, extent], np.float32)
    for i in range(num_bins):
        start = i * extent // num_bins
        end = -(-(i + 1) * extent // num_bins)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


@tf.keras.utils.register_keras_serializable("piaa_tf")
class AdaptiveAveragePooling2D(tf.keras.layers.Layer):
    """Averages [batch, H, W, C] to [batch, size, size, C]; H and W are static.

    Attributes:
        size: rows and columns of the grid.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        """Sets the grid.

        Args:
            size: rows and columns.
            **kwargs: of `tf.keras.layers.Layer`, above all `name`.
        """
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Pools; a plain average pooling where the grid divides the input.

        Args:
            inputs: float [batch, H, W, C].

        Returns:
            float [batch, size, size, C].
        """
        height, width = inputs.shape[1:3]
        if height % self.size == 0 and width % self.size == 0:
            window = [height // self.size, width // self.size]
            return tf.nn.avg_pool2d(inputs, window, window, "VALID")
        rows = tf.constant(bin_matrix(self.size, height), inputs.dtype)
        columns = tf.constant(bin_matrix(self.size, width), inputs.dtype)
        return tf.einsum("ih,bhwc,jw->bijc", rows, inputs, columns)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the constructor."""
        return {**super().get_config(), "size": self.size}
