"""One image: from a file to pixels, from any size to a square.

Pillow decodes, because it turns, mixes and refuses what TensorFlow's decoders do not;
TensorFlow resizes, because the exported graph and the phone have the same resize.
"""

from __future__ import annotations

import os

import numpy as np
import tensorflow as tf

from piaa_tf.data.shards import packed_record
from piaa_tf.photos.opening import opened
from piaa_tf.photos.seen import seen_pixels


def read_image(path: str | os.PathLike[str], min_side: int = 0) -> np.ndarray:
    """Reads an image as a person sees it.

    Upright, in sRGB, opaque, with eight bits, as `photos.seen.seen_pixels` has it.

    Args:
        path: a photo of any kind that `photos.opening` reads, whatever its name ends
            in; or the place such a file would have in a folder of shards.
        min_side: as in `seen_pixels`.

    Returns:
        uint8 [height, width, 3].

    Raises:
        UnreadableError: As in `photos.opening.opened`.
    """
    with opened(_source(path), name=os.fspath(path)) as image:
        return seen_pixels(image, min_side)


def resize(image: np.ndarray, size: int, keep_aspect: bool = False) -> np.ndarray:
    """Resizes an image to a square, as exported models do.

    Bilinear between half-pixel centres and without antialiasing: the one resize that
    training, SavedModel and TFLite share.

    Args:
        image: [height, width, 3], uint8 or float32, 0..255.
        size: pixels of the square's side.
        keep_aspect: whether the centre square is cut out first; otherwise the whole
            image is squeezed into the square, as in the released code of PA_IAA.

    Returns:
        float32 [size, size, 3], 0..255, not rounded.
    """
    if keep_aspect:
        height, width = image.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        image = image[top : top + side, left : left + side]
    if image.shape[:2] == (size, size):
        return image.astype(np.float32)
    # On the CPU, as every part of the pipeline: a GPU rounds differently.
    with tf.device("CPU:0"):
        resized = tf.raw_ops.ResizeBilinear(
            images=image[np.newaxis], size=[size, size], half_pixel_centers=True
        )
    return resized.numpy()[0]


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """Resizes an image so that its shorter side has at most some pixels.

    By the resize of `resize`, so that what is shrunk in between differs little from
    what is resized at once.

    Args:
        image: uint8 [height, width, 3].
        side: most pixels of the shorter side; 0 for no limit.

    Returns:
        uint8 [height, width, 3], of the same proportions; never enlarged.
    """
    shape = np.array(image.shape[:2])
    if side == 0 or shape.min() <= side:
        return image
    size = np.maximum(1, np.rint(shape * side / shape.min())).astype(np.int32)
    with tf.device("CPU:0"):
        resized = tf.raw_ops.ResizeBilinear(
            images=image[np.newaxis], size=size, half_pixel_centers=True
        )
    return np.rint(resized.numpy()[0]).astype(np.uint8)


def _source(path: str | os.PathLike[str]) -> str | os.PathLike[str] | bytes:
    """Returns what to open: the file, or its content from the folder's shards."""
    if os.path.exists(path):
        return path
    try:
        record = packed_record(path)
    except FileNotFoundError:  # which opening it says in a sentence
        return path
    if record is None:
        return path
    example = tf.train.Example.FromString(record)
    return example.features.feature["image/encoded"].bytes_list.value[0]
