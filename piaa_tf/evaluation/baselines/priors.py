"""The priors that systems start from: given by the user, kept from before, or trained.

Each has a role. Systems of one role share its prior, which is trained once and kept in
the work folder. Training here is small, for the simulated gallery and two cores: Adam
with a cosine schedule from random weights. With real data, train priors with the
programs, by the slides' settings, and pass them in.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from absl import logging

from piaa_tf.data.samples import (
    AnySamples,
    LikedImages,
    PersonalRatings,
    ScoreDistributions,
)
from piaa_tf.evaluation.generic import score_metrics
from piaa_tf.evaluation.personality import trait_metrics
from piaa_tf.evaluation.system import Training
from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
from piaa_tf.models.prior import Prior, load_prior
from piaa_tf.training.meta.options import MetaOptions, MetaSchedule, TaskOptions
from piaa_tf.training.meta.train import meta_train
from piaa_tf.training.options import Measure, RunOptions
from piaa_tf.training.run_folder import RunFolder
from piaa_tf.training.supervised.options import FitOptions, LossOptions
from piaa_tf.training.supervised.train import train_generic, train_multitask

EPOCHS = {
    "multitask": 8,
    "aesthetics": 6,
    "personality": 6,
    "nima": 6,
    "average": 6,
}
QUICK_SHARE = 8
"""A quick run divides epochs and meta-steps by this."""

BATCH_SIZE = 50
RATE = 2e-3
DISTRIBUTION_WEIGHT = 100.0
"""Of L_a over L_p: squared errors of ten bins' shares are about so much smaller."""

META_STEPS = {"blg": 120, "reptile": 120, "fomaml": 120, "anil": 240}
_FALLING = MetaOptions(outer_schedule="linear")
META = {
    "blg": replace(_FALLING, learner="blg", inner_rate=3e-4, outer_rate=0.2),
    "reptile": replace(_FALLING, learner="reptile", inner_rate=3e-4, outer_rate=0.2),
    # A larger outer rate than this makes theta useless before the inner steps.
    "fomaml": replace(_FALLING, learner="fomaml", inner_rate=1e-4, outer_rate=1e-4),
    "anil": replace(
        _FALLING,
        learner="anil",
        inner_rate=0.1,
        outer_rate=1e-3,
        body_rate=3e-4,
        scope="head",
    ),
}
"""Role -> how it is meta-trained, except for the seed and the number of tasks."""

NUM_TASKS = 5
INNER_BATCH = 20
"""Fresh images at each inner step; a small network memorises a fixed set."""

ROLES = (*EPOCHS, *META)


def role_of(prior: Prior) -> str:
    """Returns a prior's role, by what it predicts and how it was trained."""
    if prior.training.get("target") == "ranking":
        return "ranking"  # its scores have no scale: no system adapts them
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
    """Returns the prior of a role, and trains it if necessary.

    Args:
        role: one of `ROLES`.
        training: the given priors, and the samples to train on.
        system: name of the system that needs it, for messages.

    Returns:
        The prior.

    Raises:
        MissingSamplesError: The samples to train it on are missing.
    """
    if role in training.priors:
        return load_prior(training.priors[role])
    if role in META:
        return _meta_trained(role, training, system)
    return _fitted(role, training, system)


def _fitted(role: str, training: Training, system: str) -> Prior:
    train, measure = _learning(role, training, system)
    epochs = _share(EPOCHS[role], training)
    run = _open(role, training, {"epochs": epochs, "rate": RATE})
    if (run.prior / "config.json").exists():
        return load_prior(run.prior)
    logging.info("training the prior %r, %d epochs", role, epochs)
    described: dict[str, Any] = {
        "role": role,
        "epochs": epochs,
        "seed": training.seed,
    }
    if role == "nima":
        described["distribution_loss"] = "emd"
    return train(
        options=FitOptions(
            batch_size=BATCH_SIZE,
            epochs=epochs,
            optimizer="adam",
            schedule="cosine",
            backbone_rate=RATE,
            head_rate=RATE,
            weight_decay=0.0,
            validation_epochs=0,
            seed=training.seed,
        ),
        run=RunOptions(run, described, measure=measure),
    )


def _learning(
    role: str, training: Training, system: str
) -> tuple[Callable[..., Prior], Measure | None]:
    """Returns what trains the prior of a role, and what measures it."""
    shape: dict[str, Any] = {
        "backbone": training.backbone,
        "image_size": training.image_size,
        "head_sizes": (),
    }
    network, held_out = PaIaaConfig(**shape), training.validation
    if role == "average":
        samples = training.average_samples(system)
        train = functools.partial(
            train_generic, samples, target="score", network=BlgPiaaConfig(**shape)
        )
        if isinstance(samples, ScoreDistributions):
            return train, _measure(score_metrics, held_out.get(ScoreDistributions))
        return train, _measure(score_metrics, held_out.get(PersonalRatings))
    if role == "personality":
        likes = training.samples(LikedImages, system)
        train = functools.partial(
            train_generic, likes, target="personality", network=network
        )
        return train, _measure(trait_metrics, held_out.get(LikedImages))
    scores = training.samples(ScoreDistributions, system)
    if role == "multitask":
        train = functools.partial(
            train_multitask,
            scores,
            training.samples(LikedImages, system),
            network=network,
            losses=LossOptions(distribution_weight=DISTRIBUTION_WEIGHT),
        )
    else:
        losses = LossOptions("emd" if role == "nima" else "mse")
        train = functools.partial(train_generic, scores, network=network, losses=losses)
    return train, _measure(score_metrics, held_out.get(ScoreDistributions))


def _measure(
    metrics: Callable[[Prior, AnySamples], dict[str, float]],
    samples: AnySamples | None,
) -> Measure | None:
    """Returns what measures a prior on samples; None where there are none."""
    if samples is None:
        return None
    return lambda prior: metrics(prior, samples)


def _meta_trained(role: str, training: Training, system: str) -> Prior:
    ratings = training.samples(PersonalRatings, system)
    start = find_prior("average", training, system)
    steps = _share(META_STEPS[role], training)
    options = replace(META[role], num_tasks=NUM_TASKS, seed=training.seed)
    described = {
        "role": role,
        "steps": steps,
        "start": start.checksum(),
        **asdict(options),
    }
    run = _open(role, training, described)
    if (run.prior / "config.json").exists():
        return load_prior(run.prior)
    logging.info("meta-training the prior %r, %d steps", role, steps)

    return meta_train(
        ratings,
        start,
        options=options,
        tasks=TaskOptions(inner_batch=INNER_BATCH, min_ratings=2),
        schedule=MetaSchedule(steps),
        run=RunOptions(run, described),
    )


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
