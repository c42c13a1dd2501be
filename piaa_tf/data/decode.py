"""One image: from a file to pixels, from any size to a square.

Pillow decodes, because it turns, mixes and refuses what TensorFlow's decoders do not;
TensorFlow resizes, because the exported graph and the phone have the same resize.
"""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from piaa_tf.data.shards import packed_record
from piaa_tf.errors import InputError
from piaa_tf.pixels import FORMATS, seen_pixels


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads an image as a person sees it.

    Turned by its EXIF orientation; grey, palette and CMYK as RGB; 16 bits as 8; what is
    transparent lies on white. Colour profiles are not applied. Of an animation, the
    first frame.

    Args:
        path: a JPEG, PNG or WebP file, whatever its name ends in; or the place such a
            file would have in a folder of shards.

    Returns:
        uint8 [height, width, 3].

    Raises:
        InputError: The file cannot be read, is of another kind, cut off or corrupt, or
            has more pixels than Pillow deems safe (`PIL.Image.MAX_IMAGE_PIXELS`).
    """
    try:
        with Image.open(_source(path), formats=FORMATS) as image:
            _check_area(image, path)
            return seen_pixels(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(
            f"{path} must have a size that is safe to open. Got: {error} "
            "Scale it down, or remove it."
        ) from error
    except InputError:
        raise
    # What Pillow raises of broken files; the last two by its PNG reader.
    except (OSError, EOFError, SyntaxError, ValueError) as error:
        raise InputError(
            f"{path} must be a whole JPEG, PNG or WebP image. Got: {error}. "
            "Replace it, or remove it."
        ) from error


def resize(image: np.ndarray, size: int, keep_aspect: bool = False) -> np.ndarray:
    """Resizes an image to a square, as exported models do.

    Bilinear between half-pixel centres and without antialiasing: the one resize that
    training, SavedModel and TFLite share.

    Args:
        image: [height, width, 3], uint8 or float32, 0..255.
        size: pixels of the square's side.
        keep_aspect: whether the centre square is cut out first; otherwise the whole
            picture is squeezed into the square, as in the released code of PA_IAA.

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


def _source(path: str | os.PathLike[str]) -> Any:
    """What Pillow opens: the file, or what its folder's shards hold of it."""
    if os.path.exists(path):
        return path
    record = packed_record(path)
    if record is None:
        return path
    example = tf.train.Example.FromString(record)
    return io.BytesIO(example.features.feature["image/encoded"].bytes_list.value[0])


def _check_area(image: Image.Image, path: str | os.PathLike[str]) -> None:
    """Refuses what Pillow only warns about."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise InputError(
            f"{path} must have at most {limit} pixels, so that it is safe to open. "
            f"Got {image.width} x {image.height}. Scale it down, or remove it."
        )
