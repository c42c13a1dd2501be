"""The one resize: training, SavedModel and phone make the same squares of a photo.

By the triangle filter, as wide as what a pixel of the square covers. TensorFlow has it
as an operation, TFLite has not: there two products with matrices of weights do it, the
same to a hundredth of a grey level.
"""

from __future__ import annotations

import tensorflow as tf

from piaa_tf.photos.framing import Framing


def to_square(pixels: tf.Tensor, framing: Framing) -> tf.Tensor:
    """Resizes a photo to the network's square.

    Args:
        pixels: [height, width, 3], uint8 or float32, 0..255; sizes may be unknown.
        framing: what the network was trained on.

    Returns:
        float32 [S, S, 3], 0..255, not rounded.
    """
    pixels = _framed(pixels, framing)
    if not framing.antialias:
        return tf.raw_ops.ResizeBilinear(
            images=pixels[tf.newaxis],
            size=[framing.size] * 2,
            half_pixel_centers=True,
        )[0]
    return resized(pixels, tf.constant([framing.size] * 2))


def resized(pixels: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Resizes a photo by the triangle filter, antialiased.

    Args:
        pixels: [height, width, 3], uint8 or float32.
        size: int32 [2], height and width.

    Returns:
        float32 [*size, 3], not rounded.
    """
    shape = tf.cast(tf.shape(pixels)[:2], tf.float32)
    return tf.raw_ops.ScaleAndTranslate(
        images=pixels[tf.newaxis],
        size=size,
        scale=tf.cast(size, tf.float32) / shape,
        translation=[0.0, 0.0],
        kernel_type="triangle",
        antialias=True,
    )[0]


def to_square_on_phone(pixels: tf.Tensor, framing: Framing) -> tf.Tensor:
    """Does what `to_square` does, with operations that TFLite has.

    Args:
        pixels: [height, width, 3], uint8.
        framing: what the network was trained on.

    Returns:
        float32 [S, S, 3], 0..255; within .01 of `to_square`'s.
    """
    if not framing.antialias:
        return to_square(tf.cast(pixels, tf.float32), framing)
    pixels = tf.cast(_framed(pixels, framing), tf.float32)
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]
    # Rows first: the larger product is then over contiguous memory.
    rows = tf.matmul(
        _weights(height, framing.size), tf.reshape(pixels, [height, 3 * width])
    )
    rows = tf.transpose(tf.reshape(rows, [framing.size, width, 3]), [1, 0, 2])
    columns = tf.matmul(
        _weights(width, framing.size), tf.reshape(rows, [width, 3 * framing.size])
    )
    square = tf.reshape(columns, [framing.size, framing.size, 3])
    return tf.transpose(square, [1, 0, 2])


def _framed(pixels: tf.Tensor, framing: Framing) -> tf.Tensor:
    """Cuts out the centre square where the framing keeps the aspect."""
    if not framing.keep_aspect:
        return pixels
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _weights(length: tf.Tensor, size: int) -> tf.Tensor:
    """Returns what each of `length` pixels gives to each of `size`: [size, length]."""
    scale = tf.cast(length, tf.float32) / size
    centres = (tf.range(size, dtype=tf.float32) + 0.5) * scale - 0.5
    pixels = tf.cast(tf.range(length), tf.float32)
    distance = tf.abs(pixels[tf.newaxis] - centres[:, tf.newaxis])
    weights = tf.maximum(0.0, 1.0 - distance / tf.maximum(scale, 1.0))
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)
