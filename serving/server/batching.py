"""Runs requests that come at the same time as one: micro-batching.

Requests wait in a queue per version, signature and choice of outputs until a thread is
free, or a little longer where `batch_timeout_micros` says so. Where TensorFlow Serving
would fail a whole batch, this goes on: inputs of unequal rows never share a batch, and
a batch that fails runs again one request at a time, so none fails because of another.
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence

import grpc
import numpy as np

from serving.server.batching_options import BatchingOptions
from serving.server.servable import Servable
from serving.server.status import (
    ServingError,
    failed_precondition,
    invalid_argument,
    unavailable,
)

_NEVER = float("inf")


class _Task:
    """The rows of one request, or of a part of it, waiting for their outputs."""

    def __init__(self, inputs: Mapping[str, np.ndarray], end_s: float) -> None:
        self.inputs = inputs
        self.num_rows = len(next(iter(inputs.values())))
        self.end_s = end_s
        self._is_done = threading.Event()
        self._outputs: dict[str, np.ndarray] = {}
        self._error: Exception | None = None

    def succeed(self, outputs: dict[str, np.ndarray]) -> None:
        self._outputs = outputs
        self._is_done.set()

    def fail(self, error: Exception) -> None:
        self._error = error
        self._is_done.set()

    def wait(self) -> dict[str, np.ndarray]:
        self._is_done.wait()
        if self._error is not None:
            raise self._error
        return self._outputs


@dataclasses.dataclass
class _Batch:
    """Tasks that will run together."""

    servable: Servable
    signature_name: str
    outputs: tuple[str, ...]
    opened_s: float
    tasks: list[_Task] = dataclasses.field(default_factory=list)

    @property
    def num_rows(self) -> int:
        return sum(task.num_rows for task in self.tasks)


class Batcher:
    """Merges requests, runs them in threads of its own, and splits the outputs."""

    def __init__(
        self,
        options: BatchingOptions,
        on_batch: Callable[[str, int], None] = lambda name, num_rows: None,
    ) -> None:
        """Starts the threads.

        Args:
            options: how to batch.
            on_batch: is called with the model's name and the rows of every batch.
        """
        self._options = options
        self._on_batch = on_batch
        self._queues: dict[Hashable, collections.deque[_Batch]] = {}
        self._changed = threading.Condition()
        self._is_closing = False
        self._threads = [
            threading.Thread(target=self._work, name=f"batch {n}", daemon=True)
            for n in range(options.num_batch_threads)
        ]
        for thread in self._threads:
            thread.start()

    def run(
        self,
        servable: Servable,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout_s: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs a signature, perhaps together with the rows of other requests.

        Takes and returns what `Servable.run` does; the first dimension of every input
        and output must be the batch.

        Raises:
            ServingError: As `Servable.run`; also UNAVAILABLE where the queue is full.
        """
        num_rows = batch_size(inputs)
        if num_rows == 0:
            return servable.run(signature_name, inputs, outputs, timeout_s)
        limit = self._options.max_batch_size
        if self._options.enable_large_batch_splitting:
            limit = self._options.largest_run
        elif num_rows > limit:
            raise invalid_argument(
                f"Task size {num_rows} is larger than maximum input batch size {limit}"
            )
        end_s = _NEVER if timeout_s is None else time.monotonic() + timeout_s
        parts = [
            {alias: array[start : start + limit] for alias, array in inputs.items()}
            for start in range(0, num_rows, limit)
        ]
        tasks = [_Task(part, end_s) for part in parts]
        self._submit(servable, signature_name, tuple(sorted(outputs)), tasks)
        results = [task.wait() for task in tasks]
        return {
            alias: np.concatenate([result[alias] for result in results])
            if len(results) > 1
            else results[0][alias]
            for alias in outputs
        }

    def close(self, timeout_s: float | None = None) -> None:
        """Runs what waits, and ends the threads.

        Args:
            timeout_s: how long to wait for each; None for no limit.
        """
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout_s)

    def _submit(
        self,
        servable: Servable,
        signature_name: str,
        outputs: tuple[str, ...],
        tasks: list[_Task],
    ) -> None:
        """Puts tasks into the open batch of their queue, or into new ones."""
        row_shapes: tuple = ()
        if not self._options.pad_variable_length_inputs:
            shapes = {a: array.shape[1:] for a, array in tasks[0].inputs.items()}
            row_shapes = tuple(sorted(shapes.items()))
        key = (id(servable), signature_name, outputs, row_shapes)
        with self._changed:
            queue = self._queues.setdefault(key, collections.deque())
            added: list[tuple[_Batch, _Task]] = []
            for task in tasks:
                batch = queue[-1] if queue else None
                if (
                    batch is None
                    or batch.num_rows + task.num_rows > self._options.largest_run
                ):
                    if len(queue) >= self._options.max_enqueued_batches:
                        for its_batch, given in added:
                            its_batch.tasks.remove(given)
                        raise unavailable(
                            "The batch scheduling queue to which this task was "
                            "submitted is full"
                        )
                    batch = _Batch(servable, signature_name, outputs, time.monotonic())
                    queue.append(batch)
                batch.tasks.append(task)
                added.append((batch, task))
            self._changed.notify()

    def _work(self) -> None:
        """Takes batches that are ready and runs them; the body of each thread."""
        while True:
            with self._changed:
                batch = self._take()
                while batch is None:
                    if self._is_closing and not self._queues:
                        return
                    self._changed.wait(self._next_ready_s())
                    batch = self._take()
            self._on_batch(batch.servable.name, batch.num_rows)
            _run(batch, self._options)

    def _take(self) -> _Batch | None:
        """Takes the oldest batch that is ready, if any."""
        ready = [key for key, queue in self._queues.items() if self._is_ready(queue)]
        if not ready:
            return None
        key = min(ready, key=lambda key: self._queues[key][0].opened_s)
        batch = self._queues[key].popleft()
        if not self._queues[key]:
            del self._queues[key]
        return batch

    def _is_ready(self, queue: collections.deque[_Batch]) -> bool:
        """Checks whether the first batch of a queue need not wait for more rows."""
        is_full = queue[0].num_rows >= self._options.largest_run
        waited_s = time.monotonic() - queue[0].opened_s
        return (
            len(queue) > 1
            or is_full
            or self._is_closing
            or waited_s >= self._options.batch_timeout_s
        )

    def _next_ready_s(self) -> float | None:
        """Returns how long until a batch has waited long enough."""
        opened_s = min((q[0].opened_s for q in self._queues.values()), default=None)
        if opened_s is None:
            return None
        return max(0.0, opened_s + self._options.batch_timeout_s - time.monotonic())


