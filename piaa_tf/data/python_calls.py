"""Python functions inside TensorFlow datasets, made safe at the end of the process.

Datasets read ahead in threads of their own. When the interpreter ends while such a
thread is about to call Python, the thread dies, and the iterator then waits for it for
ever: a program that stopped with a traceback would never give its terminal back. So
every call passes through here, and the end of the process lets the calls run out first.
"""

from __future__ import annotations

import atexit
import functools
import threading
import time
from collections.abc import Sequence
from typing import Any, Callable

import numpy as np
import tensorflow as tf

# Datasets that nobody reads from any more fill their buffers and fall silent; so long
# may pass between two of their calls on a busy machine.
QUIET_S = 0.5
# Better to risk the wait described above than to hold up the end any longer.
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
    *,
    dtype: tf.DType,
    shape: Sequence[int],
) -> tf.Tensor:
    """Calls a Python function from the graph of a dataset.

    Args:
        function: takes one numpy array per input and returns one.
        inputs: tensors.
        dtype: of the returned array.
        shape: of the returned array.

    Returns:
        What the function returns.
    """
    calls = _calls()
    result = tf.numpy_function(
        lambda *arguments: calls.run(function, *arguments), inputs, dtype
    )
    result.set_shape(shape)
    return result


@functools.cache
def _calls() -> Calls:
    """Returns the calls of this process; the first use registers their end."""
    calls = Calls()
    atexit.register(calls.end)
    return calls
