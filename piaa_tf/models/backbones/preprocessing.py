"""From pixels in 0..255 to what a backbone was trained on, as layers inside the model.

Each family of published weights has its own convention. The layers hold constants, no
variables, and stay float32 under a mixed precision policy, since bfloat16 has only
eight bits for a pixel.
"""

from __future__ import annotations

from typing import Any, Literal

import tensorflow as tf

Scaling = Literal["imagenet", "symmetric", "caffe", "lite"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of ImageNet's pixels in [0, 1], RGB, as torchvision and Keras use it."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of the same."""

CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
"""Mean of ImageNet's pixels in 0..255, BGR, of the VGG authors' Caffe models."""


@tf.keras.utils.register_keras_serializable("piaa_tf")
class ReverseChannels(tf.keras.layers.Layer):
    """Turns RGB into BGR and back."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Reverses the last axis.

        Args:
            inputs: [..., channels].

        Returns:
            A tensor of the same shape.
        """
        return tf.reverse(inputs, axis=[-1])


def preprocess(image: Any, scaling: Scaling) -> Any:
    """Applies a family's preprocessing.

    Args:
        image: RGB, float32 [batch, S, S, 3] in 0..255, a tensor or a Keras input.
        scaling: "imagenet" gives (x / 255 - mean) / std by channel (DenseNet,
            EfficientNet-V2, torchvision); "symmetric" gives x / 127.5 - 1 (Inception,
            MobileNet, compact); "caffe" gives BGR minus its mean (VGG); "lite" gives
            (x - 127) / 128 (EfficientNet-Lite).

    Returns:
        The preprocessed tensor, float32 of the same shape.
    """
    if scaling == "symmetric":
        return tf.keras.layers.Rescaling(
            1 / 127.5, offset=-1.0, name="standardize", dtype="float32"
        )(image)
    if scaling == "lite":
        return tf.keras.layers.Rescaling(
            1 / 128, offset=-127 / 128, name="standardize", dtype="float32"
        )(image)
    if scaling == "imagenet":
        mean = [255 * m for m in IMAGENET_MEAN]
        variance = [(255 * s) ** 2 for s in IMAGENET_STD]
    else:
        image = ReverseChannels(name="rgb_to_bgr", dtype="float32")(image)
        mean, variance = list(CAFFE_MEAN_BGR), [1.0] * 3
    return tf.keras.layers.Normalization(
        mean=mean, variance=variance, name="standardize", dtype="float32"
    )(image)
