r"""Trains one generic task: the single-task baselines and BA-PIAA's prior.

    piaa-train-generic --dataset=gallery --target=score --backbone=compact \
        --image_size=64 --head_sizes= --optimizer=adam --schedule=cosine \
        --backbone_rate=2e-3 --head_rate=2e-3 --weight_decay=0 --epochs=10 \
        --run_dir=runs/average

--target=score        mean ratings, BLG-PIAA's network: the prior of BA-PIAA
--target=ranking      mean ratings, regressed and ranked: Reg+Rank of Kong et al. 2016
--target=distribution score distributions; NIMA with --distribution_loss=emd
--target=personality  Big-Five traits of those who like a picture

Writes RUN_DIR/prior beside checkpoints, metrics.jsonl and TensorBoard files. The
example takes some minutes on two cores; the defaults are the slides' and want a GPU.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option
from piaa_tf.programs.shared.run_config import finish, load_split, open_run
from piaa_tf.programs.shared.train_config import (
    TrainConfig,
    fit_options,
    stream_options,
)

TARGETS = ("distribution", "score", "ranking", "personality")


@dataclasses.dataclass(frozen=True)
class GenericConfig(TrainConfig):
    """What a generic run depends on.

    Attributes: every field is a flag and carries its help.
    """

    dataset: str = option("gallery", "Data set.")
    data_dir: str = option("", "Where it lies; gallery: rendered if absent.")
    target: str = option("distribution", "What is learned.", choices=TARGETS)
    average_of: str = option(
        "ratings",
        "What score and ranking average: users' ratings or score distributions.",
        choices=("ratings", "distributions"),
    )
    distribution_loss: str = option(
        "mse", "mse: L_a of the slides; emd: NIMA's.", choices=("mse", "emd")
    )
    link: str = option(
        "sigmoid", "Of score and ranking, to [0, 1].", choices=("sigmoid", "linear")
    )

    def __post_init__(self) -> None:
        """Checks the target beside what all runs share."""
        super().__post_init__()
        if self.target not in TARGETS:
            raise InputError(f"target must be one of {TARGETS}. Got {self.target!r}.")


def run(config: GenericConfig) -> None:
    """Trains, measures on the validation split and writes the prior."""
    folder, strategy = open_run(config, "piaa-train-generic")

    from absl import logging

    from piaa_tf.data.splits import log_overlap
    from piaa_tf.training.supervised.fit import fit

    samples, held_out = (
        load_split(config, folder, config.dataset, _kind(config), config.data_dir, part)
        for part in ("train", "validation")
    )
    logging.info("%d samples, %d held out", len(samples), len(held_out))
    log_overlap(samples.images, held_out, by="this run", what="validation")
    build, stream, losses, num_samples, measure = _parts(config, samples, held_out)
    prior = fit(
        build,
        stream,
        losses,
        options=fit_options(config, num_samples),
        stream_options=stream_options(config),
        strategy=strategy,
        run=folder,
        validate=measure,
    )
    finish(prior, folder, measure(prior))


def _kind(config: GenericConfig) -> type:
    from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions

    averaged = {"ratings": PersonalRatings, "distributions": ScoreDistributions}
    return {"distribution": ScoreDistributions, "personality": LikedImages}.get(
        config.target, averaged[config.average_of]
    )


def _parts(config: GenericConfig, samples, held_out):
    """What differs between targets: model, stream, losses, epoch, measure."""
    from piaa_tf.evaluation.generic import score_metrics
    from piaa_tf.evaluation.personality import trait_metrics
    from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
    from piaa_tf.models.prior import build_prior
    from piaa_tf.training.supervised import generic, multitask

    shared = {
        name: getattr(config, name)
        for name in ("backbone", "image_size", "features", "head_sizes", "dropout")
    }
    num_samples = len(samples)
    if config.target in ("score", "ranking"):
        kind, model = "blg_piaa", BlgPiaaConfig(**shared, link=config.link)
        is_ranked = config.target == "ranking"
        losses = generic.ranking_losses if is_ranked else generic.score_losses
        draw, metrics = generic.average_stream, score_metrics
        num_samples = len(generic.average_scores(samples)[0])
    elif config.target == "distribution":
        kind = "pa_iaa"
        bins = tuple(float(score) for score in samples.bin_scores)
        model = PaIaaConfig(**shared, bin_scores=bins, tasks=("distribution",))
        losses = multitask.task_losses(distribution=config.distribution_loss)
        draw, metrics = multitask.aesthetics_stream, score_metrics
    else:
        kind, model = "pa_iaa", PaIaaConfig(**shared, tasks=("traits",))
        losses = multitask.task_losses()
        draw, metrics = multitask.personality_stream, trait_metrics

    def build():
        return build_prior(
            kind,
            model,
            weights=config.weights or None,
            sync_batch_norm=config.sync_batch_norm,
            training=dataclasses.asdict(config),
        )

    return (
        build,
        lambda options: draw(samples, options),
        losses,
        num_samples,
        lambda prior: metrics(prior, held_out),
    )


def main() -> None:
    """Runs the console program."""
    program.start(GenericConfig, run, __doc__)


if __name__ == "__main__":
    main()
