"""A run under way: where it computes, what happens between its steps, its end."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf
from absl import logging

from piaa_tf.data.samples import Samples
from piaa_tf.models.prior import Prior, assign_weights, build_prior, save_prior
from piaa_tf.training.loop import (
    Action,
    Checkpoints,
    StepLog,
    StepsCall,
    every,
    run_loop,
)
from piaa_tf.training.options import Measure, RunOptions
from piaa_tf.training.run_folder import RunFolder
from piaa_tf.training.strategy import is_chief, make_strategy, precision_policy

MAY_CHANGE = ("checkpoint_steps", "validation_epochs", "validation_steps")
"""Options that may differ in a continued run: they only watch."""


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A run under way; made by `begin`.

    Attributes:
        options: of the run.
        strategy: over which replicas it computes.
        folder: where it keeps what a later process needs; None keeps nothing.
    """

    options: RunOptions
    strategy: tf.distribute.Strategy
    folder: RunFolder | None = None

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that measures and writes."""
        return is_chief(self.strategy)

    def checkpoints(self, **state: Any) -> Checkpoints | None:
        """Makes the checkpoints of some trackable objects, where there is a folder."""
        if self.folder is None:
            return None
        return Checkpoints(self.folder.checkpoints, is_writer=self.is_chief, **state)

    def loop(
        self,
        steps_call: StepsCall,
        prior: Prior,
        *,
        checkpoints: Checkpoints | None,
        first_step: int,
        last_step: int,
        validation_steps: int,
        checkpoint_steps: int = 0,
    ) -> None:
        """Runs all steps that are left; logs, measures and saves in between.

        Args:
            steps_call: as in `run_loop`.
            prior: that the steps train.
            checkpoints: what saves the state; None for no checkpoints.
            first_step: number of steps already done.
            last_step: number of steps done at the end.
            validation_steps: steps between two measurements; 0 for none.
            checkpoint_steps: steps between checkpoints besides those by time; 0: none.

        Raises:
            NonFiniteLossError: A loss was not finite.
        """
        log = StepLog(
            self.folder if self.is_chief else None,
            first_step=first_step,
            last_step=last_step,
        )
        actions: list[Action] = [log]
        measure = self.options.measure
        if measure and validation_steps and self.is_chief:
            validate = _validation(measure, prior, log)
            actions.append(every(validate, steps=validation_steps, last_step=last_step))
        if checkpoints is not None:
            actions.append(
                every(
                    checkpoints,
                    steps=checkpoint_steps or None,
                    seconds=60 * self.options.checkpoint_minutes,
                    last_step=last_step,
                )
            )
        if self.options.progress:
            hook = self.options.progress
            actions.append(lambda step, values: hook(step, last_step, values))
        run_loop(
            steps_call,
            first_step=first_step,
            last_step=last_step,
            steps_per_call=self.options.steps_per_call,
            actions=actions,
        )

    def finish(self, prior: Prior) -> Prior:
        """Measures a trained prior, and writes it where there is a folder.

        Args:
            prior: as trained, in the strategy's scope.

        Returns:
            The same weights in a network that belongs to no strategy, and what the
            chief has measured of it.
        """
        free = copy_prior(prior, prior.training)
        if not self.is_chief:
            return free
        if self.options.measure:
            free = dataclasses.replace(free, metrics=dict(self.options.measure(free)))
        if self.folder is not None:
            save_prior(free, self.folder.prior)
        return free


def _validation(measure: Measure, prior: Prior, log: StepLog) -> Action:
    def validate(step: int, values: Mapping[str, float]) -> None:
        metrics = measure(prior)
        logging.info(
            "step %d  validation  %s",
            step,
            "  ".join(f"{name} {value:.3f}" for name, value in metrics.items()),
        )
        log.write(step, metrics)

    return validate


def copy_prior(prior: Prior, training: dict[str, Any]) -> Prior:
    """Builds a prior of the same weights, in the current strategy's scope.

    Args:
        prior: to be copied.
        training: how the copy was trained, or will be.

    Returns:
        The copy; it shares no variable with the prior.
    """
    copy = build_prior(prior.kind, prior.config, training=training)
    assign_weights(copy.model, prior.weights())
    return copy


@contextlib.contextmanager
def begin(
    options: RunOptions,
    described: Mapping[str, Any],
    samples: Mapping[str, Samples],
    *,
    seed: int,
) -> Iterator[Run]:
    """Opens a run's folder and strategy, and sets the precision while it lasts.

    The seeds of Python, NumPy and TensorFlow are set, and stay set.

    Args:
        options: of the run.
        described: all that the run depends on, as plain data.
        samples: what is learned from, by the name of its list in the folder.
        seed: of the weights.

    Yields:
        The run.

    Raises:
        InputError: The folder holds a run of other options or samples.
    """
    strategy = options.strategy or make_strategy("one")
    folder = options.folder
    if folder is not None and not isinstance(folder, RunFolder):
        folder = RunFolder(
            folder, described, may_change=MAY_CHANGE, write=is_chief(strategy)
        )
        for name, own in samples.items():
            folder.write_split(name, own)
    tf.keras.utils.set_random_seed(seed)
    with precision_policy(options.precision):
        yield Run(options, strategy, folder)
