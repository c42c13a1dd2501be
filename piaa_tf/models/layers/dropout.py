"""Dropout whose mask is a pure function of a key, so that runs can be repeated.

Keras' own layer draws from a hidden counter that no checkpoint holds: a resumed run, or
the same run on two replicas, drops other units. Here the training code sets the
active key, made of (seed, step, replica, ...), and nothing is stored.
"""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from piaa_tf.errors import InputError

# Replicas of a tf.distribute strategy trace in threads of their own.
_active = threading.local()


@contextlib.contextmanager
def dropout_key(key: tf.Tensor | Sequence[int]) -> Iterator[None]:
    """Makes a key the source of every dropout mask drawn in this thread.

    Enter it where the model is called, inside the traced function; the innermost key
    counts. Fold in whatever must have its own masks, the replica for one:

    >>> layer = StatelessDropout(0.5, name="thin")
    >>> with dropout_key([7, 0]):
    ...     once, again = (layer(tf.ones([2, 8]), training=True) for _ in range(2))
    >>> bool(tf.reduce_all(once == again))
    True

    Saving a Keras model in the SavedModel format traces it in training mode too, so
    save it under a key, any key.

    Args:
        key: two integers, int32 or int64 of shape [2]; may be a symbolic tensor.

    Yields:
        Nothing.

    Raises:
        ValueError: The key is not a pair of integers.
    """
    key = tf.convert_to_tensor(key)
    if key.dtype not in (tf.int32, tf.int64) or key.shape != [2]:
        raise ValueError(
            "A dropout key must be int32 or int64 of shape [2]. "
            f"Got {key.dtype.name} of shape {key.shape}."
        )
    stack = _active.__dict__.setdefault("keys", [])
    stack.append(key)
    try:
        yield
    finally:
        stack.pop()


@tf.keras.utils.register_keras_serializable("piaa_tf")
class StatelessDropout(tf.keras.layers.Layer):
    """Drops units while training, by the active `dropout_key` and the layer's name.

    Units that stay are scaled by 1 / (1 - rate). Outside training it is the identity.
    A layer called twice under one key drops the same units twice, as two layers of one
    name do.

    Attributes:
        rate: share of units dropped, in [0, 1).
        noise_shape: shape of the mask, broadcast to the input; None in it stands for
            the input's own extent. (None, 1, 1, 1) drops whole rows of a batch, which
            is stochastic depth.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        """Checks the rate.

        Args:
            rate: share of units dropped.
            noise_shape: see the class.
            **kwargs: of `tf.keras.layers.Layer`, above all `name`.

        Raises:
            InputError: The rate is not in [0, 1).
        """
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise InputError(f"dropout rate must be in [0, 1). Got {rate}.")
        self.rate = float(rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.supports_masking = True

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Drops units where `training` is true.

        Args:
            inputs: float tensor of any shape.
            training: whether to drop.

        Returns:
            A tensor of the shape and dtype of `inputs`.

        Raises:
            ValueError: Training without an active key.
        """
        if not training or self.rate == 0:
            return inputs
        return tf.nn.experimental.stateless_dropout(
            inputs,
            rate=self.rate,
            seed=self._seed(),
            # The default picks the generator by device: other masks on another machine.
            rng_alg="philox",
            noise_shape=self._mask_shape(inputs),
        )

    def _seed(self) -> tf.Tensor:
        keys = _active.__dict__.get("keys")
        if not keys:
            raise ValueError(
                f"StatelessDropout {self.name!r} needs a key while training. Got none "
                "in this thread. Call the model inside `with dropout_key(key):`, or "
                "with training=False."
            )
        # crc32 rather than hash(): Python salts the latter afresh in each process.
        name_hash = zlib.crc32(self.name.encode()) & 0x7FFFFFFF
        return tf.random.experimental.stateless_fold_in(keys[-1], name_hash)

    def _mask_shape(self, inputs: tf.Tensor) -> list[Any] | None:
        if self.noise_shape is None:
            return None
        extents = tf.shape(inputs)
        return [
            extents[axis] if extent is None else extent
            for axis, extent in enumerate(self.noise_shape)
        ]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the constructor."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
        }
