"""Supervised training of a prior: strategy, optimizer, stream, loop and run folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from piaa_tf.data.images import input_errors
from piaa_tf.errors import InputError
from piaa_tf.models.prior import Prior
from piaa_tf.training.actions import run_actions
from piaa_tf.training.loop import Checkpoints, run_loop
from piaa_tf.training.loss_scale import LossScale
from piaa_tf.training.optimizers import PartOptimizer, make_optimizer, make_schedule
from piaa_tf.training.run_folder import RunFolder
from piaa_tf.training.strategy import distribute, is_chief
from piaa_tf.training.supervised.step import Losses, SupervisedTraining


@dataclasses.dataclass(frozen=True)
class StreamOptions:
    """How pictures are drawn: the keyword arguments of `training_stream`.

    Attributes:
        arguments: image_size, resize_size, keep_aspect, flip, seed and so on.
    """

    arguments: Mapping[str, Any]

    def other_order(self) -> StreamOptions:
        """Gives the same options with another seed: an independent order."""
        seed = self.arguments["seed"] + 1_000_003
        return StreamOptions({**self.arguments, "seed": seed})

    def starting(
        self, first_step: int, batch_size: int, shard: tuple[int, int]
    ) -> StreamOptions:
        """Gives the options of one worker's part of the stream from a step on."""
        return StreamOptions(
            {
                **self.arguments,
                "first_step": first_step,
                "batch_size": batch_size,
                "shard": shard,
            }
        )


@dataclasses.dataclass(frozen=True)
class FitOptions:
    """How a prior is fitted.

    Attributes:
        batch_size: samples per step over all replicas, from each stream.
        steps_per_epoch: steps that make an epoch.
        epochs: passes over the data.
        optimizer: a name of `optimizers.OPTIMIZERS`.
        schedule: a name of `optimizers.SCHEDULES`.
        backbone_rate: of the backbone's weights.
        head_rate: of all other weights.
        decay: factor of the rates per epoch.
        weight_decay: of sgdw, per step.
        seed: of the dropout.
        is_float16: whether the loss is scaled.
        steps_per_call: steps between two looks of the host.
        checkpoint_minutes: time between checkpoints.
    """

    batch_size: int
    steps_per_epoch: int
    epochs: int
    optimizer: str
    schedule: str
    backbone_rate: float
    head_rate: float
    decay: float
    weight_decay: float
    seed: int
    is_float16: bool = False
    steps_per_call: int = 10
    checkpoint_minutes: float = 10.0

    def __post_init__(self) -> None:
        """Checks the numbers."""
        for name in ("batch_size", "epochs", "steps_per_call", "steps_per_epoch"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be >= 1. Got {getattr(self, name)}.")
        for name in ("backbone_rate", "head_rate", "weight_decay"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} must be >= 0. Got {getattr(self, name)}.")

    @property
    def num_steps(self) -> int:
        """Steps of the whole run."""
        return self.steps_per_epoch * self.epochs


def fit(
    build: Callable[[], Prior],
    stream: Callable[[StreamOptions], tf.data.Dataset],
    losses: Losses,
    *,
    options: FitOptions,
    stream_options: StreamOptions,
    strategy: tf.distribute.Strategy,
    run: RunFolder | None = None,
    validate: Callable[[Prior], Mapping[str, float]] | None = None,
) -> Prior:
    """Fits a prior, from where the run folder left off.

    Args:
        build: makes the untrained prior; called in the strategy's scope.
        stream: draws (inputs, targets) batches.
        losses: of outputs against targets.
        options: how to fit.
        stream_options: how to draw; batch, step and shard are filled in here.
        strategy: where replicas run.
        run: where checkpoints and metrics go; None keeps nothing.
        validate: measures the prior after each epoch.

    Returns:
        The fitted prior.

    Raises:
        InputError: The batch does not divide among the replicas, or a picture is
            broken.
        NonFiniteLossError: A loss was not finite.
    """
    replicas = strategy.num_replicas_in_sync
    if options.batch_size % replicas:
        raise InputError(
            f"batch_size must divide among the {replicas} replicas. "
            f"Got {options.batch_size}."
        )
    with strategy.scope():
        prior = build()
        optimizer = _part_optimizer(prior, options)
        scale = LossScale() if options.is_float16 else None
        state = {"model": prior.model, "optimizer": optimizer}
        state |= {"loss_scale": scale} if scale else {}
        checkpoints = run and Checkpoints(
            run.checkpoints, is_writer=is_chief(strategy), **state
        )
        first_step = checkpoints.restore() if checkpoints else 0
    training = SupervisedTraining(
        prior.model,
        optimizer,
        losses,
        strategy=strategy,
        global_batch=options.batch_size,
        seed=options.seed,
        loss_scale=scale,
    )
    batches = iter(
        _distributed(stream, stream_options, strategy, options.batch_size, first_step)
    )

    def call(step: int, count: int):
        with input_errors():
            values, bad_step = training.run(
                batches, tf.constant(step), tf.constant(count)
            )
        return {name: float(value) for name, value in values.items()}, int(bad_step)

    run_loop(
        call,
        first_step=first_step,
        last_step=options.num_steps,
        steps_per_call=options.steps_per_call,
        actions=run_actions(
            run,
            strategy,
            checkpoints,
            first_step=first_step,
            last_step=options.num_steps,
            checkpoint_minutes=options.checkpoint_minutes,
            validate=validate and (lambda: validate(prior)),
            validation_steps=options.steps_per_epoch,
        ),
    )
    return prior


def _part_optimizer(prior: Prior, options: FitOptions) -> PartOptimizer:
    backbone = prior.model.get_layer(prior.config.backbone).trainable_variables
    in_backbone = {variable.ref() for variable in backbone}
    heads = [v for v in prior.model.trainable_variables if v.ref() not in in_backbone]
    return PartOptimizer(
        [
            (
                make_optimizer(
                    options.optimizer,
                    make_schedule(
                        options.schedule,
                        rate,
                        decay=options.decay,
                        steps_per_epoch=options.steps_per_epoch,
                        steps=options.num_steps,
                    ),
                    weight_decay=options.weight_decay,
                ),
                variables,
            )
            for rate, variables in (
                (options.backbone_rate, backbone),
                (options.head_rate, heads),
            )
        ]
    )


def _distributed(stream, stream_options, strategy, batch_size: int, first_step: int):
    """Gives each replica its slice of every global batch, in order."""

    def worker_batches(context: tf.distribute.InputContext) -> tf.data.Dataset:
        workers = context.num_input_pipelines
        worker_batch = batch_size // workers
        batches = stream(
            stream_options.starting(
                first_step, worker_batch, (context.input_pipeline_id, workers)
            )
        )
        local_replicas = context.num_replicas_in_sync // workers
        if local_replicas > 1:
            batches = batches.rebatch(worker_batch // local_replicas)
        return batches

    return distribute(strategy, worker_batches)
