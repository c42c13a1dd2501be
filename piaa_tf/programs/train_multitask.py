r"""Trains PA_IAA's first stage: score distributions and Big-Five traits together.

    piaa-train-multitask --aesthetics=gallery --personality=gallery \
        --backbone=compact --image_size=64 --head_sizes= --optimizer=adam \
        --schedule=cosine --backbone_rate=2e-3 --head_rate=2e-3 --weight_decay=0 \
        --distribution_weight=100 --epochs=10 --run_dir=runs/multitask

Writes RUN_DIR/prior (weights, config, metrics) beside checkpoints, metrics.jsonl and
TensorBoard files; an interrupted run continues from its last checkpoint. The example
takes some minutes on two cores; the defaults are the slides' and need a GPU.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, get_args

from piaa_tf.models.config import Fusion, PaIaaConfig
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, options_of
from piaa_tf.programs.shared.run_config import load_split, log_result, open_run
from piaa_tf.programs.shared.train_config import TrainConfig, distribution_loss_option
from piaa_tf.training.supervised.options import (
    DistributionLoss,
    FitOptions,
    LossOptions,
    StreamOptions,
)

if TYPE_CHECKING:
    from piaa_tf.data.samples import LikedImages, ScoreDistributions
    from piaa_tf.models.prior import Prior
    from piaa_tf.training.run_folder import RunFolder


@dataclasses.dataclass(frozen=True)
class MultitaskConfig(TrainConfig):
    """What a multi-task run depends on.

    Attributes: every field is a flag and carries its help.
    """

    aesthetics: str = option("gallery", "Data set of score distributions.")
    aesthetics_dir: str = option("", "Its folder; the gallery is rendered if absent.")
    personality: str = option("gallery", "Data set of liked images with traits.")
    personality_dir: str = option("", "Its folder; the gallery is rendered if absent.")
    distribution_loss: DistributionLoss = distribution_loss_option()
    distribution_weight: float = option(
        LossOptions.distribution_weight, "Factor of the distribution loss."
    )
    traits_weight: float = option(
        LossOptions.traits_weight, "Factor of the trait loss."
    )
    fusion: Fusion = option(
        PaIaaConfig.fusion,
        "W_b per user: a vector (slides) or a network of the image (released).",
        choices=get_args(Fusion),
    )


def run(config: MultitaskConfig) -> None:
    """Trains, measures on the validation split and writes the prior."""
    folder, run = open_run(config, "piaa-train-multitask")

    from absl import logging

    from piaa_tf.data.splits import log_overlap
    from piaa_tf.evaluation.generic import score_metrics
    from piaa_tf.evaluation.personality import trait_metrics
    from piaa_tf.training.supervised.train import train_multitask

    aesthetics, personality = _load(config, folder, "train")
    held_scores, held_likes = _load(config, folder, "validation")
    for samples, held_out, role in (
        (aesthetics, held_scores, "aesthetics"),
        (personality, held_likes, "personality"),
    ):
        log_overlap(samples.images, held_out, by="this run", what=f"{role} validation")
    logging.info(
        "%d images with distributions, %d liked images of %d people",
        len(aesthetics),
        len(personality),
        len(set(personality.users)),
    )

    def measure(prior: Prior) -> dict[str, float]:
        return score_metrics(prior, held_scores) | trait_metrics(prior, held_likes)

    prior = train_multitask(
        aesthetics,
        personality,
        network=options_of(config, PaIaaConfig),
        weights=config.weights or None,
        losses=options_of(config, LossOptions),
        options=options_of(config, FitOptions),
        stream=options_of(config, StreamOptions),
        run=dataclasses.replace(run, measure=measure),
    )
    log_result(prior, folder)


def _load(
    config: MultitaskConfig, folder: RunFolder, split: str
) -> tuple[ScoreDistributions, LikedImages]:
    from piaa_tf.data.samples import LikedImages, ScoreDistributions

    aesthetics = load_split(
        config,
        folder,
        config.aesthetics,
        ScoreDistributions,
        config.aesthetics_dir,
        split,
        role="aesthetics",
    )
    personality = load_split(
        config,
        folder,
        config.personality,
        LikedImages,
        config.personality_dir,
        split,
        role="personality",
    )
    return aesthetics, personality


def main() -> None:
    """Runs the console program."""
    program.start(MultitaskConfig, run, __doc__)


if __name__ == "__main__":
    main()
