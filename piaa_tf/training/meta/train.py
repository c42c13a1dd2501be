"""From ratings to BLG-PIAA's prior: the tasks of many users, and a run of its own.

prior = meta_train(ratings, load_prior("runs/average/prior"))
"""

from __future__ import annotations

import dataclasses

from absl import logging

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.data.tasks import TaskSampler
from piaa_tf.models.prior import Prior
from piaa_tf.training.meta.fit import check_kind, meta_fit
from piaa_tf.training.meta.options import (
    FLOAT16_LOSS_SCALE,
    MetaOptions,
    MetaSchedule,
    TaskOptions,
)
from piaa_tf.training.meta.task_stream import TaskStream
from piaa_tf.training.options import RunOptions
from piaa_tf.training.run import begin, copy_prior


def meta_train(
    ratings: PersonalRatings,
    start: Prior,
    *,
    options: MetaOptions = MetaOptions(),
    tasks: TaskOptions = TaskOptions(),
    schedule: MetaSchedule = MetaSchedule(),
    run: RunOptions = RunOptions(),
) -> Prior:
    """Meta-trains BLG-PIAA's prior on many users, for new ones with few ratings.

    Sets the seeds of Python, NumPy and TensorFlow.

    Args:
        ratings: of the users of meta-training.
        start: the prior to begin at, which stays as it is: `train_generic`'s with
            the target "score", or an untrained one of `models.prior.build_prior`.
        options: of the algorithm.
        tasks: which of a user's ratings make a task.
        schedule: when it ends, measures and saves.
        run: where it computes, what it leaves behind, who watches.

    Returns:
        The prior, of kind "blg_piaa".

    Raises:
        InputError: Start, options, ratings or the run's folder do not fit.
        NonFiniteLossError: A loss was not finite.
    """
    check_kind(start)
    options = _fitting(options, run)
    described = {
        "trained_by": "meta_train",
        "start": start.checksum(),
        "precision": run.precision,
    }
    for part in (options, tasks, schedule):
        described |= dataclasses.asdict(part)
    training = run.training(described, keep_aspect=start.keep_aspect)
    with begin(run, described, {"train": ratings}, seed=options.seed) as begun:
        sampler = TaskSampler(
            ratings.users,
            num_tasks=options.num_tasks,
            **dataclasses.asdict(tasks),
            seed=options.seed,
        )
        prior = meta_fit(
            lambda: copy_prior(start, training),
            TaskStream(
                ratings,
                sampler,
                start.config.image_size,
                keep_aspect=start.keep_aspect,
                cache_bytes=run.cache_bytes,
            ),
            options=options,
            schedule=schedule,
            run=begun,
        )
        return begun.finish(prior)


def _fitting(options: MetaOptions, run: RunOptions) -> MetaOptions:
    """Warns of a rate that may diverge; scales the loss where float16 needs it."""
    share = options.num_tasks * options.outer_rate
    if options.is_by_difference and share > 1:
        logging.warning(
            "num_tasks * outer_rate is %g: above 1, theta overshoots the adapted "
            "weights and may diverge",
            share,
        )
    if run.precision != "mixed_float16":
        return options
    scale = max(options.loss_scale, FLOAT16_LOSS_SCALE)
    return dataclasses.replace(options, loss_scale=scale)
