"""From the bytes of photos to the network's squares, inside the graph.

Bit for bit what `piaa_tf.data` reads from the same files: the same JPEG arithmetic, the
high byte of 16-bit colour, white behind what is transparent, the same resize. What a
graph cannot do is left to the client: turning by EXIF, colour profiles, and formats
other than JPEG and PNG.

A photo that cannot be read does not fail its batch. TensorFlow can skip a bad element
only in a dataset, so the graph runs a small dataset.
"""

from __future__ import annotations

import tensorflow as tf

from piaa_tf.contract.signatures import MAX_IMAGE_PIXELS

_PNG_START = b"\x89PNG\r\n\x1a\n"
_JPEG_START = b"\xff\xd8\xff"


def decode_images(
    image_bytes: tf.Tensor, size: int, keep_aspect: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes and resizes photos, on the CPU.

    Args:
        image_bytes: contents of JPEG or PNG files, string [n].
        size: S, pixels of the square's side.
        keep_aspect: whether the centre square is cut out first; otherwise the whole
            photo is squeezed into the square.

    Returns:
        float32 [n, S, S, 3] in 0..255, zeros for what cannot be read, and whether it
        can, bool [n].
    """
    with tf.device("CPU:0"):
        count = tf.shape(image_bytes)[0]
        # One more element, which can always be read: a batch cannot be empty.
        beyond = tf.data.Dataset.from_tensors((count, tf.zeros([size, size, 3])))
        squares = (
            tf.data.Dataset.from_tensor_slices((tf.range(count), image_bytes))
            .map(
                lambda i, content: (i, _square(content, size, keep_aspect)),
                num_parallel_calls=2,
                deterministic=True,
            )
            .ignore_errors(log_warning=False)
            .concatenate(beyond)
            .batch(tf.cast(count, tf.int64) + 1)
            .with_options(_plain_options())
        )
        place, square = squares.get_single_element()
        place = place[:, tf.newaxis]
        image = tf.scatter_nd(place, square, [count + 1, size, size, 3])
        is_ok = tf.scatter_nd(place, tf.ones_like(place[:, 0]), [count + 1]) > 0
        return image[:count], is_ok[:count]


def _plain_options() -> tf.data.Options:
    """Returns options without tuning, which costs more than it gains on one batch."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options


def _square(content: tf.Tensor, size: int, keep_aspect: bool) -> tf.Tensor:
    is_png = tf.strings.substr(content, 0, len(_PNG_START)) == _PNG_START
    is_jpeg = tf.strings.substr(content, 0, len(_JPEG_START)) == _JPEG_START
    known = tf.debugging.Assert(is_png | is_jpeg, ["neither JPEG nor PNG"])
    with tf.control_dependencies([known]):
        image = tf.cond(is_png, lambda: _png(content), lambda: _jpeg(content))
    if keep_aspect:
        height, width = tf.shape(image)[0], tf.shape(image)[1]
        side = tf.minimum(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        image = image[top : top + side, left : left + side]
    return tf.raw_ops.ResizeBilinear(
        images=image[tf.newaxis], size=[size, size], half_pixel_centers=True
    )[0]


def _jpeg(content: tf.Tensor) -> tf.Tensor:
    shape = tf.image.extract_jpeg_shape(content)
    with tf.control_dependencies([_check_area(shape[0], shape[1])]):
        # The exact arithmetic, which Pillow uses; TensorFlow's default is coarser.
        return tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")


def _png(content: tf.Tensor) -> tf.Tensor:
    # The header chunk: width and height in bytes 16..23, bits per channel in byte 24.
    extent = tf.io.decode_raw(
        tf.strings.substr(content, 16, 8), tf.int32, little_endian=False
    )
    bits = tf.io.decode_raw(tf.strings.substr(content, 24, 1), tf.uint8)[0]
    with tf.control_dependencies([_check_area(extent[0], extent[1])]):
        rgba = tf.cast(tf.io.decode_png(content, channels=4), tf.float32)
    colour, alpha = rgba[..., :3], rgba[..., 3:]
    # Where a file of 1, 2 or 4 bits has no alpha, TensorFlow fills in 2^bits - 1.
    filled = tf.cast(tf.bitwise.left_shift(1, tf.cast(bits, tf.int32)) - 1, tf.float32)
    alpha = tf.where(tf.reduce_all(alpha == filled), 255.0, alpha)
    on_white = tf.round((colour * alpha + 255 * (255 - alpha)) / 255)
    return tf.cast(on_white, tf.uint8)


def _check_area(height: tf.Tensor, width: tf.Tensor) -> tf.Operation:
    area = tf.cast(height, tf.int64) * tf.cast(width, tf.int64)
    return tf.debugging.Assert(
        (area > 0) & (area <= MAX_IMAGE_PIXELS), ["too many pixels", height, width]
    )
