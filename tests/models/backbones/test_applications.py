import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.models.backbones import applications
from piaa_tf.models.layers.dropout import StatelessDropout


def network():
    """Unnamed layers, a dropout of rows, batch norm with weights of its own."""
    image = tf.keras.Input([4, 4, 3], name="image")
    x = tf.keras.layers.Conv2D(5, 3)(image)
    x = tf.keras.layers.BatchNormalization()(x)
    x = tf.keras.layers.Dropout(0.3, noise_shape=(None, 1, 1, 1))(x)
    x = tf.keras.layers.Conv2D(2, 1, name="chosen")(x)
    model = tf.keras.Model(image, x + 3.0)
    model.set_weights([w + 0.5 + i for i, w in enumerate(model.get_weights())])
    return model


def test_a_second_network_has_the_names_of_the_first():
    first, second = (applications.adapt_layers(network()) for _ in range(2))
    names = [layer.name for layer in first.layers]
    assert names == [layer.name for layer in second.layers]
    assert names == [
        "image",
        "conv2d",
        "batch_normalization",
        "dropout",
        "chosen",
        "tf.__operators__.add",
    ]
    assert [v.name for v in first.weights] == [v.name for v in second.weights]


def test_the_copy_computes_the_same():
    model = network()
    images = tf.random.stateless_normal([2, 4, 4, 3], [0, 1])
    np.testing.assert_array_equal(
        applications.adapt_layers(model)(images), model(images)
    )


def test_dropout_becomes_stateless():
    layer = applications.adapt_layers(network()).get_layer("dropout")
    assert isinstance(layer, StatelessDropout)
    assert (layer.rate, layer.noise_shape) == (0.3, (None, 1, 1, 1))


def test_batch_norm_is_synchronized_only_if_asked():
    def synchronized(**options):
        model = applications.adapt_layers(network(), **options)
        return model.get_layer("batch_normalization").synchronized

    assert synchronized(sync_batch_norm=True)
    assert not synchronized()


def test_numbers_are_ordered_as_numbers():
    relu = tf.keras.layers.ReLU
    names = applications.stable_names([("re_lu_10", relu), ("re_lu_9", relu)])
    assert names == {"re_lu_9": "re_lu", "re_lu_10": "re_lu_1"}


@pytest.mark.parametrize(
    ("layer_class", "name"),
    [
        (tf.keras.layers.Conv2D, "conv2d"),
        (tf.keras.layers.BatchNormalization, "batch_normalization"),
        (tf.keras.layers.AveragePooling2D, "average_pooling2d"),
        (tf.keras.layers.GlobalAveragePooling2D, "global_average_pooling2d"),
        (tf.keras.layers.ReLU, "re_lu"),
    ],
)
def test_keras_own_way_of_naming_is_recognised(layer_class, name):
    assert applications.stable_names([(f"{name}_7", layer_class)])[f"{name}_7"] == name
