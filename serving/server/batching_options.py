"""How requests are batched: BatchingParameters of TensorFlow Serving, checked."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from piaa_tf.errors import InputError


def _num_cpus() -> int:
    return os.cpu_count() or 1


@dataclasses.dataclass(frozen=True)
class BatchingOptions:
    """TensorFlow Serving's BatchingParameters, with its defaults.

    Attributes:
        max_batch_size: rows of a batch, and of a request unless that may be split.
        batch_timeout_s: how long a batch waits for more rows while a thread is free.
        max_enqueued_batches: per queue; requests beyond are refused.
        num_batch_threads: batches that run at the same time.
        allowed_batch_sizes: a batch is padded to the next of them; empty for any size.
        pad_variable_length_inputs: whether shorter rows are padded to the longest.
        enable_large_batch_splitting: whether a larger request is split.
        max_execution_batch_size: rows of each part of a request that is split.
    """

    max_batch_size: int = 1000
    batch_timeout_s: float = 0.0
    max_enqueued_batches: int = 10
    num_batch_threads: int = dataclasses.field(default_factory=_num_cpus)
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0

    def __post_init__(self) -> None:
        """Checks the numbers against each other."""
        for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be >= 1. Got {getattr(self, name)}.")
        sizes = self.allowed_batch_sizes
        if list(sizes) != sorted(set(sizes)) or (sizes and sizes[0] < 1):
            raise InputError(
                "allowed_batch_sizes entries must be monotonically increasing and "
                f">= 1. Got {list(sizes)}."
            )
        if sizes and sizes[-1] != self.largest_run:
            raise InputError(
                "Last entry in allowed_batch_sizes must match max_batch_size; last "
                f"entry was {sizes[-1]}; expected {self.largest_run}."
            )
        if not 0 <= self.max_execution_batch_size <= self.max_batch_size:
            raise InputError(
                "max_execution_batch_size must be <= max_batch_size. "
                f"Got {self.max_execution_batch_size} and {self.max_batch_size}."
            )

    @classmethod
    def of_proto(cls, parameters: Any) -> BatchingOptions:
        """Takes what a BatchingParameters message sets."""
        given = {
            name: getattr(parameters, name).value
            for name in (
                "max_batch_size",
                "max_enqueued_batches",
                "num_batch_threads",
                "enable_large_batch_splitting",
                "max_execution_batch_size",
            )
            if parameters.HasField(name)
        }
        if parameters.HasField("batch_timeout_micros"):
            given["batch_timeout_s"] = parameters.batch_timeout_micros.value / 1e6
        return cls(
            allowed_batch_sizes=tuple(parameters.allowed_batch_sizes),
            pad_variable_length_inputs=parameters.pad_variable_length_inputs,
            **given,
        )

    @property
    def largest_run(self) -> int:
        """The rows that one run of a model has at most."""
        if self.enable_large_batch_splitting and self.max_execution_batch_size:
            return self.max_execution_batch_size
        return self.max_batch_size
