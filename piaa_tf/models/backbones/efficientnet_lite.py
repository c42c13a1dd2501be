"""EfficientNet-Lite: EfficientNet without what phones and integers do badly.

Tan and Le 2019 (arXiv:1905.11946), in the form released for TFLite in 2020: no
squeeze-and-excitation, ReLU6 in place of swish, stem, head and the outer stages not
scaled. Layers bear the names of the published PyTorch files, without their underscores:
`conv_stem`, `bn0`, `blocks.N.expand_conv`, `blocks.N.bn0`, `blocks.N.depthwise_conv`,
`blocks.N.bn1`, `blocks.N.project_conv`, `blocks.N.bn2`, `conv_head`, `bn1`, `fc`.
"""

from __future__ import annotations

import math
from typing import Literal

import tensorflow as tf

from piaa_tf.models.backbones.preprocessing import preprocess

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel size, first stride, expansion and channels of each stage, unscaled."""

STEM, HEAD = 32, 1280
"""Channels of the first and of the last convolution."""


def build(
    *,
    name: str,
    width: float,
    depth: float,
    image_size: int,
    features: Literal["pooled", "logits"] = "pooled",
    sync_batch_norm: bool = False,
) -> tf.keras.Model:
    """Builds a network with its authors' random start.

    The published training drops blocks at random; this network does not.

    Args:
        name: of the model.
        width: by which channels are scaled; 1 for Lite0, 1.1 for Lite2.
        depth: by which the inner stages' blocks are scaled; 1 and 1.2.
        image_size: S, height and width of the input in pixels.
        features: "pooled" ends after the global average, D = 1280; "logits" ends after
            `fc`, D = 1000.
        sync_batch_norm: whether batch statistics span the replicas.

    Returns:
        A functional model: `image` RGB float32 [batch, S, S, 3] in 0..255 -> `features`
        float32 [batch, D].
    """
    image = tf.keras.Input([image_size, image_size, 3], name="image")
    x = preprocess(image, "lite")
    x = _convolution(x, STEM, 3, "conv_stem", strides=2)
    x = _batch_norm(x, "bn0", sync_batch_norm)
    x = tf.keras.layers.ReLU(6, name="relu0")(x)
    block = 0
    for stage, (blocks, kernel, strides, expansion, channels) in enumerate(STAGES):
        is_outer = stage in (0, len(STAGES) - 1)
        for i in range(blocks if is_outer else math.ceil(depth * blocks)):
            x = _block(
                x,
                scaled(channels, width),
                f"blocks.{block}",
                kernel=kernel,
                strides=strides if i == 0 else 1,
                expansion=expansion,
                sync=sync_batch_norm,
            )
            block += 1
    x = _convolution(x, HEAD, 1, "conv_head")
    x = _batch_norm(x, "bn1", sync_batch_norm)
    x = tf.keras.layers.ReLU(6, name="relu1")(x)
    x = tf.keras.layers.GlobalAveragePooling2D(name="avgpool", dtype="float32")(x)
    if features == "logits":
        x = tf.keras.layers.Dense(1000, name="fc")(x)
    x = tf.keras.layers.Activation("linear", name="features", dtype="float32")(x)
    return tf.keras.Model(image, x, name=name)


def scaled(channels: int, width: float) -> int:
    """Scales channels to a multiple of eight that loses no more than a tenth.

    >>> scaled(24, 1.1), scaled(40, 1.1), scaled(320, 1.1)
    (24, 48, 352)
    """
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def _block(
    x: tf.Tensor,
    channels: int,
    name: str,
    *,
    kernel: int,
    strides: int,
    expansion: int,
    sync: bool,
) -> tf.Tensor:
    """Adds an inverted bottleneck, with a shortcut where shapes allow."""
    shortcut, inputs = x, x.shape[-1]
    if expansion != 1:
        x = _convolution(x, expansion * inputs, 1, f"{name}.expand_conv")
        x = _batch_norm(x, f"{name}.bn0", sync)
        x = tf.keras.layers.ReLU(6, name=f"{name}.relu0")(x)
    x = tf.keras.layers.DepthwiseConv2D(
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        depthwise_initializer=_start(),
        name=f"{name}.depthwise_conv",
    )(x)
    x = _batch_norm(x, f"{name}.bn1", sync)
    x = tf.keras.layers.ReLU(6, name=f"{name}.relu1")(x)
    x = _convolution(x, channels, 1, f"{name}.project_conv")
    x = _batch_norm(x, f"{name}.bn2", sync)
    if strides == 1 and inputs == channels:
        x = tf.keras.layers.Add(name=f"{name}.add")([x, shortcut])
    return x


def _start() -> tf.keras.initializers.Initializer:
    return tf.keras.initializers.VarianceScaling(
        2.0, mode="fan_out", distribution="untruncated_normal"
    )


def _convolution(
    x: tf.Tensor, channels: int, kernel: int, name: str, *, strides: int = 1
) -> tf.Tensor:
    return tf.keras.layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=_start(),
        name=name,
    )(x)


def _batch_norm(x: tf.Tensor, name: str, sync: bool) -> tf.Tensor:
    return tf.keras.layers.BatchNormalization(
        momentum=0.99, epsilon=1e-3, synchronized=sync, name=name
    )(x)
