"""Meta-training of a prior: strategy, task stream, loop and run folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import tensorflow as tf

from piaa_tf.data.images import input_errors
from piaa_tf.errors import InputError
from piaa_tf.models.prior import Prior
from piaa_tf.training.actions import run_actions
from piaa_tf.training.loop import Checkpoints, NonFiniteLossError, run_loop
from piaa_tf.training.meta.bilevel import MetaTraining
from piaa_tf.training.meta.episode import Network
from piaa_tf.training.meta.options import MetaOptions
from piaa_tf.training.meta.replica_local import replica_local
from piaa_tf.training.meta.task_stream import TaskStream
from piaa_tf.training.run_folder import RunFolder
from piaa_tf.training.strategy import is_chief


@dataclasses.dataclass(frozen=True)
class MetaSchedule:
    """When a meta-training run ends, and what it does on its way.

    Attributes:
        num_steps: meta-steps of the run.
        steps_per_call: meta-steps between two looks of the host.
        checkpoint_minutes: time between checkpoints.
        checkpoint_steps: meta-steps between checkpoints, too; 0 for time alone.
        validation_steps: meta-steps between two measurements of held-out users; 0 for
            none.
    """

    num_steps: int
    steps_per_call: int = 10
    checkpoint_minutes: float = 10.0
    checkpoint_steps: int = 0
    validation_steps: int = 100

    def __post_init__(self) -> None:
        """Checks the numbers."""
        for name, minimum in (
            ("num_steps", 1),
            ("steps_per_call", 1),
            ("checkpoint_minutes", 0),
            ("checkpoint_steps", 0),
            ("validation_steps", 0),
        ):
            if not getattr(self, name) >= minimum:
                raise InputError(
                    f"{name} must be >= {minimum}. Got {getattr(self, name)}."
                )


def meta_fit(
    build: Callable[[], Prior],
    stream: TaskStream,
    *,
    options: MetaOptions,
    schedule: MetaSchedule,
    strategy: tf.distribute.Strategy,
    run: RunFolder | None = None,
    validate: Callable[[Prior], Mapping[str, float]] | None = None,
) -> Prior:
    """Meta-trains a prior, from where the run folder left off.

    A run that was interrupted, even killed, ends with bitwise the same theta as one
    that was not: tasks, batches and dropout are functions of (seed, step).

    Args:
        build: makes the prior at its start; called where its variables become
            replica-local.
        stream: draws tasks; its sampler's k is the one of `options`.
        options: of the algorithm.
        schedule: when it ends, measures and saves.
        strategy: where replicas run.
        run: where checkpoints and metrics go; None keeps nothing.
        validate: measures the prior on held-out users.

    Returns:
        The prior at the last theta.

    Raises:
        InputError: The prior is not BLG-PIAA's, k does not divide among the replicas,
            or a picture is broken.
        NonFiniteLossError: Step, task and user are named; the last checkpoint is good.
    """
    with strategy.scope():
        with replica_local():
            prior = build()
            check_kind(prior)
            network = Network.of_prior(prior)
        training = MetaTraining(
            network,
            options,
            strategy=strategy,
            num_steps=schedule.num_steps,
            steps_per_epoch=stream.sampler.steps_per_epoch,
        )
        checkpoints = run and Checkpoints(
            run.checkpoints,
            is_writer=is_chief(strategy),
            model=prior.model,
            moments=training.state,
        )
        first_step = checkpoints.restore() if checkpoints else 0
    tasks = iter(stream.distributed(options.levels, strategy, first_step=first_step))

    def call(step: int, count: int):
        with input_errors():
            values, bad_step, bad_task = training.run(
                tasks, tf.constant(step), tf.constant(count)
            )
        if bad_step >= 0:
            task = stream.sampler.task(int(bad_step), int(bad_task))
            raise NonFiniteLossError(
                f"The loss must stay finite. Got otherwise at meta-step {task.step} in "
                f"task {task.number}, user {task.user!r}. The last checkpoint is good: "
                "continue from it with lower rates in a new run, or in float32."
            )
        return {name: float(value) for name, value in values.items()}, -1

    run_loop(
        call,
        first_step=first_step,
        last_step=schedule.num_steps,
        steps_per_call=schedule.steps_per_call,
        actions=run_actions(
            run,
            strategy,
            checkpoints,
            first_step=first_step,
            last_step=schedule.num_steps,
            checkpoint_minutes=schedule.checkpoint_minutes,
            checkpoint_steps=schedule.checkpoint_steps or None,
            validate=(
                (lambda: validate(prior))
                if validate and schedule.validation_steps
                else None
            ),
            validation_steps=schedule.validation_steps,
        ),
    )
    return prior


def check_kind(prior: Prior) -> None:
    """Refuses what is not BLG-PIAA's network.

    Raises:
        InputError: The prior is of another kind.
    """
    if prior.kind != "blg_piaa":
        raise InputError(
            f"Meta-training needs a prior of kind 'blg_piaa'. Got {prior.kind!r}. "
            "Make one with piaa-train-generic --target=score."
        )
