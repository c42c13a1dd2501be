r"""Trains one generic task: the single-task baselines and BA-PIAA's prior.

    piaa-train-generic --dataset=gallery --target=score --backbone=compact \
        --image_size=64 --head_sizes= --optimizer=adam --schedule=cosine \
        --backbone_rate=2e-3 --head_rate=2e-3 --weight_decay=0 --epochs=10 \
        --run_dir=runs/average

--target=score        mean ratings, BLG-PIAA's network: the prior of BA-PIAA
--target=ranking      mean ratings, regressed and ranked: Reg+Rank of Kong et al. 2016
--target=distribution score distributions; NIMA with --distribution_loss=emd
--target=personality  Big-Five traits of those who like an image

Writes RUN_DIR/prior beside checkpoints, metrics.jsonl and TensorBoard files. The
example takes some minutes on two cores; the defaults are the slides' and need a GPU.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, get_args

from piaa_tf.errors import InputError
from piaa_tf.models.config import BlgPiaaConfig, Link, PaIaaConfig
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, options_of
from piaa_tf.programs.shared.run_config import load_split, log_result, open_run
from piaa_tf.programs.shared.train_config import TrainConfig, distribution_loss_option
from piaa_tf.training.supervised.options import (
    DistributionLoss,
    FitOptions,
    LossOptions,
    StreamOptions,
    Target,
)

if TYPE_CHECKING:
    from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
    from piaa_tf.training.options import Measure


@dataclasses.dataclass(frozen=True)
class GenericConfig(TrainConfig):
    """What a generic run depends on.

    Attributes: every field is a flag and carries its help.
    """

    dataset: str = option("gallery", "Data set.")
    data_dir: str = option("", "Its folder; the gallery is rendered if absent.")
    target: Target = option(
        "distribution", "What is learned.", choices=get_args(Target)
    )
    average_of: str = option(
        "ratings",
        "What score and ranking average: users' ratings or score distributions.",
        choices=("ratings", "distributions"),
    )
    distribution_loss: DistributionLoss = distribution_loss_option()
    link: Link = option(
        BlgPiaaConfig.link,
        "From the last unit of score and ranking to [0, 1].",
        choices=get_args(Link),
    )

    def __post_init__(self) -> None:
        """Checks the target beside what all runs share."""
        super().__post_init__()
        if self.target not in get_args(Target):
            raise InputError(
                f"target must be one of {get_args(Target)}. Got {self.target!r}."
            )

    @property
    def is_averaged(self) -> bool:
        """Whether average scores are learned, by BLG-PIAA's network."""
        return self.target in ("score", "ranking")


def run(config: GenericConfig) -> None:
    """Trains, measures on the validation split and writes the prior."""
    folder, run = open_run(config, "piaa-train-generic")

    from absl import logging

    from piaa_tf.data.splits import log_overlap
    from piaa_tf.training.supervised.train import train_generic

    kind = _kind(config)
    samples, held_out = (
        load_split(config, folder, config.dataset, kind, config.data_dir, part)
        for part in ("train", "validation")
    )
    logging.info("%d samples, %d held out", len(samples), len(held_out))
    log_overlap(samples.images, held_out, by="this run", what="validation")
    prior = train_generic(
        samples,
        target=config.target,
        network=(
            options_of(config, BlgPiaaConfig)
            if config.is_averaged
            else options_of(config, PaIaaConfig)
        ),
        weights=config.weights or None,
        losses=options_of(config, LossOptions),
        options=options_of(config, FitOptions),
        stream=options_of(config, StreamOptions),
        run=dataclasses.replace(run, measure=_measure(held_out)),
    )
    log_result(prior, folder)


def _measure(held_out: ScoreDistributions | PersonalRatings | LikedImages) -> Measure:
    from piaa_tf.data.samples import LikedImages
    from piaa_tf.evaluation.generic import score_metrics
    from piaa_tf.evaluation.personality import trait_metrics

    if isinstance(held_out, LikedImages):
        return lambda prior: trait_metrics(prior, held_out)
    return lambda prior: score_metrics(prior, held_out)


def _kind(
    config: GenericConfig,
) -> type[ScoreDistributions] | type[PersonalRatings] | type[LikedImages]:
    from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions

    if config.target == "personality":
        return LikedImages
    if config.is_averaged and config.average_of == "ratings":
        return PersonalRatings
    return ScoreDistributions


def main() -> None:
    """Runs the console program."""
    program.start(GenericConfig, run, __doc__)


if __name__ == "__main__":
    main()
