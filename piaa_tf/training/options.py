"""What every training run may choose: where it computes, and what it leaves behind.

No TensorFlow is imported, so that flags can take their defaults from here.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from piaa_tf.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

    from piaa_tf.models.prior import Prior
    from piaa_tf.training.run_folder import RunFolder

StrategyName = Literal["one", "mirrored", "multi_worker"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
OptimizerName = Literal["sgdw", "adam"]
Schedule = Literal["exponential", "cosine"]

Measure = Callable[["Prior"], Mapping[str, float]]
"""What is measured of a prior, name -> number. Evaluation, which knows how, is a layer
above training; so it is passed in."""

ProgressHook = Callable[[int, int, Mapping[str, float]], None]
"""(finished steps, last step, means of the losses since the last call) -> nothing."""


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """Where a run computes, what it leaves behind, and who watches.

    Of these only precision and number of replicas change what is learned.

    Attributes:
        folder: a path, where checkpoints, numbers and the prior are written and from
            where an interrupted run continues; its config.json then lists every option
            of the run, and a run of other options there is refused. Or a folder that
            the caller has opened and described. None keeps nothing.
        described: what the prior says of how it was trained (`Prior.training`); None
            for every option of the run.
        strategy: over which replicas; None for one device.
        precision: of the backbone; heads, losses and metrics stay float32. The Keras
            policy while the run lasts.
        steps_per_call: steps of a call into the graph; logs and checkpoints come
            between calls.
        checkpoint_minutes: time between checkpoints.
        cache_gb: memory for decoded images, per stream.
        measure: measures the prior now and then, and at the end for `Prior.metrics`.
        progress: called after every `steps_per_call` steps, and at the end.
    """

    folder: RunFolder | str | os.PathLike[str] | None = None
    described: Mapping[str, Any] | None = None
    strategy: tf.distribute.Strategy | None = None
    precision: Precision = "float32"
    steps_per_call: int = 10
    checkpoint_minutes: float = 10.0
    cache_gb: float = 4.0
    measure: Measure | None = None
    progress: ProgressHook | None = None

    def __post_init__(self) -> None:
        """Checks the numbers."""
        for name, minimum in (
            ("steps_per_call", 1),
            ("checkpoint_minutes", 0),
            ("cache_gb", 0),
        ):
            if not getattr(self, name) >= minimum:
                raise InputError(
                    f"{name} must be >= {minimum}. Got {getattr(self, name)}."
                )

    @property
    def cache_bytes(self) -> int:
        """Memory for decoded images, per stream, in bytes."""
        return int(self.cache_gb * 2**30)

    def training(
        self, described: Mapping[str, Any], *, keep_aspect: bool
    ) -> dict[str, Any]:
        """Returns what the prior says of how it was trained.

        Args:
            described: every option of the run.
            keep_aspect: whether images keep their aspect, in predictions too.

        Returns:
            As in `Prior.training`.
        """
        said = described if self.described is None else self.described
        return {**said, "keep_aspect": keep_aspect}
