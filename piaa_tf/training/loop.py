"""When things happen in a run: fetch, step, act. What happens is up to the caller.

An action is any callable on (step, values): the number of finished steps and the means
of the losses since the last call. `every` makes one of an interval and a function.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import tensorflow as tf
from absl import logging

from piaa_tf.training.run_folder import RunFolder

Action = Callable[[int, Mapping[str, float]], None]

StepsCall = Callable[[int, int], tuple[Mapping[str, float], int]]
"""(step, count) -> means of the losses over `count` steps from `step` on, and the first
step whose loss was not finite, or -1."""


class NonFiniteLossError(RuntimeError):
    """The loss of a step was not finite; no checkpoint was written after it."""


def run_loop(
    steps_call: StepsCall,
    *,
    first_step: int,
    last_step: int,
    steps_per_call: int,
    actions: Sequence[Action],
) -> None:
    """Runs from first_step to last_step.

    Args:
        steps_call: takes some steps.
        first_step: number of steps already done.
        last_step: number of steps done at the end.
        steps_per_call: steps of a call into the graph; the last may be shorter.
        actions: called in order after each call.

    Raises:
        NonFiniteLossError: A loss was not finite; the step is named, and no action
            sees it.
    """
    step = first_step
    while step < last_step:
        count = min(steps_per_call, last_step - step)
        values, bad_step = steps_call(step, count)
        if bad_step >= 0:
            raise NonFiniteLossError(
                f"The loss must stay finite. Got {values['loss']} at step {bad_step}. "
                "The last checkpoint is good: continue from it with a lower rate in a "
                "new run, or in float32."
            )
        step += count
        for action in actions:
            action(step, values)


def every(
    action: Action,
    *,
    steps: int | None = None,
    seconds: float | None = None,
    last_step: int,
    clock: Callable[[], float] = time.monotonic,
) -> Action:
    """Makes an action that acts now and then, and always at the last step.

    Args:
        action: what to do.
        steps: act when a multiple of it has been reached or passed since last time.
        seconds: act when so much time has gone by since last time.
        last_step: the run's last step.
        clock: returns seconds; tests pass their own.

    Returns:
        The action.
    """
    acted_step, acted_time = 0, clock()

    def act(step: int, values: Mapping[str, float]) -> None:
        nonlocal acted_step, acted_time
        due = step >= last_step
        if steps is not None:
            due |= step // steps > acted_step // steps
        if seconds is not None:
            due |= clock() - acted_time >= seconds
        if due:
            action(step, values)
            acted_step, acted_time = step, clock()

    return act


class StepLog:
    """Logs a line with losses, speed and the time left; writes the same for machines.

    The losses are means over all steps since the last line.
    """

    def __init__(
        self,
        run: RunFolder | None,
        *,
        first_step: int,
        last_step: int,
        interval_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts the clock; without a run folder it only logs."""
        self._run, self._last_step = run, last_step
        self._interval_s, self._clock = interval_s, clock
        self._logged_step = self._seen_step = first_step
        self._logged_time = clock()
        self._sums: dict[str, float] = {}
        self._writer = (
            tf.summary.create_file_writer(str(run.tensorboard)) if run else None
        )

    def __call__(self, step: int, values: Mapping[str, float]) -> None:
        """Counts the steps in, and logs when the interval is over or at the end."""
        count = step - self._seen_step
        self._seen_step = step
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value * count
        seconds = self._clock() - self._logged_time
        if seconds < self._interval_s and step < self._last_step:
            return
        done = step - self._logged_step
        means = {name: value / done for name, value in self._sums.items()}
        speed = done / max(seconds, 1e-9)
        eta = timedelta(seconds=round((self._last_step - step) / speed))
        logging.info(
            "step %*d/%d  %s  %.1f steps/s  eta %s",
            len(str(self._last_step)),
            step,
            self._last_step,
            "  ".join(f"{name} {value:.4f}" for name, value in means.items()),
            speed,
            eta,
        )
        self.write(step, {**means, "steps_per_s": speed})
        self._sums.clear()
        self._logged_step, self._logged_time = step, self._clock()

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Writes numbers to metrics.jsonl and TensorBoard."""
        if self._run is None or self._writer is None:
            return
        self._run.write_metrics(step, values)
        with self._writer.as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, value)
        self._writer.flush()


class Checkpoints:
    """Saves and restores a run's state; at most three are kept."""

    def __init__(
        self, directory: str | os.PathLike[str], *, is_writer: bool = True, **state: Any
    ) -> None:
        """Takes what a run needs to go on, such as model and optimizer.

        Args:
            directory: where checkpoints are kept, the same for all workers.
            is_writer: whether this process saves (the chief does); all restore.
            **state: trackable objects, made in the scope of the strategy.
        """
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        self._is_writer = is_writer
        self._checkpoint = tf.train.Checkpoint(step=self.step, **state)
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(directory), max_to_keep=3
        )

    def restore(self) -> int:
        """Restores the newest checkpoint, all of it, and returns its step; or 0."""
        newest = self._manager.latest_checkpoint
        if newest is None:
            return 0
        status = self._checkpoint.restore(newest)
        status.assert_existing_objects_matched().assert_consumed()
        step = int(self.step.numpy())
        logging.info("continuing from step %d (%s)", step, newest)
        return step

    def __call__(self, step: int, values: Mapping[str, float]) -> None:
        """Saves; an action for `every`."""
        self.step.assign(step)
        if self._is_writer:
            self._manager.save(checkpoint_number=step)
