"""The one image pipeline: many images from files to batches of float32 squares.

`decode` has the pixels of one image, `streams` the order in which training sees them.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import tensorflow as tf
from absl import logging

from piaa_tf.data.decode import read_image, resize
from piaa_tf.data.photo import Photo, photo_name, photo_pixels
from piaa_tf.data.python_calls import call_python, read_ahead
from piaa_tf.data.samples import AnySamples
from piaa_tf.data.streams import training_stream
from piaa_tf.errors import InputError
from piaa_tf.files.progress import Progress

__all__ = [
    "drop_broken",
    "find_broken",
    "image_batches",
    "input_errors",
    "load_images",
    "read_image",
    "resize",
    "training_stream",
]

AnyPath = TypeVar("AnyPath", bound="str | os.PathLike[str]")


def load_images(
    paths: Sequence[str | os.PathLike[str]], size: int, keep_aspect: bool = False
) -> np.ndarray:
    """Loads images, exactly and at once, for evaluation and adaptation.

    Args:
        paths: [N].
        size: pixels of the square's side.
        keep_aspect: as in `decode.resize`.

    Returns:
        float32 [N, size, size, 3], 0..255.

    Raises:
        InputError: An image cannot be read; the first in the order of `paths`.
    """
    images = np.empty([len(paths), size, size, 3], np.float32)
    with _threads() as pool:
        squares = pool.map(
            lambda path: resize(read_image(path), size, keep_aspect), paths
        )
        for i, square in enumerate(squares):
            images[i] = square
    return images


def image_batches(
    photos: Sequence[Photo],
    size: int,
    batch_size: int,
    keep_aspect: bool = False,
) -> tf.data.Dataset:
    """Reads photos in their order, a batch at a time, in parallel.

    Args:
        photos: [N], in any forms.
        size: S, pixels of the square's side.
        batch_size: images per batch; the last may have fewer.
        keep_aspect: as in `decode.resize`.

    Returns:
        Dataset of float32 [batch, S, S, 3], 0..255, each pass over it the same. Reading
        it raises what `input_errors` translates.
    """

    def load(i: int) -> np.ndarray:
        pixels = photo_pixels(photos[i], photo_name(photos, i))
        return resize(pixels, size, keep_aspect)

    square = tf.TensorSpec([size, size, 3], tf.float32)
    return read_ahead(
        tf.data.Dataset.range(len(photos)),
        lambda i: call_python(load, [i], square),
        num_ahead=2 * batch_size,
    ).batch(batch_size)


@contextlib.contextmanager
def input_errors() -> Iterator[None]:
    """Restores the InputError that TensorFlow wrapped while it read a dataset.

    Python errors inside a dataset come out as TensorFlow's own, with the original only
    as text in the message. Any other error of TensorFlow passes unchanged.

    Yields:
        Nothing.

    Raises:
        InputError: An image could not be read.
    """
    try:
        yield
    except tf.errors.OpError as error:
        inner = re.search(
            r"(?:Input|Unreadable)Error: (.+?)\s*Traceback \(most recent call last\)",
            error.message,
            re.DOTALL,
        )
        if inner is None:
            raise
        raise InputError(inner.group(1)) from error


def find_broken(paths: Sequence[AnyPath]) -> list[AnyPath]:
    """Finds the images that cannot be read, by reading each once.

    Args:
        paths: of the images.

    Returns:
        Those of `paths` that are broken, each once, in their order. Logs each, and how
        many there are.
    """
    distinct = list(dict.fromkeys(paths))
    broken, progress = [], Progress(len(distinct))
    with _threads() as pool:
        for path, sentence in zip(distinct, pool.map(_what_is_wrong, distinct)):
            progress.step()
            if sentence is not None:
                logging.warning("skipped: %s", sentence)
                broken.append(path)
    logging.info("%d of %d images skipped", len(broken), len(distinct))
    return broken


def drop_broken(samples: AnySamples) -> tuple[AnySamples, list[str]]:
    """Leaves out the samples whose images cannot be read.

    Args:
        samples: of any kind.

    Returns:
        The samples that are left, and the names of the broken images.

    Raises:
        InputError: None is left.
    """
    broken = set(find_broken(samples.paths))
    if not broken:
        return samples, []
    is_sound = np.array([path not in broken for path in samples.paths])
    if not is_sound.any():
        raise InputError(
            f"A set needs images that can be read. Got none in {samples.photos}."
        )
    names = dict.fromkeys(
        image for image, sound in zip(samples.images, is_sound) if not sound
    )
    return samples.select(is_sound), list(names)


def _what_is_wrong(path: str | os.PathLike[str]) -> str | None:
    try:
        read_image(path)
    except InputError as error:
        return str(error)
    return None


def _threads() -> ThreadPoolExecutor:
    # Decoding and resizing let go of the interpreter's lock.
    return ThreadPoolExecutor(os.cpu_count())
