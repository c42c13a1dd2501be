"""ResNet-18 in torchvision's layer order, numerics and names.

He et al. 2016 (arXiv:1512.03385), as torchvision builds it: layers are called `conv1`,
`bn1`, `layer1.0.conv1`, ..., `layer4.1.bn2`, `layer2.0.downsample.0` (convolution) and
`.1` (batch norm), `fc`, so that published state dicts load by name. Strided
convolutions pad by zeros on both sides before, which "same" does not.
"""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

from piaa_tf.models.backbones.preprocessing import preprocess

STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))
"""Channels and first stride of layer1..layer4, two basic blocks each."""


def build(
    *,
    image_size: int,
    features: Literal["pooled", "logits"] = "pooled",
    sync_batch_norm: bool = False,
) -> tf.keras.Model:
    """Builds the network with torchvision's random start.

    Args:
        image_size: S, height and width of the input in pixels.
        features: "pooled" ends after the global average, D = 512; "logits" ends after
            `fc`, D = 1000.
        sync_batch_norm: whether batch statistics span the replicas.

    Returns:
        A functional model named `resnet18`: `image` RGB float32 [batch, S, S, 3] in
        0..255 -> `features` float32 [batch, D].
    """
    image = tf.keras.Input([image_size, image_size, 3], name="image")
    x = preprocess(image, "imagenet")
    x = convolution(x, 64, 7, "conv1", strides=2)
    x = batch_norm(x, "bn1", sync_batch_norm)
    x = tf.keras.layers.ReLU(name="relu")(x)
    # torchvision pads its maximum with -inf; after a ReLU zeros give the same.
    x = tf.keras.layers.ZeroPadding2D(1, name="maxpool.pad")(x)
    x = tf.keras.layers.MaxPooling2D(3, strides=2, name="maxpool")(x)
    for stage, (channels, strides) in enumerate(STAGES, start=1):
        x = basic_block(x, channels, f"layer{stage}.0", strides, sync_batch_norm)
        x = basic_block(x, channels, f"layer{stage}.1", 1, sync_batch_norm)
    x = tf.keras.layers.GlobalAveragePooling2D(name="avgpool", dtype="float32")(x)
    if features == "logits":
        x = tf.keras.layers.Dense(1000, name="fc")(x)
    x = tf.keras.layers.Activation("linear", name="features", dtype="float32")(x)
    return tf.keras.Model(image, x, name="resnet18")


def basic_block(
    x: tf.Tensor, channels: int, name: str, strides: int, sync: bool
) -> tf.Tensor:
    """Adds two 3x3 convolutions to a shortcut.

    The shortcut is a 1x1 convolution with batch norm where the block strides, which in
    this network is where channels change too, else the identity.

    Args:
        x: [batch, H, W, C].
        channels: channels of the result.
        name: prefix of the layers' names, such as "layer1.0".
        strides: of the first convolution.
        sync: whether batch statistics span the replicas.

    Returns:
        [batch, ceil(H / strides), ceil(W / strides), channels].
    """
    shortcut = x
    if strides != 1:
        shortcut = convolution(x, channels, 1, f"{name}.downsample.0", strides=strides)
        shortcut = batch_norm(shortcut, f"{name}.downsample.1", sync)
    x = convolution(x, channels, 3, f"{name}.conv1", strides=strides)
    x = batch_norm(x, f"{name}.bn1", sync)
    x = tf.keras.layers.ReLU(name=f"{name}.relu1")(x)
    x = convolution(x, channels, 3, f"{name}.conv2")
    x = batch_norm(x, f"{name}.bn2", sync)
    x = tf.keras.layers.Add(name=f"{name}.add")([x, shortcut])
    return tf.keras.layers.ReLU(name=f"{name}.relu2")(x)


def convolution(
    x: tf.Tensor, channels: int, kernel_size: int, name: str, *, strides: int = 1
) -> tf.Tensor:
    """Applies torch.nn.Conv2d(padding=kernel_size // 2, bias=False)."""
    same = strides == 1 or kernel_size == 1
    if not same:
        x = tf.keras.layers.ZeroPadding2D(kernel_size // 2, name=f"{name}.pad")(x)
    return tf.keras.layers.Conv2D(
        channels,
        kernel_size,
        strides=strides,
        padding="same" if same else "valid",
        use_bias=False,
        kernel_initializer=tf.keras.initializers.VarianceScaling(
            2.0, mode="fan_out", distribution="untruncated_normal"
        ),
        name=name,
    )(x)


def batch_norm(x: tf.Tensor, name: str, sync: bool) -> tf.Tensor:
    """Applies torch.nn.BatchNorm2d; its momentum 0.1 is Keras' 0.9."""
    return tf.keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, synchronized=sync, name=name
    )(x)
