r"""Meta-trains BLG-PIAA's prior on many users, for new ones with few ratings.

    piaa-meta-train --dataset=gallery --init_prior=runs/average/prior --num_tasks=5 \
        --outer_rate=0.2 --outer_schedule=linear --inner_batch=20 --steps=300 \
        --run_dir=runs/meta

Starts from the prior of `piaa-train-generic --target=score`, or from --backbone and
--weights. Writes RUN_DIR/prior beside checkpoints, metrics.jsonl and TensorBoard files
(losses on query before and after adaptation, held-out users' SROCC). A run that was
interrupted, even killed, continues and ends as if it had not been. The example takes
some minutes on two cores; the defaults are the slides' and need a GPU.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, get_args

from piaa_tf.errors import InputError
from piaa_tf.models.config import BlgPiaaConfig, Features, Link
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, options_of
from piaa_tf.programs.shared.run_config import (
    RunConfig,
    load_split,
    log_result,
    open_run,
)
from piaa_tf.training.meta.options import (
    AdamReset,
    BatchNorm,
    Learner,
    MetaOptions,
    MetaSchedule,
    OuterSchedule,
    Scope,
    TaskOptions,
    Update,
)

if TYPE_CHECKING:
    from piaa_tf.data.samples import PersonalRatings
    from piaa_tf.evaluation.heldout import HeldOutUsers
    from piaa_tf.models.prior import Prior
    from piaa_tf.training.run_folder import RunFolder


@dataclasses.dataclass(frozen=True)
class MetaTrainConfig(RunConfig):
    """What a meta-training run depends on; defaults are those of the slides.

    Attributes: every field is a flag and carries its help.
    """

    dataset: str = option("gallery", "Data set of personal ratings.")
    data_dir: str = option("", "Its folder; the gallery is rendered if absent.")
    init_prior: str = option(
        "", "Start: the prior of piaa-train-generic --target=score; or empty."
    )
    backbone: str = option("", "Empty: of --init_prior; without one, resnet18.")
    image_size: int = option(0, "In pixels; 0: of --init_prior; without one, 224.")
    weights: str = option("", "Without --init_prior: imagenet, a file, or empty.")
    features: Features = option(
        BlgPiaaConfig.features,
        "Without --init_prior: pooled, or the backbone's 1000 logits as released.",
        choices=get_args(Features),
    )
    head_sizes: tuple[int, ...] = option(
        BlgPiaaConfig.head_sizes,
        "Without --init_prior: widths of the head's dense layers.",
    )
    dropout: float = option(
        BlgPiaaConfig.dropout, "Without --init_prior: share dropped in the head."
    )
    link: Link = option(
        BlgPiaaConfig.link,
        "Without --init_prior: from the last unit to [0, 1].",
        choices=get_args(Link),
    )
    keep_aspect: bool = option(
        False, "Without --init_prior: crop to the square instead of squeezing."
    )
    learner: Learner = option(
        MetaOptions.learner,
        "Outer update: blg (slides), reptile, fomaml; maml and anil with --scope=head.",
        choices=get_args(Learner),
    )
    scope: Scope = option(
        MetaOptions.scope,
        "What adapts inside: all weights (slides), or the head's last linear layer.",
        choices=get_args(Scope),
    )
    steps: int = option(MetaSchedule.num_steps, "Meta-steps.")
    num_tasks: int = option(
        MetaOptions.num_tasks, "k, users of a meta-step, over all replicas."
    )
    inner_steps: int = option(
        MetaOptions.inner_steps, "S, inner steps on support, and again on query."
    )
    inner_rate: float = option(
        MetaOptions.inner_rate, "alpha, Adam's rate of the inner steps."
    )
    backbone_rate_ratio: float = option(
        MetaOptions.backbone_rate_ratio,
        "The backbone's alpha over that of the rest; 0.1 as released.",
    )
    decay: float = option(
        MetaOptions.decay,
        "Factor of alpha per epoch, which meets every user once; released: 0.9.",
    )
    outer_rate: float = option(
        MetaOptions.outer_rate,
        "beta, 1/k as released; Adam's rate with fomaml, maml, anil.",
    )
    outer_schedule: OuterSchedule = option(
        MetaOptions.outer_schedule,
        "constant beta, or a linear fall to zero.",
        choices=get_args(OuterSchedule),
    )
    body_rate: float = option(
        MetaOptions.body_rate,
        "Adam's rate of what learns outside alone, with --scope=head.",
    )
    adam: AdamReset = option(
        MetaOptions.adam,
        "Moments: fresh at each level (slides); fresh at each task; kept (released).",
        choices=get_args(AdamReset),
    )
    update: Update = option(
        MetaOptions.update,
        "Of theta: by the sum over tasks (slides), or sequential (released).",
        choices=get_args(Update),
    )
    batch_norm: BatchNorm = option(
        MetaOptions.batch_norm,
        "Inside: frozen statistics and no dropout; the batch's, with the moving ones "
        "restored after each task; or the same with those a part of theta (meta).",
        choices=get_args(BatchNorm),
    )
    num_support: int = option(
        TaskOptions.num_support, "Support images of a user, where there are enough."
    )
    num_query: int = option(
        TaskOptions.num_query, "Query images of a user, where there are enough."
    )
    inner_batch: int = option(
        TaskOptions.inner_batch,
        "Images of an inner step, newly drawn; 0: the whole set each (released).",
    )
    min_ratings: int = option(
        TaskOptions.min_ratings,
        "Users with fewer are left out; 0: nobody, but one rating alone is refused.",
    )
    validation_steps: int = option(
        MetaSchedule.validation_steps,
        "Meta-steps between measuring held-out users; 0 for none.",
    )
    validation_images: int = option(10, "Images a held-out user is adapted to.")
    checkpoint_steps: int = option(
        MetaSchedule.checkpoint_steps,
        "Meta-steps between checkpoints, besides those by time; 0: by time alone.",
    )


def run(config: MetaTrainConfig) -> None:
    """Meta-trains, measures held-out users and writes the prior."""
    options = options_of(config, MetaOptions)
    schedule = dataclasses.replace(
        options_of(config, MetaSchedule), num_steps=config.steps
    )
    folder, run = open_run(config, "piaa-meta-train")

    from piaa_tf.training.meta.train import meta_train

    start = _init_prior(config) if config.init_prior else _untrained(config)
    ratings = _ratings(config, folder, "train")
    measure = _held_out(config, folder, ratings) if config.validation_steps else None
    prior = meta_train(
        ratings,
        start,
        options=options,
        tasks=options_of(config, TaskOptions),
        schedule=schedule,
        run=dataclasses.replace(run, measure=measure),
    )
    log_result(prior, folder)


def _init_prior(config: MetaTrainConfig) -> Prior:
    from piaa_tf.models.prior import load_prior
    from piaa_tf.training.meta.fit import check_kind

    prior = load_prior(config.init_prior)
    check_kind(prior)
    for name in ("backbone", "image_size"):
        wanted, found = getattr(config, name), getattr(prior.config, name)
        if wanted and wanted != found:
            raise InputError(
                f"init_prior must have {name} {wanted}. Got {found}. Leave "
                f"--{name} out, or give another prior."
            )
    if config.weights:
        raise InputError(
            "weights start a network without init_prior. Got both "
            f"{config.weights!r} and {config.init_prior!r}. Leave one out."
        )
    return prior


def _untrained(config: MetaTrainConfig) -> Prior:
    import tensorflow as tf

    from piaa_tf.models.prior import build_prior

    tf.keras.utils.set_random_seed(config.seed)
    return build_prior(
        "blg_piaa",
        BlgPiaaConfig(
            backbone=config.backbone or BlgPiaaConfig.backbone,
            image_size=config.image_size or BlgPiaaConfig.image_size,
            features=config.features,
            head_sizes=config.head_sizes,
            dropout=config.dropout,
            link=config.link,
        ),
        weights=config.weights or None,
        training={"keep_aspect": config.keep_aspect},
    )


def _ratings(config: MetaTrainConfig, folder: RunFolder, split: str) -> PersonalRatings:
    from piaa_tf.data.samples import PersonalRatings

    return load_split(
        config, folder, config.dataset, PersonalRatings, config.data_dir, split
    )


def _held_out(
    config: MetaTrainConfig, folder: RunFolder, trained: PersonalRatings
) -> HeldOutUsers:
    from piaa_tf.adaptation.adapt import InnerLoop
    from piaa_tf.data.splits import log_overlap, trained_images
    from piaa_tf.evaluation.heldout import HeldOutUsers

    ratings = _ratings(config, folder, "validation")
    log_overlap(trained.images, ratings, by="this run", what="validation")
    if config.init_prior:
        before = trained_images(config.init_prior)
        log_overlap(before, ratings, by="init_prior", what="validation")
    return HeldOutUsers(
        ratings,
        scope=config.scope,
        loop=InnerLoop(config.inner_steps, config.inner_rate),
        num_images=config.validation_images,
        seed=config.seed,
    )


def main() -> None:
    """Runs the console program."""
    program.start(MetaTrainConfig, run, __doc__)


if __name__ == "__main__":
    main()
