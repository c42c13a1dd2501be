import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.models.backbones import resnet18


def naive_convolution(x, kernel, stride, padding):
    """Correlates [H, W, I] with [k, k, I, O] by loops, zeros around."""
    size = kernel.shape[0]
    x = np.pad(x, [(padding, padding), (padding, padding), (0, 0)])
    height = (x.shape[0] - size) // stride + 1
    width = (x.shape[1] - size) // stride + 1
    out = np.zeros([height, width, kernel.shape[3]])
    for i in range(height):
        for j in range(width):
            patch = x[i * stride : i * stride + size, j * stride : j * stride + size]
            out[i, j] = np.einsum("klc,klco->o", patch, kernel)
    return out


def naive_norm(x, gamma, beta, mean, variance):
    return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta


def with_random_state(model, seed=0):
    """Gives every variable a value of its own; variances stay positive."""
    generator = np.random.default_rng(seed)
    for variable in model.variables:
        values = generator.normal(0, 0.4, variable.shape)
        if "variance" in variable.name or "gamma" in variable.name:
            values = 0.5 + np.abs(values)
        variable.assign(values)
    return model


@pytest.mark.parametrize(("strides", "channels"), [(1, 3), (2, 5)])
def test_a_basic_block_equals_one_computed_by_loops(strides, channels):
    inputs = tf.keras.Input([7, 6, 3])
    block = with_random_state(
        tf.keras.Model(
            inputs, resnet18.basic_block(inputs, channels, "block", strides, sync=False)
        )
    )
    x = np.random.default_rng(1).normal(size=(7, 6, 3))

    def weights(name):
        return block.get_layer(f"block.{name}").get_weights()

    y = naive_convolution(x, weights("conv1")[0], strides, padding=1)
    y = np.maximum(naive_norm(y, *weights("bn1")), 0)
    y = naive_convolution(y, weights("conv2")[0], 1, padding=1)
    y = naive_norm(y, *weights("bn2"))
    shortcut = x
    if strides == 2:
        shortcut = naive_convolution(x, weights("downsample.0")[0], 2, padding=0)
        shortcut = naive_norm(shortcut, *weights("downsample.1"))
    expected = np.maximum(y + shortcut, 0)

    got = block(x[None].astype(np.float32), training=False)[0]
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_the_strided_convolutions_pad_before_as_well():
    inputs = tf.keras.Input([8, 8, 3])
    model = with_random_state(
        tf.keras.Model(inputs, resnet18.convolution(inputs, 4, 7, "conv1", strides=2))
    )
    x = np.random.default_rng(1).normal(size=(8, 8, 3))
    expected = naive_convolution(x, model.get_weights()[0], 2, padding=3)
    np.testing.assert_allclose(
        model(x[None].astype(np.float32))[0], expected, atol=1e-4
    )


def test_it_has_the_published_number_of_parameters():
    logits = resnet18.build(image_size=32, features="logits")
    trainable = sum(int(np.prod(v.shape)) for v in logits.trainable_variables)
    assert trainable == 11_689_512
    pooled = resnet18.build(image_size=32)
    assert logits.count_params() - pooled.count_params() == 512 * 1000 + 1000
    assert pooled.output_shape == (None, 512)


def test_a_training_step_moves_the_statistics_a_tenth_of_the_way():
    norm = resnet18.build(image_size=32).get_layer("bn1")
    x = np.random.default_rng(0).normal(3, 1, (4, 5, 5, 64)).astype(np.float32)
    norm(x, training=True)
    np.testing.assert_allclose(norm.moving_mean, 0.1 * x.mean((0, 1, 2)), rtol=1e-4)


def test_a_file_keeps_what_it_computes(tmp_path):
    model = with_random_state(resnet18.build(image_size=32))
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    model.save(tmp_path / "resnet18.keras")
    loaded = tf.keras.models.load_model(tmp_path / "resnet18.keras")
    np.testing.assert_array_equal(loaded(images), model(images))
