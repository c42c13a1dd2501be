import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.models.backbones.preprocessing import preprocess

PIXEL = np.array([10.0, 100.0, 250.0])
EXPECTED = {
    "imagenet": (PIXEL / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
    "symmetric": PIXEL / 127.5 - 1,
    "caffe": PIXEL[::-1] - [103.939, 116.779, 123.68],
}


@pytest.mark.parametrize("scaling", EXPECTED)
def test_a_pixel_becomes_what_the_formula_says(scaling):
    image = tf.fill([2, 3, 3, 3], 1.0) * tf.constant(PIXEL, tf.float32)
    out = preprocess(image, scaling)
    np.testing.assert_allclose(out, np.broadcast_to(EXPECTED[scaling], out.shape), 1e-5)


@pytest.mark.parametrize(
    ("scaling", "application"),
    [
        ("imagenet", "densenet"),
        ("symmetric", "inception_v3"),
        ("caffe", "vgg16"),
    ],
)
def test_it_equals_what_keras_applications_preprocess(scaling, application):
    images = np.random.default_rng(0).uniform(0, 255, (1, 4, 4, 3)).astype(np.float32)
    expected = getattr(tf.keras.applications, application).preprocess_input(
        images.copy()
    )
    np.testing.assert_allclose(preprocess(images, scaling), expected, atol=1e-4)


@pytest.mark.parametrize("scaling", EXPECTED)
def test_pixels_stay_float32_under_mixed_precision(scaling):
    before = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        assert preprocess(tf.ones([1, 2, 2, 3]), scaling).dtype == tf.float32
    finally:
        tf.keras.mixed_precision.set_global_policy(before)
