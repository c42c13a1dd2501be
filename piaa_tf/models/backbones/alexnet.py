"""AlexNet in torchvision's layer order, numerics and names.

The one-column variant of Krizhevsky 2014 (arXiv:1404.5997), as torchvision builds it:
`features.0` ... `features.12`, `avgpool`, `classifier.0` ... `classifier.6`, so that
published state dicts load by name.
"""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

from piaa_tf.models.backbones.preprocessing import preprocess
from piaa_tf.models.layers.dropout import StatelessDropout
from piaa_tf.models.layers.pooling import AdaptiveAveragePooling2D

MIN_IMAGE_SIZE = 63
"""Pixels below which the last maximum pooling has nothing left to look at."""

CONVOLUTIONS = (
    # place in `features`, channels, kernel, stride, padding, maximum pooling after it
    (0, 64, 11, 4, 2, True),
    (3, 192, 5, 1, 2, True),
    (6, 384, 3, 1, 1, False),
    (8, 256, 3, 1, 1, False),
    (10, 256, 3, 1, 1, True),
)


def build(
    *, image_size: int, features: Literal["pooled", "logits"] = "pooled"
) -> tf.keras.Model:
    """Builds the network with torchvision's random start.

    While training it drops half of the units before both hidden dense layers, so it
    needs a `dropout_key`.

    Args:
        image_size: S, height and width of the input in pixels, at least 63.
        features: "pooled" ends with the second hidden dense layer (`classifier.5`),
            D = 4096; "logits" ends after `classifier.6`, D = 1000.

    Returns:
        A functional model named `alexnet`: `image` RGB float32 [batch, S, S, 3] in
        0..255 -> `features` float32 [batch, D].
    """
    image = tf.keras.Input([image_size, image_size, 3], name="image")
    x = preprocess(image, "imagenet")
    for place, channels, kernel_size, strides, padding, pooled in CONVOLUTIONS:
        name = f"features.{place}"
        x = tf.keras.layers.ZeroPadding2D(padding, name=f"{name}.pad")(x)
        x = tf.keras.layers.Conv2D(
            channels,
            kernel_size,
            strides=strides,
            kernel_initializer=_torch_uniform(),
            name=name,
        )(x)
        x = tf.keras.layers.ReLU(name=f"features.{place + 1}")(x)
        if pooled:
            x = tf.keras.layers.MaxPooling2D(
                3, strides=2, name=f"features.{place + 2}"
            )(x)
    x = AdaptiveAveragePooling2D(6, name="avgpool")(x)
    # torch flattens channels first: so do we, and the dense weights fit as they are.
    x = tf.keras.layers.Permute([3, 1, 2], name="channels_first")(x)
    x = tf.keras.layers.Flatten(name="flatten")(x)
    x = _hidden(x, 0)
    x = _hidden(x, 3)
    if features == "logits":
        x = tf.keras.layers.Dense(
            1000, kernel_initializer=_torch_uniform(), name="classifier.6"
        )(x)
    x = tf.keras.layers.Activation("linear", name="features", dtype="float32")(x)
    return tf.keras.Model(image, x, name="alexnet")


def _hidden(x: tf.Tensor, place: int) -> tf.Tensor:
    x = StatelessDropout(0.5, name=f"classifier.{place}")(x)
    x = tf.keras.layers.Dense(
        4096, kernel_initializer=_torch_uniform(), name=f"classifier.{place + 1}"
    )(x)
    return tf.keras.layers.ReLU(name=f"classifier.{place + 2}")(x)


def _torch_uniform() -> tf.keras.initializers.Initializer:
    """Draws from +-1 / sqrt(fan in), torch's default."""
    return tf.keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
