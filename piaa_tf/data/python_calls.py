"""Python functions inside TensorFlow datasets, made safe when reading ends.

Datasets read ahead in threads of their own. When the interpreter ends while such a
thread is about to call Python, the thread dies, and the iterator then waits for it
forever: a program that stopped with a traceback would never return to its shell. So
every call passes through here, and the end of the process lets the calls run out first.

The end of an iterator can wait too. A thread that tunes the reading sleeps up to a
minute between two checks, and when its wake-up call is missed, which happens now and
then, whatever drops the iterator waits with it. So nothing here is tuned automatically.
"""

from __future__ import annotations

import atexit
import functools
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

# Datasets that nobody reads any more fill their buffers and stop calling; this long may
# pass between two of their calls on a busy machine.
QUIET_S = 0.5
# Better to risk the wait described above than to delay the end any longer.
LONGEST_WAIT_S = 30.0


class Calls:
    """Counts the calls under way, and ends them."""

    def __init__(self) -> None:
        """Starts with none."""
        self._lock = threading.Lock()
        self._num_running = 0
        self._last_s = -QUIET_S
        self._is_ending = False

    def run(self, function: Callable, *arguments: np.ndarray) -> Any:
        """Calls the function and returns what it returns.

        Raises:
            RuntimeError: The process is ending.
        """
        with self._lock:
            self._num_running += 1
        try:
            if self._is_ending:
                raise RuntimeError("A dataset is read while the process is ending.")
            return function(*arguments)
        finally:
            with self._lock:
                self._num_running -= 1
                self._last_s = time.monotonic()

    def end(self) -> None:
        """Refuses further calls, and waits until none runs and none has come lately."""
        self._is_ending = True
        give_up_s = time.monotonic() + LONGEST_WAIT_S
        while self._is_busy() and time.monotonic() < give_up_s:
            time.sleep(QUIET_S / 20)

    def _is_busy(self) -> bool:
        with self._lock:
            is_recent = time.monotonic() - self._last_s < QUIET_S
            return self._num_running > 0 or is_recent


def call_python(
    function: Callable,
    inputs: Sequence[Any],
    returns: Any,
) -> Any:
    """Calls a Python function from the graph of a dataset.

    Args:
        function: takes one numpy array per input and returns one array, or a dict or
            tuple of arrays.
        inputs: tensors.
        returns: `tf.TensorSpec` of the array, or a dict or tuple of them alike.

    Returns:
        What the function returns, as tensors of these shapes.
    """
    calls = _calls()
    specs = tf.nest.flatten(returns)
    parts = tf.numpy_function(
        lambda *arguments: tf.nest.flatten(calls.run(function, *arguments)),
        inputs,
        [spec.dtype for spec in specs],
    )
    for part, spec in zip(parts, specs):
        part.set_shape(spec.shape)
    return tf.nest.pack_sequence_as(returns, parts)


def read_ahead(
    numbers: tf.data.Dataset, element: Callable, *, num_ahead: int = 2
) -> tf.data.Dataset:
    """Computes a dataset's elements in parallel, in order, and some ahead.

    Args:
        numbers: of the elements.
        element: number -> element, in the graph.
        num_ahead: elements that wait to be read.

    Returns:
        Dataset of the elements, `steady`.
    """
    return steady(
        numbers.map(
            element, num_parallel_calls=os.cpu_count() or 1, deterministic=True
        ).prefetch(num_ahead)
    )


def steady(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Leaves a dataset as it was written: untuned, and whole for each worker."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return dataset.with_options(options)


@functools.cache
def _calls() -> Calls:
    """Returns the calls of this process; the first use registers their end."""
    calls = Calls()
    atexit.register(calls.end)
    return calls
