import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.models.layers.pooling import AdaptiveAveragePooling2D, bin_matrix


def naive(x, size):
    batch, height, width, channels = x.shape
    out = np.zeros([batch, size, size, channels])
    for i in range(size):
        for j in range(size):
            top, bottom = (
                int(np.floor(i * height / size)),
                int(np.ceil((i + 1) * height / size)),
            )
            left, right = (
                int(np.floor(j * width / size)),
                int(np.ceil((j + 1) * width / size)),
            )
            out[:, i, j] = x[:, top:bottom, left:right].mean((1, 2))
    return out


@pytest.mark.parametrize("extents", [(8, 8), (6, 6), (7, 10), (4, 4), (3, 2), (1, 5)])
def test_it_equals_averages_over_the_bins(extents):
    x = np.random.default_rng(0).normal(size=(2, *extents, 3)).astype(np.float32)
    pooled = AdaptiveAveragePooling2D(4, name="grid")(x)
    np.testing.assert_allclose(pooled, naive(x, 4), atol=1e-6)


@pytest.mark.parametrize("extent", [1, 5, 6, 7, 24])
def test_each_bin_is_an_average(extent):
    np.testing.assert_allclose(bin_matrix(6, extent).sum(1), 1, atol=1e-6)


def test_it_is_rebuilt_from_its_config():
    layer = AdaptiveAveragePooling2D(4, name="grid")
    again = AdaptiveAveragePooling2D.from_config(layer.get_config())
    assert (again.size, again.name) == (4, "grid")


def test_the_grid_keeps_the_dtype():
    assert AdaptiveAveragePooling2D(4, dtype="bfloat16")(
        tf.ones([1, 6, 6, 2], tf.bfloat16)
    ).dtype == (tf.bfloat16)
