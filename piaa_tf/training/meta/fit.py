"""Meta-training of a prior: strategy, task stream, loop and run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import tensorflow as tf

from piaa_tf.data.images import input_errors
from piaa_tf.data.tasks import TaskSampler
from piaa_tf.errors import InputError
from piaa_tf.models.prior import Prior
from piaa_tf.training.loop import NonFiniteLossError, StepsCall
from piaa_tf.training.meta.bilevel import MetaTraining
from piaa_tf.training.meta.episode import Network
from piaa_tf.training.meta.options import MetaOptions, MetaSchedule
from piaa_tf.training.meta.replica_local import replica_local
from piaa_tf.training.meta.task_stream import TaskStream
from piaa_tf.training.run import Run


def meta_fit(
    build: Callable[[], Prior],
    stream: TaskStream,
    *,
    options: MetaOptions,
    schedule: MetaSchedule,
    run: Run,
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
        run: where it computes and what it leaves behind.

    Returns:
        The prior at the last theta, its variables replica-local.

    Raises:
        InputError: The prior is not BLG-PIAA's, k does not divide among the replicas,
            or an image is broken.
        NonFiniteLossError: Step, task and user are named; the last checkpoint is good.
    """
    strategy = run.strategy
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
        checkpoints = run.checkpoints(model=prior.model, moments=training.state)
        first_step = checkpoints.restore() if checkpoints else 0
    tasks = iter(stream.distributed(options.levels, strategy, first_step=first_step))

    run.loop(
        _steps_call(training, tasks, stream.sampler),
        prior,
        checkpoints=checkpoints,
        first_step=first_step,
        last_step=schedule.num_steps,
        validation_steps=schedule.validation_steps,
        checkpoint_steps=schedule.checkpoint_steps,
    )
    return prior


def _steps_call(
    training: MetaTraining, tasks: Iterator, sampler: TaskSampler
) -> StepsCall:
    def call(step: int, count: int) -> tuple[dict[str, float], int]:
        with input_errors():
            values, bad_step, bad_task = training.run(
                tasks, tf.constant(step), tf.constant(count)
            )
        if bad_step >= 0:
            task = sampler.task(int(bad_step), int(bad_task))
            raise NonFiniteLossError(
                f"The loss must stay finite. Got otherwise at meta-step {task.step} in "
                f"task {task.number}, user {task.user!r}. The last checkpoint is good: "
                "continue from it with lower rates in a new run, or in float32."
            )
        return {name: float(value) for name, value in values.items()}, -1

    return call


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
