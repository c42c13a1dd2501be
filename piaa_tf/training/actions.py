"""What every run does between its steps: progress, validation, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tensorflow as tf
from absl import logging

from piaa_tf.training.loop import Action, Checkpoints, Progress, every
from piaa_tf.training.run_folder import RunFolder
from piaa_tf.training.strategy import is_chief


def run_actions(
    run: RunFolder | None,
    strategy: tf.distribute.Strategy,
    checkpoints: Checkpoints | None,
    *,
    first_step: int,
    last_step: int,
    checkpoint_minutes: float,
    checkpoint_steps: int | None = None,
    validate: Callable[[], Mapping[str, float]] | None = None,
    validation_steps: int | None = None,
) -> list[Action]:
    """Makes the actions of a run.

    Args:
        run: where numbers go; None keeps none.
        strategy: its chief alone measures and writes.
        checkpoints: what saves the state; None for no checkpoints.
        first_step: number of steps already done.
        last_step: number of steps done at the end.
        checkpoint_minutes: time between checkpoints.
        checkpoint_steps: steps between checkpoints, too; None for time alone.
        validate: measures the model.
        validation_steps: steps between two measurements.

    Returns:
        The actions, for `run_loop`.
    """
    chief = is_chief(strategy)
    progress = Progress(
        run if chief else None, first_step=first_step, last_step=last_step
    )
    actions: list[Action] = [progress]
    if validate is not None and chief:

        def measure(step: int, values: Mapping[str, float]) -> None:
            metrics = validate()
            logging.info(
                "step %d  validation  %s",
                step,
                "  ".join(f"{name} {value:.3f}" for name, value in metrics.items()),
            )
            progress.write(step, metrics)

        actions.append(every(measure, steps=validation_steps, last_step=last_step))
    if checkpoints is not None:
        actions.append(
            every(
                checkpoints,
                steps=checkpoint_steps,
                seconds=60 * checkpoint_minutes,
                last_step=last_step,
            )
        )
    return actions
