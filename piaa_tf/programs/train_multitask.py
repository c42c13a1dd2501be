r"""Trains PA_IAA's first stage: score distributions and Big-Five traits together.

    piaa-train-multitask --aesthetics=gallery --personality=gallery \
        --backbone=compact --image_size=64 --head_sizes= --optimizer=adam \
        --schedule=cosine --backbone_rate=2e-3 --head_rate=2e-3 --weight_decay=0 \
        --distribution_weight=100 --epochs=10 --run_dir=runs/multitask

Writes RUN_DIR/prior (weights, config, metrics) beside checkpoints, metrics.jsonl and
TensorBoard files; an interrupted run goes on where its last checkpoint is. The example
takes some minutes on two cores; the defaults are the slides' and want a GPU.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option
from piaa_tf.programs.shared.run_config import finish, load_split, open_run
from piaa_tf.programs.shared.train_config import (
    TrainConfig,
    fit_options,
    stream_options,
)


@dataclasses.dataclass(frozen=True)
class MultitaskConfig(TrainConfig):
    """What a multi-task run depends on.

    Attributes: every field is a flag and carries its help.
    """

    aesthetics: str = option("gallery", "Data set of score distributions.")
    aesthetics_dir: str = option("", "Where it lies; gallery: rendered if absent.")
    personality: str = option("gallery", "Data set of liked images with traits.")
    personality_dir: str = option("", "Where it lies; gallery: rendered if absent.")
    distribution_loss: str = option(
        "mse", "mse: L_a of the slides; emd: NIMA's.", choices=("mse", "emd")
    )
    distribution_weight: float = option(1.0, "Factor of the distribution loss.")
    traits_weight: float = option(1.0, "Factor of the trait loss.")
    fusion: str = option(
        "vector",
        "W_b per user: a vector (slides) or a network of the picture (released).",
        choices=("vector", "network"),
    )


def run(config: MultitaskConfig) -> None:
    """Trains, measures on the validation split and writes the prior."""
    folder, strategy = open_run(config, "piaa-train-multitask")

    from absl import logging

    from piaa_tf.data.samples import LikedImages, ScoreDistributions
    from piaa_tf.data.splits import log_overlap
    from piaa_tf.evaluation.generic import score_metrics
    from piaa_tf.evaluation.personality import trait_metrics
    from piaa_tf.models.config import PaIaaConfig
    from piaa_tf.models.prior import build_prior
    from piaa_tf.training.supervised import multitask
    from piaa_tf.training.supervised.fit import fit

    chosen = {
        "aesthetics": (config.aesthetics, ScoreDistributions, config.aesthetics_dir),
        "personality": (config.personality, LikedImages, config.personality_dir),
    }
    sets = {
        split: tuple(
            load_split(config, folder, *which, split, role=role)
            for role, which in chosen.items()
        )
        for split in ("train", "validation")
    }
    for role, samples, held_out in zip(chosen, sets["train"], sets["validation"]):
        log_overlap(samples.images, held_out, by="this run", what=f"{role} validation")
    aesthetics, personality = sets["train"]
    logging.info(
        "%d pictures with distributions, %d liked pictures of %d people",
        len(aesthetics),
        len(personality),
        len(set(personality.users)),
    )
    model_config = PaIaaConfig(
        backbone=config.backbone,
        image_size=config.image_size,
        features=config.features,
        bin_scores=tuple(float(score) for score in aesthetics.bin_scores),
        head_sizes=config.head_sizes,
        dropout=config.dropout,
        fusion=config.fusion,
    )

    def measure(prior):
        held_scores, held_likes = sets["validation"]
        return {
            **score_metrics(prior, held_scores),
            **trait_metrics(prior, held_likes),
        }

    prior = fit(
        lambda: build_prior(
            "pa_iaa",
            model_config,
            weights=config.weights or None,
            sync_batch_norm=config.sync_batch_norm,
            training=dataclasses.asdict(config),
        ),
        lambda options: multitask.both_streams(aesthetics, personality, options),
        multitask.task_losses(
            distribution=config.distribution_loss,
            distribution_weight=config.distribution_weight,
            traits_weight=config.traits_weight,
        ),
        options=fit_options(config, max(len(aesthetics), len(personality))),
        stream_options=stream_options(config),
        strategy=strategy,
        run=folder,
        validate=measure,
    )
    finish(prior, folder, measure(prior))


def main() -> None:
    """Runs the console program."""
    program.start(MultitaskConfig, run, __doc__)


if __name__ == "__main__":
    main()
