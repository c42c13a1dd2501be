"""From samples to a prior by supervised learning: PA_IAA's first stage, generic tasks.

    prior = train_generic(ratings, target="score", run=RunOptions("runs/average"))

What is learned, from which samples, by which network and losses, is decided here; how,
by `FitOptions` and `StreamOptions`; where, by `RunOptions`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from piaa_tf.data.samples import (
    LikedImages,
    PersonalRatings,
    Samples,
    ScoreDistributions,
    average_scores,
)
from piaa_tf.errors import InputError
from piaa_tf.models.config import TASKS, BlgPiaaConfig, PaIaaConfig
from piaa_tf.models.prior import Prior, build_prior
from piaa_tf.training.options import RunOptions
from piaa_tf.training.run import begin
from piaa_tf.training.supervised import generic, multitask
from piaa_tf.training.supervised.fit import Stream, fit
from piaa_tf.training.supervised.options import (
    FitOptions,
    LossOptions,
    StreamOptions,
    Target,
)
from piaa_tf.training.supervised.step import Losses

Config = TypeVar("Config", PaIaaConfig, BlgPiaaConfig)


def train_multitask(
    aesthetics: ScoreDistributions,
    personality: LikedImages,
    *,
    network: PaIaaConfig = PaIaaConfig(),
    weights: str | None = None,
    losses: LossOptions = LossOptions(),
    options: FitOptions = FitOptions(),
    stream: StreamOptions = StreamOptions(),
    run: RunOptions = RunOptions(),
) -> Prior:
    """Trains PA_IAA's first stage: score distributions and Big-Five traits together.

    Sets the seeds of Python, NumPy and TensorFlow.

    Args:
        aesthetics: images with score distributions.
        personality: liked images with the likers' traits.
        network: its shape; `tasks` and `bin_scores` follow from the samples.
        weights: the backbone's start: None, "imagenet", a file, or a prior's folder.
        losses: what is minimised.
        options: how it is fitted.
        stream: how images are drawn.
        run: where it computes, what it leaves behind, who watches.

    Returns:
        The prior, of kind "pa_iaa".

    Raises:
        InputError: Options, samples, weights or the run's folder do not fit.
        NonFiniteLossError: A loss was not finite.
    """
    return _train(
        _Learning(
            "pa_iaa",
            dataclasses.replace(network, tasks=TASKS, bin_scores=_bins(aesthetics)),
            lambda part: multitask.both_streams(aesthetics, personality, part),
            multitask.task_losses(losses),
            max(len(aesthetics), len(personality)),
        ),
        {"aesthetics.train": aesthetics, "personality.train": personality},
        {"trained_by": "train_multitask", **dataclasses.asdict(losses)},
        weights=weights,
        options=options,
        stream=stream,
        run=run,
    )


def train_generic(
    samples: ScoreDistributions | PersonalRatings | LikedImages,
    *,
    target: Target = "distribution",
    network: PaIaaConfig | BlgPiaaConfig | None = None,
    weights: str | None = None,
    losses: LossOptions = LossOptions(),
    options: FitOptions = FitOptions(),
    stream: StreamOptions = StreamOptions(),
    run: RunOptions = RunOptions(),
) -> Prior:
    """Trains one generic task: the single-task baselines and BA-PIAA's prior.

    Sets the seeds of Python, NumPy and TensorFlow.

    Args:
        samples: images with distributions for the target "distribution"; with users'
            ratings or distributions, to be averaged, for "score" and "ranking"; liked
            images with traits for "personality".
        target: what is learned.
        network: its shape: BLG-PIAA's for "score" and "ranking", PA_IAA's for the
            others, whose `tasks` and `bin_scores` follow from the samples; None for
            the default one.
        weights: as in `train_multitask`.
        losses: what is minimised where distributions or traits are learned.
        options: as in `train_multitask`.
        stream: as in `train_multitask`.
        run: as in `train_multitask`.

    Returns:
        The prior, of kind "blg_piaa" for "score" and "ranking", else "pa_iaa".

    Raises:
        InputError: Target, options, samples, network, weights or the run's folder do
            not fit.
        NonFiniteLossError: A loss was not finite.
    """
    if target not in get_args(Target):
        raise InputError(f"target must be one of {get_args(Target)}. Got {target!r}.")
    return _train(
        _learning(samples, target, network, losses),
        {"train": samples},
        {"trained_by": "train_generic", "target": target, **dataclasses.asdict(losses)},
        weights=weights,
        options=options,
        stream=stream,
        run=run,
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Learning:
    """What is learned: by which network, from which stream, by which losses."""

    kind: str
    network: PaIaaConfig | BlgPiaaConfig
    stream: Stream
    losses: Losses
    num_samples: int


def _learning(
    samples: Samples,
    target: Target,
    network: PaIaaConfig | BlgPiaaConfig | None,
    losses: LossOptions,
) -> _Learning:
    if target == "distribution":
        if not isinstance(samples, ScoreDistributions):
            raise _unfit(samples, target, ScoreDistributions)
        return _Learning(
            "pa_iaa",
            dataclasses.replace(
                _network(network, PaIaaConfig, target),
                tasks=("distribution",),
                bin_scores=_bins(samples),
            ),
            lambda part: multitask.aesthetics_stream(samples, part),
            multitask.task_losses(losses),
            len(samples),
        )
    if target == "personality":
        if not isinstance(samples, LikedImages):
            raise _unfit(samples, target, LikedImages)
        return _Learning(
            "pa_iaa",
            dataclasses.replace(
                _network(network, PaIaaConfig, target), tasks=("traits",)
            ),
            lambda part: multitask.personality_stream(samples, part),
            multitask.task_losses(losses),
            len(samples),
        )
    if not isinstance(samples, (PersonalRatings, ScoreDistributions)):
        raise _unfit(samples, target, PersonalRatings, ScoreDistributions)
    return _Learning(
        "blg_piaa",
        _network(network, BlgPiaaConfig, target),
        lambda part: generic.average_stream(samples, part),
        generic.ranking_losses if target == "ranking" else generic.score_losses,
        len(average_scores(samples)[0]),
    )


def _unfit(samples: Samples, target: Target, *kinds: type[Samples]) -> InputError:
    names = " or ".join(kind.__name__ for kind in kinds)
    return InputError(
        f"The target {target!r} is learned from {names}. "
        f"Got {type(samples).__name__}. Give others, or another target."
    )


def _network(
    network: PaIaaConfig | BlgPiaaConfig | None,
    config_class: type[Config],
    target: Target,
) -> Config:
    """Returns the network's shape, if it is of the class that the target needs."""
    if network is None:
        return config_class()
    if not isinstance(network, config_class):
        raise InputError(
            f"The network of the target {target!r} must be a {config_class.__name__}. "
            f"Got {type(network).__name__}."
        )
    return network


def _bins(samples: ScoreDistributions) -> tuple[float, ...]:
    return tuple(float(score) for score in samples.bin_scores)


def _train(
    learning: _Learning,
    samples: Mapping[str, Samples],
    described: Mapping[str, Any],
    *,
    weights: str | None,
    options: FitOptions,
    stream: StreamOptions,
    run: RunOptions,
) -> Prior:
    described = {
        **described,
        **dataclasses.asdict(learning.network),
        **dataclasses.asdict(options),
        **dataclasses.asdict(stream),
        "weights": weights,
        "precision": run.precision,
    }
    with begin(run, described, samples, seed=options.seed) as begun:
        prior = fit(
            lambda: build_prior(
                learning.kind,
                learning.network,
                weights=weights,
                sync_batch_norm=options.sync_batch_norm,
                training=run.training(described, keep_aspect=stream.keep_aspect),
            ),
            learning.stream,
            learning.losses,
            num_samples=learning.num_samples,
            options=options,
            stream_options=stream,
            run=begun,
        )
        return begun.finish(prior)
