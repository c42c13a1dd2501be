import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.explain.gradients import (
    METHODS,
    concentration,
    integrated_gradients,
    pixel_gradients,
    smooth_gradients,
    to_map,
)

GENERATOR = np.random.default_rng(0)
IMAGE = GENERATOR.uniform(0, 255, [3, 6, 5, 3]).astype(np.float32)
WEIGHTS = GENERATOR.normal(size=[6, 5, 3]).astype(np.float32)


def linear(image):
    return tf.reduce_sum(image * WEIGHTS, axis=[1, 2, 3])


def saturating(image):
    return 5 * tf.sigmoid(linear(image) / 1000)


def wavy(image):
    return tf.reduce_sum(20 * tf.sin(image / 20), axis=[1, 2, 3])


def test_the_gradient_is_that_of_calculus():
    unit = 1 / (1 + np.exp(-np.sum(IMAGE * WEIGHTS, axis=(1, 2, 3)) / 1000))
    slope = 5 * unit * (1 - unit) / 1000
    np.testing.assert_allclose(
        pixel_gradients(saturating, IMAGE),
        slope[:, None, None, None] * WEIGHTS,
        rtol=1e-4,
    )


def test_a_score_that_does_not_depend_on_pixels_is_refused():
    with pytest.raises(ValueError, match=r"must depend on the pixels.*Got no gradient"):
        pixel_gradients(lambda image: tf.ones([3]), IMAGE)


def test_noise_does_not_change_the_gradient_of_a_linear_score():
    smooth = smooth_gradients(linear, IMAGE, num_samples=3)
    np.testing.assert_allclose(smooth, np.stack([WEIGHTS] * 3), rtol=1e-5)


def test_noise_damps_what_changes_fast_by_gauss():
    # E cos((x + s z) / 20) = cos(x / 20) exp(-(s / 20)^2 / 2)
    sigma, count = 0.1 * 255, 500
    smooth = smooth_gradients(wavy, IMAGE, num_samples=count, noise=0.1)
    expected = np.cos(IMAGE / 20) * np.exp(-((sigma / 20) ** 2) / 2)
    np.testing.assert_allclose(smooth, expected, atol=5 / count**0.5)


def test_noise_comes_from_the_seed():
    maps = [smooth_gradients(wavy, IMAGE, num_samples=2, seed=s) for s in (0, 0, 1)]
    np.testing.assert_array_equal(maps[0], maps[1])
    assert np.abs(maps[0] - maps[2]).max() > 0.1


@pytest.mark.parametrize("baseline", [None, np.zeros_like(IMAGE[:1])])
def test_integrated_gradients_share_out_the_whole_difference(baseline):
    shares = integrated_gradients(
        saturating, IMAGE, baseline=baseline, num_steps=100
    ).numpy()
    start = IMAGE.mean((1, 2), keepdims=True) if baseline is None else baseline
    start = np.broadcast_to(start, IMAGE.shape)
    np.testing.assert_allclose(
        shares.sum((1, 2, 3)), saturating(IMAGE) - saturating(start), atol=1e-3
    )


def test_integrated_gradients_of_a_linear_score_are_its_terms():
    shares = integrated_gradients(linear, IMAGE, num_steps=2)
    terms = WEIGHTS * (IMAGE - IMAGE.mean((1, 2), keepdims=True))
    np.testing.assert_allclose(shares, terms, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_an_image_is_explained_alone(method):
    together = METHODS[method](saturating, IMAGE[[1, 1]])
    np.testing.assert_allclose(together[0], METHODS[method](saturating, IMAGE[1:2])[0])


def test_a_map_is_the_largest_absolute_value_over_channels():
    gradients = tf.constant([[[[1.0, -3.0, 2.0], [0.0, 0.5, -0.1]]]])
    np.testing.assert_allclose(to_map(gradients), [[[3.0, 0.5]]])


def test_an_even_map_is_not_concentrated_and_a_spot_is():
    even, spot = np.ones([10, 10]), np.zeros([10, 10])
    spot[2, 3] = 7
    np.testing.assert_allclose(concentration(np.stack([even, spot])), [0.1, 1.0])
    assert np.isnan(concentration(np.zeros([1, 4, 4]))[0])
