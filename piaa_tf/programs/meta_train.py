r"""Meta-trains BLG-PIAA's prior: many users' tastes, so that a new one is soon learned.

    piaa-meta-train --dataset=gallery --init_prior=runs/average/prior --num_tasks=5 \
        --outer_rate=0.2 --outer_schedule=linear --inner_batch=20 --steps=300 \
        --run_dir=runs/meta

Starts from the prior of `piaa-train-generic --target=score`, or from --backbone and
--weights. Writes RUN_DIR/prior beside checkpoints, metrics.jsonl and TensorBoard files
(losses on query before and after adaptation, held-out users' SROCC). A run that was
interrupted, even killed, goes on and ends as if it had not been. The example takes some
minutes on two cores; the defaults are the slides' and want a GPU.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option
from piaa_tf.programs.shared.run_config import RunConfig, finish, load_split, open_run

if TYPE_CHECKING:
    from piaa_tf.data.samples import PersonalRatings
    from piaa_tf.evaluation.heldout import HeldOutUsers
    from piaa_tf.models.config import BlgPiaaConfig
    from piaa_tf.models.prior import Prior
    from piaa_tf.training.meta.fit import MetaSchedule
    from piaa_tf.training.meta.options import MetaOptions
    from piaa_tf.training.meta.task_stream import TaskStream
    from piaa_tf.training.run_folder import RunFolder

FLOAT16_LOSS_SCALE = 1024.0


@dataclasses.dataclass(frozen=True)
class MetaTrainConfig(RunConfig):
    """What a meta-training run depends on; defaults are those of the slides.

    Attributes: every field is a flag and carries its help.
    """

    dataset: str = option("gallery", "Data set of personal ratings.")
    data_dir: str = option("", "Where it lies; gallery: rendered if absent.")
    init_prior: str = option(
        "", "Start: the prior of piaa-train-generic --target=score; or empty."
    )
    backbone: str = option("", "Empty: of --init_prior; without one, resnet18.")
    image_size: int = option(0, "In pixels; 0: of --init_prior; without one, 224.")
    weights: str = option("", "Without --init_prior: imagenet, a file, or empty.")
    features: str = option(
        "pooled",
        "Without --init_prior: pooled, or the backbone's 1000 logits as released.",
        choices=("pooled", "logits"),
    )
    head_sizes: tuple[int, ...] = option(
        (1024, 512), "Without --init_prior: widths of the head's dense layers."
    )
    dropout: float = option(0.5, "Without --init_prior: share dropped in the head.")
    link: str = option(
        "sigmoid",
        "Without --init_prior: from the last unit to [0, 1].",
        choices=("sigmoid", "linear"),
    )
    keep_aspect: bool = option(
        False, "Without --init_prior: crop to the square instead of squeezing."
    )
    learner: str = option(
        "blg",
        "Outer update: blg (slides), reptile, fomaml; maml and anil with --scope=head.",
        choices=("blg", "reptile", "fomaml", "maml", "anil"),
    )
    scope: str = option(
        "all",
        "What adapts inside: all weights (slides), or the head's last linear layer.",
        choices=("all", "head"),
    )
    steps: int = option(2000, "Meta-steps.")
    num_tasks: int = option(4, "k, users of a meta-step, over all replicas.")
    inner_steps: int = option(5, "S, inner steps on support, and again on query.")
    inner_rate: float = option(1e-3, "alpha, Adam's rate of the inner steps.")
    backbone_rate_ratio: float = option(
        1.0, "The backbone's alpha over that of the rest; 0.1 as released."
    )
    decay: float = option(
        1.0, "Factor of alpha per epoch, which meets every user once; released: 0.9."
    )
    outer_rate: float = option(
        0.25, "beta, 1/k as released; Adam's rate with fomaml, maml, anil."
    )
    outer_schedule: str = option(
        "constant",
        "beta stays, or falls in a line to zero.",
        choices=("constant", "linear"),
    )
    body_rate: float = option(
        1e-4, "Adam's rate of what learns outside alone, with --scope=head."
    )
    adam: str = option(
        "fresh",
        "Moments: fresh at each level (slides); fresh at each task; kept (released).",
        choices=("fresh", "task", "kept"),
    )
    update: str = option(
        "sum",
        "Of theta: by the sum over tasks (slides), or sequential (released).",
        choices=("sum", "sequential"),
    )
    batch_norm: str = option(
        "frozen",
        "Inside: frozen statistics and no dropout; of the batch, with moving ones "
        "restored after each task; or those a part of theta (meta).",
        choices=("frozen", "restore", "meta"),
    )
    num_support: int = option(80, "Support images of a user, where there are enough.")
    num_query: int = option(20, "Query images of a user, where there are enough.")
    inner_batch: int = option(
        0, "Images of an inner step, drawn afresh; 0: the whole set each (released)."
    )
    min_ratings: int = option(
        0, "Users with fewer are left out; 0: nobody, those of one rating refused."
    )
    validation_steps: int = option(
        100, "Meta-steps between measuring held-out users; 0 for none."
    )
    validation_images: int = option(10, "Images a held-out user is adapted to.")
    checkpoint_steps: int = option(0, "Meta-steps between them, too; 0: time alone.")


def run(config: MetaTrainConfig) -> None:
    """Meta-trains, measures held-out users and writes the prior."""
    options, schedule = _options(config), _schedule(config)
    folder, strategy = open_run(config, "piaa-meta-train")

    from absl import logging

    from piaa_tf.training.meta.fit import meta_fit
    from piaa_tf.training.strategy import is_chief

    if options.is_by_difference and options.num_tasks * options.outer_rate > 1:
        logging.warning(
            "num_tasks * outer_rate is %g: above 1, theta overshoots the adapted "
            "weights and may diverge",
            options.num_tasks * options.outer_rate,
        )
    start = _Start(config)
    ratings = _ratings(config, folder, "train")
    measure = _held_out(config, folder, ratings) if config.validation_steps else None
    prior = meta_fit(
        start.build,
        _stream(config, start, ratings),
        options=options,
        schedule=schedule,
        strategy=strategy,
        run=folder,
        validate=measure,
    )
    if is_chief(strategy):
        finish(prior, folder, measure(prior) if measure else {})


def _options(config: MetaTrainConfig) -> MetaOptions:
    from piaa_tf.training.meta.options import MetaOptions

    values = dataclasses.asdict(config)
    names = {field.name for field in dataclasses.fields(MetaOptions)} - {"loss_scale"}
    is_float16 = config.precision == "mixed_float16"
    return MetaOptions(
        **{name: values[name] for name in names},
        loss_scale=FLOAT16_LOSS_SCALE if is_float16 else 1.0,
    )


def _schedule(config: MetaTrainConfig) -> MetaSchedule:
    from piaa_tf.training.meta.fit import MetaSchedule

    return MetaSchedule(
        num_steps=config.steps,
        steps_per_call=config.steps_per_call,
        checkpoint_minutes=config.checkpoint_minutes,
        checkpoint_steps=config.checkpoint_steps,
        validation_steps=config.validation_steps,
    )


class _Start:
    """The network that training begins with: of a prior, or of the flags."""

    def __init__(self, config: MetaTrainConfig) -> None:
        self._config = config
        self._init = _init_prior(config) if config.init_prior else None
        self.model = self._init.config if self._init else _model_config(config)
        self.keep_aspect = self._init.keep_aspect if self._init else config.keep_aspect

    def build(self) -> Prior:
        from piaa_tf.models.prior import assign_weights, build_prior

        config = dataclasses.asdict(self._config)
        prior = build_prior(
            "blg_piaa",
            self.model,
            weights=None if self._init else self._config.weights or None,
            training={**config, "keep_aspect": self.keep_aspect},
        )
        if self._init:
            assign_weights(prior.model, self._init.weights())
        return prior


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


def _model_config(config: MetaTrainConfig) -> BlgPiaaConfig:
    from piaa_tf.models.config import BlgPiaaConfig

    return BlgPiaaConfig(
        backbone=config.backbone or BlgPiaaConfig.backbone,
        image_size=config.image_size or BlgPiaaConfig.image_size,
        features=config.features,
        head_sizes=config.head_sizes,
        dropout=config.dropout,
        link=config.link,
    )


def _ratings(config: MetaTrainConfig, folder: RunFolder, split: str) -> PersonalRatings:
    from piaa_tf.data.samples import PersonalRatings

    return load_split(
        config, folder, config.dataset, PersonalRatings, config.data_dir, split
    )


def _stream(
    config: MetaTrainConfig, start: _Start, ratings: PersonalRatings
) -> TaskStream:
    from piaa_tf.data.tasks import TaskSampler
    from piaa_tf.training.meta.task_stream import TaskStream

    sampler = TaskSampler(
        ratings.users,
        num_tasks=config.num_tasks,
        num_support=config.num_support,
        num_query=config.num_query,
        inner_batch=config.inner_batch,
        min_ratings=config.min_ratings,
        seed=config.seed,
    )
    return TaskStream(
        ratings,
        sampler,
        start.model.image_size,
        keep_aspect=start.keep_aspect,
        cache_bytes=int(config.cache_gb * 2**30),
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
