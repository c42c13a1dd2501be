"""The priors that systems start from: given by the user, kept from before, or trained.

Each has a role; systems of one role share the prior, trained once and kept in the
work folder. What is trained here is small, for the simulated gallery and two cores:
Adam with a cosine schedule from random weights. Whoever has real data trains with the
programs, by the slides' settings, and brings the priors along.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from absl import logging

from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.data.tasks import TaskSampler
from piaa_tf.evaluation.generic import score_metrics
from piaa_tf.evaluation.personality import trait_metrics
from piaa_tf.evaluation.system import Training
from piaa_tf.models.blg_piaa import BlgPiaaConfig
from piaa_tf.models.pa_iaa import PaIaaConfig
from piaa_tf.models.prior import (
    Prior,
    assign_weights,
    build_prior,
    load_prior,
    save_prior,
)
from piaa_tf.training.meta.fit import MetaSchedule, meta_fit
from piaa_tf.training.meta.options import MetaOptions
from piaa_tf.training.meta.task_stream import TaskStream
from piaa_tf.training.run_folder import RunFolder
from piaa_tf.training.strategy import make_strategy
from piaa_tf.training.supervised import generic, multitask
from piaa_tf.training.supervised.fit import FitOptions, StreamOptions, fit

EPOCHS = {
    "multitask": 8,
    "aesthetics": 6,
    "personality": 6,
    "nima": 6,
    "average": 6,
}
QUICK_SHARE = 8
"""A quick run has this many times fewer epochs and meta-steps."""

BATCH_SIZE = 50
RATE = 2e-3
DISTRIBUTION_WEIGHT = 100.0
"""Of L_a over L_p: squared shares of ten bins are about so much smaller."""

META_STEPS = {"blg": 120, "reptile": 120, "fomaml": 120, "anil": 240}
META = {
    "blg": {"inner_rate": 3e-4, "outer_rate": 0.2, "outer_schedule": "linear"},
    "reptile": {"inner_rate": 3e-4, "outer_rate": 0.2, "outer_schedule": "linear"},
    # A larger outer rate than this leaves theta of no use before the inner steps.
    "fomaml": {"inner_rate": 1e-4, "outer_rate": 1e-4, "outer_schedule": "linear"},
    "anil": {
        "inner_rate": 0.1,
        "outer_rate": 1e-3,
        "outer_schedule": "linear",
        "body_rate": 3e-4,
        "scope": "head",
    },
}
NUM_TASKS = 5
INNER_BATCH = 20
"""Fresh pictures at each inner step; a small network learns a fixed set by heart."""

ROLES = (*EPOCHS, *META)


def role_of(prior: Prior) -> str:
    """Says which role a prior has, by what it predicts and how it was trained."""
    if prior.training.get("target") == "ranking":
        return "ranking"  # scores of no scale: no system adapts them
    if prior.kind == "blg_piaa":
        learner = prior.training.get("learner", "average")
        return learner if learner in META else "average"
    if len(prior.config.tasks) > 1:
        return "multitask"
    if prior.config.tasks == ("traits",):
        return "personality"
    is_emd = prior.training.get("distribution_loss") == "emd"
    return "nima" if is_emd else "aesthetics"


def find_prior(role: str, training: Training, system: str) -> Prior:
    """Gives the prior of a role; trains it where nobody has yet.

    Args:
        role: one of `ROLES`.
        training: what is at hand.
        system: who asks; named where something is missing.

    Returns:
        The prior.

    Raises:
        NotAtHandError: The samples to train it from are not there.
    """
    if role in training.priors:
        return load_prior(training.priors[role])
    if role in META:
        return _meta_trained(role, training, system)
    return _fitted(role, training, system)


@dataclasses.dataclass(frozen=True, eq=False)
class _Task:
    """What differs between the roles that are trained in the supervised way."""

    kind: str
    config: Any
    stream: Callable[[StreamOptions], Any]
    losses: Callable
    num_samples: int
    measure: Callable[[Prior], dict[str, float]] | None


def _fitted(role: str, training: Training, system: str) -> Prior:
    task = _task(role, training, system)
    epochs = _share(EPOCHS[role], training)
    run = _open(role, training, {"epochs": epochs, "rate": RATE})
    if (run.prior / "config.json").exists():
        return load_prior(run.prior)
    logging.info("training the prior %r, %d epochs", role, epochs)
    described = {"role": role, "epochs": epochs, "seed": training.seed}
    if role == "nima":
        described["distribution_loss"] = "emd"

    def build() -> Prior:
        tf.keras.utils.set_random_seed(training.seed)
        return build_prior(task.kind, task.config, training=described)

    prior = fit(
        build,
        task.stream,
        task.losses,
        options=FitOptions(
            batch_size=BATCH_SIZE,
            steps_per_epoch=math.ceil(task.num_samples / BATCH_SIZE),
            epochs=epochs,
            optimizer="adam",
            schedule="cosine",
            backbone_rate=RATE,
            head_rate=RATE,
            decay=1.0,
            weight_decay=0.0,
            seed=training.seed,
        ),
        stream_options=StreamOptions(
            {"image_size": training.image_size, "flip": True, "seed": training.seed}
        ),
        strategy=make_strategy("one"),
        run=run,
    )
    return _kept(prior, task.measure(prior) if task.measure else {}, run)


def _task(role: str, training: Training, system: str) -> _Task:
    shape = {"backbone": training.backbone, "image_size": training.image_size}
    if role == "average":
        samples, held_out = _average_samples(training, system)
        return _Task(
            "blg_piaa",
            BlgPiaaConfig(**shape, head_sizes=()),
            lambda options: generic.average_stream(samples, options),
            generic.score_losses,
            len(generic.average_scores(samples)[0]),
            held_out and (lambda prior: score_metrics(prior, held_out)),
        )
    if role == "personality":
        likes, held_out = _both(LikedImages, training, system)
        return _Task(
            "pa_iaa",
            PaIaaConfig(**shape, head_sizes=(), tasks=("traits",)),
            lambda options: multitask.personality_stream(likes, options),
            multitask.task_losses(),
            len(likes),
            held_out and (lambda prior: trait_metrics(prior, held_out)),
        )
    scores, held_out = _both(ScoreDistributions, training, system)
    bins = tuple(float(score) for score in scores.bin_scores)
    if role == "multitask":
        likes = training.samples(LikedImages, system)
        return _Task(
            "pa_iaa",
            PaIaaConfig(**shape, head_sizes=(), bin_scores=bins),
            lambda options: multitask.both_streams(scores, likes, options),
            multitask.task_losses(distribution_weight=DISTRIBUTION_WEIGHT),
            max(len(scores), len(likes)),
            held_out and (lambda prior: score_metrics(prior, held_out)),
        )
    return _Task(
        "pa_iaa",
        PaIaaConfig(**shape, head_sizes=(), bin_scores=bins, tasks=("distribution",)),
        lambda options: multitask.aesthetics_stream(scores, options),
        multitask.task_losses(distribution="emd" if role == "nima" else "mse"),
        len(scores),
        held_out and (lambda prior: score_metrics(prior, held_out)),
    )


def _both(kind: type, training: Training, system: str) -> tuple:
    return training.samples(kind, system), training.validation.get(kind)


def _average_samples(training: Training, system: str) -> tuple:
    """Average aesthetics: of a crowd where there is one, else of the users."""
    if ScoreDistributions in training.train:
        return _both(ScoreDistributions, training, system)
    return _both(PersonalRatings, training, system)


def _meta_trained(role: str, training: Training, system: str) -> Prior:
    ratings = training.samples(PersonalRatings, system)
    start = find_prior("average", training, system)
    steps = _share(META_STEPS[role], training)
    options = MetaOptions(
        num_tasks=NUM_TASKS, seed=training.seed, learner=role, **META[role]
    )
    described = {
        "role": role,
        "steps": steps,
        "start": start.checksum(),
        **dataclasses.asdict(options),
    }
    run = _open(role, training, described)
    if (run.prior / "config.json").exists():
        return load_prior(run.prior)
    logging.info("meta-training the prior %r, %d steps", role, steps)

    def build() -> Prior:
        prior = build_prior(
            start.kind,
            start.config,
            training={**described, "keep_aspect": start.keep_aspect},
        )
        assign_weights(prior.model, start.weights())
        return prior

    sampler = TaskSampler(
        ratings.users,
        num_tasks=options.num_tasks,
        inner_batch=INNER_BATCH,
        min_ratings=2,
        seed=training.seed,
    )
    prior = meta_fit(
        build,
        TaskStream(
            ratings, sampler, start.config.image_size, keep_aspect=start.keep_aspect
        ),
        options=options,
        schedule=MetaSchedule(num_steps=steps, validation_steps=0),
        strategy=make_strategy("one"),
        run=run,
    )
    return _kept(prior, {}, run)


def _share(count: int, training: Training) -> int:
    return max(1, count // QUICK_SHARE) if training.is_quick else count


def _open(role: str, training: Training, described: dict[str, Any]) -> RunFolder:
    return RunFolder(
        training.work_dir / "priors" / role,
        {
            **described,
            "backbone": training.backbone,
            "image_size": training.image_size,
            "seed": training.seed,
        },
    )


def _kept(prior: Prior, metrics: dict[str, float], run: RunFolder) -> Prior:
    save_prior(dataclasses.replace(prior, metrics=metrics), run.prior)
    # Read back, it belongs to no strategy, and is what a later call will find.
    return load_prior(run.prior)
