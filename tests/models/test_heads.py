import numpy as np
import tensorflow as tf

from piaa_tf.models.heads import SharedPReLU, build_trunk


def layer_of(kind):
    return kind(
        alpha_initializer=tf.keras.initializers.Constant(0.25),
        shared_axes=[1],
        name="prelu",
    )


def test_one_slope_serves_all_units():
    layer = layer_of(SharedPReLU)
    np.testing.assert_array_equal(
        layer(tf.constant([[-2.0, 0.0, 3.0], [-1.0, 8.0, -4.0]])),
        [[-0.5, 0.0, 3.0], [-0.25, 8.0, -1.0]],
    )
    assert [tuple(v.shape) for v in layer.trainable_variables] == [(1,)]


def test_outputs_and_gradients_are_those_of_keras():
    x = tf.constant(np.random.default_rng(0).normal(size=[4, 6]).astype(np.float32))
    results = []
    for layer in (layer_of(SharedPReLU), layer_of(tf.keras.layers.PReLU)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        results.append([y, *tape.gradient(y, [x, layer.trainable_variables[0]])])
    for ours, keras in zip(*results):
        np.testing.assert_allclose(ours, keras, rtol=1e-6)


def test_it_is_rebuilt_from_its_config():
    trunk = build_trunk("trunk", input_size=3, sizes=[5], dropout=0.1)
    again = tf.keras.Model.from_config(trunk.get_config())
    assert isinstance(again.get_layer("trunk_prelu1"), SharedPReLU)
    assert again.get_layer("trunk_prelu1").shared_axes == [1]


def test_no_sizes_are_the_identity():
    x = tf.constant([[1.0, -2.0]])
    trunk = build_trunk("trunk", input_size=2, sizes=[], dropout=0.5)
    np.testing.assert_array_equal(trunk(x), x)
