"""Supervised training of a prior: strategy, optimizer, stream, loop and run folder."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from piaa_tf.data.images import input_errors
from piaa_tf.data.streams import training_stream
from piaa_tf.errors import InputError
from piaa_tf.models.prior import Prior
from piaa_tf.training.loop import Checkpoints, StepsCall
from piaa_tf.training.loss_scale import LossScale
from piaa_tf.training.optimizers import PartOptimizer, make_optimizer, make_schedule
from piaa_tf.training.run import Run
from piaa_tf.training.strategy import distribute
from piaa_tf.training.supervised.options import FitOptions, StreamOptions
from piaa_tf.training.supervised.step import Losses, SupervisedTraining


@dataclasses.dataclass(frozen=True)
class StreamPart:
    """What one worker draws of an endless stream, and from which step on.

    Attributes:
        options: how images are drawn.
        image_size: S, side of the network's input in pixels.
        batch_size: samples per step of this worker.
        seed: of order, crops and mirroring.
        first_step: number of the first batch.
        shard: (index, count): which of how many equal slices of each step's samples.
        cache_bytes: memory for decoded images.
    """

    options: StreamOptions
    image_size: int
    batch_size: int
    seed: int
    first_step: int
    shard: tuple[int, int]
    cache_bytes: int

    def batches(self, paths: list, targets: Any) -> tf.data.Dataset:
        """Draws batches of (image, target), as in `data.streams.training_stream`."""
        return training_stream(
            paths,
            targets,
            batch_size=self.batch_size,
            image_size=self.image_size,
            resize_size=self.options.resize_size or None,
            keep_aspect=self.options.keep_aspect,
            flip=self.options.flip,
            seed=self.seed,
            first_step=self.first_step,
            cache_bytes=self.cache_bytes,
            shard=self.shard,
        )

    def other_order(self) -> StreamPart:
        """Returns the same part with another seed: an independent order."""
        return dataclasses.replace(self, seed=self.seed + 1_000_003)


Stream = Callable[[StreamPart], tf.data.Dataset]
"""Draws a part's batches: (inputs, targets), the network's and the losses'."""


def fit(
    build: Callable[[], Prior],
    stream: Stream,
    losses: Losses,
    *,
    num_samples: int,
    options: FitOptions,
    stream_options: StreamOptions,
    run: Run,
) -> Prior:
    """Fits a prior, from where the run's folder left off.

    Args:
        build: makes the untrained prior; called in the strategy's scope.
        stream: draws (inputs, targets) batches.
        losses: of outputs against targets.
        num_samples: of the longest stream; an epoch passes it once.
        options: how to fit.
        stream_options: how to draw.
        run: where it computes and what it leaves behind.

    Returns:
        The fitted prior, in the strategy's scope.

    Raises:
        InputError: The batch does not divide among the replicas, or an image is
            broken.
        NonFiniteLossError: A loss was not finite.
    """
    strategy = run.strategy
    _check_batch(options.batch_size, strategy.num_replicas_in_sync)
    steps_per_epoch = math.ceil(num_samples / options.batch_size)
    with strategy.scope():
        prior = build()
        training, checkpoints = _training(
            prior, losses, options, steps_per_epoch=steps_per_epoch, run=run
        )
        first_step = checkpoints.restore() if checkpoints else 0
    whole = StreamPart(
        stream_options,
        prior.config.image_size,
        options.batch_size,
        options.seed,
        first_step,
        shard=(0, 1),
        cache_bytes=run.options.cache_bytes,
    )
    run.loop(
        _steps_call(training, iter(_distributed(stream, whole, strategy))),
        prior,
        checkpoints=checkpoints,
        first_step=first_step,
        last_step=steps_per_epoch * options.epochs,
        validation_steps=steps_per_epoch * options.validation_epochs,
    )
    return prior


def _check_batch(batch_size: int, replicas: int) -> None:
    if batch_size % replicas:
        raise InputError(
            f"batch_size must divide among the {replicas} replicas. Got {batch_size}."
        )


def _training(
    prior: Prior, losses: Losses, options: FitOptions, *, steps_per_epoch: int, run: Run
) -> tuple[SupervisedTraining, Checkpoints | None]:
    """Makes all variables of the training, and what saves them."""
    optimizer = _part_optimizer(prior, options, steps_per_epoch)
    scale = LossScale() if run.options.precision == "mixed_float16" else None
    state = {"loss_scale": scale} if scale else {}
    training = SupervisedTraining(
        prior.model,
        optimizer,
        losses,
        strategy=run.strategy,
        global_batch=options.batch_size,
        seed=options.seed,
        loss_scale=scale,
    )
    return training, run.checkpoints(model=prior.model, optimizer=optimizer, **state)


def _steps_call(training: SupervisedTraining, batches: Iterator) -> StepsCall:
    def call(step: int, count: int) -> tuple[dict[str, float], int]:
        with input_errors():
            values, bad_step = training.run(
                batches, tf.constant(step), tf.constant(count)
            )
        return {name: float(value) for name, value in values.items()}, int(bad_step)

    return call


def _part_optimizer(
    prior: Prior, options: FitOptions, steps_per_epoch: int
) -> PartOptimizer:
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
                        steps_per_epoch=steps_per_epoch,
                        steps=steps_per_epoch * options.epochs,
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


def _distributed(
    stream: Stream, whole: StreamPart, strategy: tf.distribute.Strategy
) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """Hands each replica its slice of every global batch, in order."""

    def worker_batches(context: tf.distribute.InputContext) -> tf.data.Dataset:
        workers = context.num_input_pipelines
        part = dataclasses.replace(
            whole,
            batch_size=whole.batch_size // workers,
            shard=(context.input_pipeline_id, workers),
        )
        batches = stream(part)
        local_replicas = context.num_replicas_in_sync // workers
        if local_replicas > 1:
            batches = batches.rebatch(part.batch_size // local_replicas)
        return batches

    return distribute(strategy, worker_batches)
