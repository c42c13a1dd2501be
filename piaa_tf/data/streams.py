"""The training stream: shuffled, cropped, flipped, endless, and without a state.

What it yields is a function of (seed, step) alone, so that a run stopped at any step
and continued on any number of replicas sees the very images it would have seen.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from piaa_tf.data.decode import read_image, resize
from piaa_tf.data.python_calls import call_python, read_ahead
from piaa_tf.errors import InputError

DEFAULT_CACHE_BYTES = 2 * 1024**3

# What tf.random.experimental.index_shuffle puts before a seed of two numbers.
_PAD = 498247692


class PixelCache:
    """Images resized to a square, kept in memory once they have been read.

    Attributes:
        size: R, pixels of the square's side.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]],
        size: int,
        *,
        keep_aspect: bool = False,
        max_bytes: int = DEFAULT_CACHE_BYTES,
    ) -> None:
        """Reserves addresses, not memory: pages are allocated when they are written.

        Args:
            paths: of the images; one that is listed twice is kept once.
            size: R, pixels of the square's side.
            keep_aspect: as in `decode.resize`.
            max_bytes: of pixels; images beyond are read again each time.
        """
        number: dict[str, int] = {}
        names = [os.fspath(path) for path in paths]
        self._number = np.array([number.setdefault(n, len(number)) for n in names])
        self._paths = list(number)
        self.size, self._keep_aspect = size, keep_aspect
        num_kept = min(len(self._paths), max(0, max_bytes) // (size * size * 3))
        self._pixels = np.empty([num_kept, size, size, 3], np.uint8)
        self._is_read = np.zeros(len(self._paths), bool)
        self._pool = ThreadPoolExecutor(os.cpu_count())

    def pixels(self, samples: np.ndarray) -> list[np.ndarray]:
        """Returns the images of samples, rounded, each uint8 [R, R, 3].

        Raises:
            InputError: An image cannot be read.
        """
        images = self._number[samples]
        if self._is_read[images].all():
            return [self._pixels[image] for image in images]
        return list(self._pool.map(self._image, images))

    def cut(
        self,
        samples: np.ndarray,
        corners: np.ndarray,
        is_mirrored: np.ndarray,
        size: np.ndarray,
    ) -> np.ndarray:
        """Cuts a square out of each sample's image.

        Args:
            samples: integers [batch].
            corners: row and column of each square's upper left pixel [batch, 2].
            is_mirrored: whether left and right change places [batch].
            size: S, pixels of the square's side, scalar.

        Returns:
            uint8 [batch, S, S, 3].

        Raises:
            InputError: An image cannot be read.
        """
        squares = np.empty([len(samples), size, size, 3], np.uint8)
        images = self.pixels(samples)
        for i, (image, (top, left)) in enumerate(zip(images, corners)):
            square = image[top : top + size, left : left + size]
            squares[i] = square[:, ::-1] if is_mirrored[i] else square
        return squares

    def _image(self, image: int) -> np.ndarray:
        # Two threads that meet here at once write the same bytes twice.
        if self._is_read[image]:
            return self._pixels[image]
        resized = resize(read_image(self._paths[image]), self.size, self._keep_aspect)
        pixels = np.rint(resized).astype(np.uint8)
        if image < len(self._pixels):
            self._pixels[image] = pixels
            self._is_read[image] = True
        return pixels


def training_stream(
    paths: Sequence[str | os.PathLike[str]],
    targets: Any,
    *,
    batch_size: int,
    image_size: int,
    resize_size: int | None = None,
    keep_aspect: bool = False,
    flip: bool = True,
    seed: int,
    first_step: int = 0,
    cache_bytes: int = DEFAULT_CACHE_BYTES,
    shard: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Draws batches of images and their targets for training, without end.

    Each pass over the N samples has an order of its own. The stream of
    first_step = k is bitwise the rest of the stream of 0 after k batches. The n
    streams of shards (0, n) to (n - 1, n), side by side in this order, are bitwise the
    stream of (0, 1) with a batch n times as large.

    Args:
        paths: [N], of the images.
        targets: array [N, ...], or a dict or tuple of such arrays; no list of numbers.
        batch_size: samples per batch of this shard.
        image_size: S, pixels of the yielded square's side.
        resize_size: side of the square out of which a random one of `image_size` is
            cut; by default `image_size`, so that nothing is cut off.
        keep_aspect: as in `decode.resize`.
        flip: whether every other image, at random, is mirrored left to right.
        seed: of order, cut and mirroring.
        first_step: number of the first yielded batch, counted from 0.
        cache_bytes: most memory for resized pixels, which are rounded to uint8.
        shard: (index, count): which of how many equal slices of each step's samples.

    Returns:
        Endless dataset of (image float32 [batch, S, S, 3] in 0..255, targets
        [batch, ...]). Reading it raises what `images.input_errors` translates.

    Raises:
        InputError: The numbers do not fit together.
    """
    resize_size = image_size if resize_size is None else resize_size
    _check_numbers(batch_size, image_size, resize_size, first_step, shard)
    targets = tf.nest.map_structure(tf.convert_to_tensor, targets)
    _check_targets(len(paths), targets)
    cache = PixelCache(
        paths, resize_size, keep_aspect=keep_aspect, max_bytes=cache_bytes
    )

    def draw(step: tf.Tensor) -> tuple[tf.Tensor, Any]:
        chance = chances(step, batch_size, shard, seed)
        positions = positions_of(step, batch_size, shard)
        samples = samples_at(positions, len(paths), seed)
        image = _cut_images(cache, samples, chance, image_size, flip)
        drawn = tf.nest.map_structure(lambda t: tf.gather(t, samples), targets)
        return image, drawn

    # Slices are what `shard` is for.
    return read_ahead(tf.data.Dataset.range(first_step, tf.int64.max), draw)


def _cut_images(
    cache: PixelCache,
    samples: tf.Tensor,
    chance: tf.Tensor,
    image_size: int,
    flip: bool,
) -> tf.Tensor:
    """Cuts images out of resized ones, float32 [batch, S, S, 3] in 0..255.

    Args:
        cache: of the resized images.
        samples: which of them, [batch].
        chance: [batch, 3] in [0, 1): of two sides of the corner, and of mirroring.
        image_size: S.
        flip: whether every other image is mirrored.
    """
    corners = tf.cast(chance[:, :2] * (cache.size - image_size + 1), tf.int32)
    is_mirrored = (chance[:, 2] < 0.5) & flip
    image = call_python(
        cache.cut,
        [samples, corners, is_mirrored, image_size],
        tf.TensorSpec([samples.shape[0], image_size, image_size, 3], tf.uint8),
    )
    return tf.cast(image, tf.float32)


def positions_of(step: tf.Tensor, batch_size: int, shard: tuple[int, int]) -> tf.Tensor:
    """Returns the positions of the endless sequence that a shard takes in a step.

    Args:
        step: int64 scalar.
        batch_size: of the shard.
        shard: (index, count).

    Returns:
        p, int64 [batch].
    """
    index, count = shard
    return (step * count + index) * batch_size + tf.range(batch_size, dtype=tf.int64)


def samples_at(positions: tf.Tensor, num_samples: int, seed: int) -> tf.Tensor:
    """Returns the samples at positions of the endless sequence.

    Args:
        positions: p, int64 [batch]; epoch e = p // N.
        num_samples: N.
        seed: of the orders; every (seed, e) has a permutation of its own.

    Returns:
        int64 [batch], in [0, N).
    """
    epochs, places = positions // num_samples, positions % num_samples
    # The raw operation: TensorFlow 2.15's index_shuffle, of which this is the batched
    # form with the same constant, pads a matrix of seeds at the wrong side.
    constants = [tf.fill(tf.shape(epochs), tf.cast(c, tf.int64)) for c in (_PAD, seed)]
    return tf.raw_ops.RandomIndexShuffle(
        index=places,
        seed=tf.stack([*constants, epochs], axis=-1),
        max_index=tf.constant(num_samples - 1, tf.int64),
        rounds=4,
    )


def chances(
    step: tf.Tensor, batch_size: int, shard: tuple[int, int], seed: int
) -> tf.Tensor:
    """Draws what decides where each sample is cut and whether it is mirrored.

    Drawn for the whole step, of which each shard takes its slice.

    Args:
        step: int64 scalar.
        batch_size: of the shard.
        shard: (index, count).
        seed: decides, together with the step.

    Returns:
        float32 [batch, 3], uniform in [0, 1).
    """
    index, count = shard
    # The generator is named: the default one depends on the device.
    drawn = tf.random.stateless_uniform(
        [count * batch_size, 3],
        seed=tf.stack([tf.constant(seed, tf.int64), step]),
        alg="philox",
    )
    return drawn[index * batch_size : (index + 1) * batch_size]


def _check_numbers(
    batch_size: int,
    image_size: int,
    resize_size: int,
    first_step: int,
    shard: tuple[int, int],
) -> None:
    if batch_size < 1:
        raise InputError(f"batch_size must be >= 1. Got {batch_size}.")
    if not 1 <= image_size <= resize_size:
        raise InputError(
            "image_size must be >= 1 and at most resize_size. "
            f"Got {image_size} and {resize_size}."
        )
    if first_step < 0:
        raise InputError(f"first_step must be >= 0. Got {first_step}.")
    if not 0 <= shard[0] < shard[1]:
        raise InputError(
            "shard must be (index, count) with 0 <= index < count. "
            f"Got ({shard[0]}, {shard[1]})."
        )


def _check_targets(num_samples: int, targets: Any) -> None:
    if num_samples == 0:
        raise InputError("A training stream needs at least one image. Got none.")
    for target in tf.nest.flatten(targets):
        if target.shape.rank == 0 or len(target) != num_samples:
            raise InputError(
                f"Targets must be arrays with a row for each of the {num_samples} "
                f"images. Got the shape {tuple(target.shape)}."
            )