def batch_size(inputs: Mapping[str, np.ndarray]) -> int:
    """Returns the rows that all inputs have.

    Raises:
        ServingError: INVALID_ARGUMENT; they have none, or not as many.
    """
    if any(array.ndim == 0 for array in inputs.values()):
        raise invalid_argument(
            "Batching Run() input tensors must have at least one dimension."
        )
    sizes = {len(array) for array in inputs.values()}
    if len(sizes) != 1:
        raise invalid_argument(
            "Batching Run() input tensors must have equal 0th-dimension size."
        )
    return sizes.pop()


def _run(batch: _Batch, options: BatchingOptions) -> None:
    """Runs a batch and ends each of its tasks."""
    now_s = time.monotonic()
    tasks = [task for task in batch.tasks if task.end_s > now_s]
    for task in batch.tasks:
        if task.end_s <= now_s:
            task.fail(
                ServingError(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    "Run() timeout exceeded while waiting in batching queue",
                )
            )
    if not tasks:
        return
    try:
        results = _run_together(batch, tasks, options)
    except ServingError as error:
        if len(tasks) == 1 or error.code == grpc.StatusCode.DEADLINE_EXCEEDED:
            for task in tasks:
                task.fail(error)
            return
        for task in tasks:
            _run(dataclasses.replace(batch, tasks=[task]), options)
    except Exception as error:  # noqa: BLE001  those who wait must hear of it
        for task in tasks:
            task.fail(error)
    else:
        for task, result in zip(tasks, results):
            task.succeed(result)


def _run_together(
    batch: _Batch, tasks: list[_Task], options: BatchingOptions
) -> list[dict[str, np.ndarray]]:
    """Runs tasks as one and returns the outputs of each."""
    num_rows = sum(task.num_rows for task in tasks)
    padded = next((s for s in options.allowed_batch_sizes if s >= num_rows), num_rows)
    inputs = {
        alias: merge(
            [task.inputs[alias] for task in tasks],
            padded - num_rows,
            pads_rows=options.pad_variable_length_inputs,
        )
        for alias in tasks[0].inputs
    }
    end_s = max(task.end_s for task in tasks)
    timeout_s = None if end_s == _NEVER else end_s - time.monotonic()
    values = batch.servable.run(batch.signature_name, inputs, batch.outputs, timeout_s)
    for array in values.values():
        if array.ndim == 0:
            raise failed_precondition("Batched output tensor has 0 dimensions")
        if len(array) != padded:
            raise failed_precondition(
                "Batched output tensor's 0th dimension does not equal the sum of the "
                "0th dimension sizes of the input tensors"
            )
    results, start = [], 0
    for task in tasks:
        rows = slice(start, start + task.num_rows)
        results.append({alias: array[rows] for alias, array in values.items()})
        start += task.num_rows
    return results


def merge(
    arrays: Sequence[np.ndarray], num_more: int, *, pads_rows: bool
) -> np.ndarray:
    """Puts the rows of several arrays below each other.

    Args:
        arrays: of one type; of one shape but for the first dimension, unless padded.
        num_more: rows to add, copies of the last array's first one: a valid input.
        pads_rows: whether shorter rows are filled up with their array's first element.

    Returns:
        All rows.
    """
    arrays = list(arrays)
    if pads_rows and len({array.shape[1:] for array in arrays}) > 1:
        longest = np.max([array.shape for array in arrays], axis=0)
        arrays = [
            np.pad(
                array,
                [(0, 0), *((0, n - m) for n, m in zip(longest[1:], array.shape[1:]))],
                constant_values=array.flat[0],
            )
            if array.size
            else array
            for array in arrays
        ]
    arrays.extend([arrays[-1][:1]] * num_more)
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
