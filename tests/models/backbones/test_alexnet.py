import numpy as np
import pytest

from piaa_tf.models.backbones import alexnet
from piaa_tf.models.layers.dropout import dropout_key


@pytest.fixture(scope="module")
def model():
    return alexnet.build(image_size=63)


def images(num, size):
    values = np.random.default_rng(0).uniform(0, 255, (num, size, size, 3))
    return values.astype(np.float32)


def test_it_has_the_published_number_of_parameters(model):
    # The classifier's last layer is left out of `model`.
    assert model.count_params() == 61_100_840 - (4096 * 1000 + 1000)
    assert model.output_shape == (None, 4096)


@pytest.mark.parametrize("size", [63, 129])
def test_feature_maps_have_torchs_sizes(size):
    def after(extent, kernel, stride, padding):
        return (extent + 2 * padding - kernel) // stride + 1

    cells = after(size, 11, 4, 2)
    for kernel, stride, padding in [(3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 2, 0)]:
        cells = after(cells, kernel, stride, padding)
    built = alexnet.build(image_size=size)
    assert built.get_layer("features.12").output_shape == (None, cells, cells, 256)
    assert built.get_layer("avgpool").output_shape == (None, 6, 6, 256)


def test_the_flattening_puts_channels_first(model):
    grid = np.arange(2 * 6 * 6 * 256, dtype=np.float32).reshape(2, 6, 6, 256)
    flat = model.get_layer("flatten")(model.get_layer("channels_first")(grid))
    np.testing.assert_array_equal(flat, grid.transpose(0, 3, 1, 2).reshape(2, -1))


def test_the_first_layer_equals_one_computed_by_loops(model):
    x = np.random.default_rng(0).normal(size=(63, 63, 3))
    padded = np.pad(x, [(2, 2), (2, 2), (0, 0)])
    layer = model.get_layer("features.0")
    kernel = layer.kernel.numpy()
    bias = np.linspace(-1, 1, 64)
    layer.bias.assign(bias)
    expected = np.zeros([15, 15, 64])
    for i in range(15):
        for j in range(15):
            patch = padded[4 * i : 4 * i + 11, 4 * j : 4 * j + 11]
            expected[i, j] = np.einsum("klc,klco->o", patch, kernel) + bias
    got = layer(model.get_layer("features.0.pad")(x[None].astype(np.float32)))[0]
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_features_are_those_after_the_relu(model):
    features = model(images(2, 63)).numpy()
    assert features.min() == 0
    assert 0 < (features > 0).mean() < 1


def test_training_drops_by_the_key(model):
    def trained(key):
        with dropout_key(key):
            return model(images(1, 63), training=True).numpy()

    np.testing.assert_array_equal(trained([1, 2]), trained([1, 2]))
    assert (trained([1, 2]) != trained([1, 3])).any()
