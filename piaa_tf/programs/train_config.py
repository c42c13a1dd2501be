"""The flags that all supervised training programs share, and what is made of them."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from piaa_tf.contract import InputError
from piaa_tf.programs.program import option, required

if TYPE_CHECKING:
    from piaa_tf.models.prior import Prior
    from piaa_tf.training.fit import FitOptions, StreamOptions
    from piaa_tf.training.run_folder import RunFolder

MAY_CHANGE = (
    "run_dir",
    "strategy",
    "devices",
    "logical_cpus",
    "steps_per_call",
    "checkpoint_minutes",
    "checkpoint_steps",
)
"""Flags that a continued run may have otherwise."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """What a supervised run depends on; defaults are those of the slides.

    Attributes: every field is a flag and carries its help.
    """

    run_dir: str = required("Folder of the run; an interrupted run there goes on.")
    backbone: str = option("inception_v3", "Backbone; see BUILD.md for the names.")
    weights: str = option(
        "", "Backbone's start: imagenet, a file, a prior's folder, or empty."
    )
    image_size: int = option(299, "Height and width of the input in pixels.")
    resize_size: int = option(
        0, "Pictures are resized to this, then cropped at random; 0 for no crop."
    )
    keep_aspect: bool = option(
        False, "Crop to the square's centre instead of squeezing (released: squeeze)."
    )
    flip: bool = option(True, "Mirror half of the training pictures.")
    features: str = option(
        "pooled",
        "Features of the backbone: pooled, or its 1000 logits as released.",
        choices=("pooled", "logits"),
    )
    head_sizes: tuple[int, ...] = option(
        (2048, 1024), "Widths of the heads' dense layers (released); empty for none."
    )
    dropout: float = option(0.5, "Share dropped in the heads while training.")
    batch_size: int = option(50, "Samples per step and stream, over all replicas.")
    epochs: int = option(50, "Passes over the data.")
    optimizer: str = option(
        "sgdw", "sgdw: momentum 0.9, decoupled decay; or adam.", ("sgdw", "adam")
    )
    schedule: str = option(
        "exponential",
        "exponential: times --decay each epoch; or cosine, to zero.",
        choices=("exponential", "cosine"),
    )
    backbone_rate: float = option(1e-4, "Initial rate of the backbone.")
    head_rate: float = option(1e-4, "Initial rate of the heads.")
    decay: float = option(0.9, "Factor of the rates per epoch.")
    weight_decay: float = option(1e-5, "Share of each weight taken off per step.")
    sync_batch_norm: bool = option(False, "Batch statistics over all replicas.")
    seed: int = option(0, "Of weights, order, crops and dropout.")
    strategy: str = option(
        "one",
        "one device, mirrored over this machine's, multi_worker by TF_CONFIG.",
        choices=("one", "mirrored", "multi_worker"),
    )
    devices: tuple[str, ...] = option((), "Such as GPU:0,GPU:1; empty for all GPUs.")
    logical_cpus: int = option(1, "Present the CPU as so many devices, for trying.")
    precision: str = option(
        "float32",
        "Of the backbone; heads, losses and metrics stay float32.",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
    )
    skip_broken: bool = option(
        False, "Leave broken pictures out, counted, instead of stopping."
    )
    cache_gb: float = option(4.0, "Memory for decoded pictures, per stream.")
    steps_per_call: int = option(10, "Steps between two looks of the host.")
    checkpoint_minutes: float = option(10.0, "Time between checkpoints.")

    def __post_init__(self) -> None:
        """Checks what can be checked without data."""
        if self.resize_size and self.resize_size < self.image_size:
            raise InputError(
                "resize_size must be 0 or at least image_size. "
                f"Got {self.resize_size} and {self.image_size}."
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout must be in [0, 1). Got {self.dropout}.")


def open_run(config: TrainConfig, program: str) -> tuple[RunFolder, Any]:
    """Prepares TensorFlow, the strategy and the run folder; before any operation.

    Returns:
        The run folder and the strategy.
    """
    import tensorflow as tf

    from piaa_tf.training.run_folder import RunFolder
    from piaa_tf.training.strategy import (
        is_chief,
        make_strategy,
        set_precision,
        split_cpu,
    )

    split_cpu(config.logical_cpus)
    tf.keras.utils.set_random_seed(config.seed)
    set_precision(config.precision)
    strategy = make_strategy(config.strategy, config.devices)
    described = {"program": program, **dataclasses.asdict(config)}
    run = RunFolder(
        config.run_dir, described, may_change=MAY_CHANGE, write=is_chief(strategy)
    )
    return run, strategy


def stream_options(config: TrainConfig) -> StreamOptions:
    """Says how pictures are drawn."""
    from piaa_tf.training.fit import StreamOptions

    return StreamOptions(
        {
            "image_size": config.image_size,
            "resize_size": config.resize_size or None,
            "keep_aspect": config.keep_aspect,
            "flip": config.flip,
            "seed": config.seed,
            "cache_bytes": int(config.cache_gb * 2**30),
        }
    )


def fit_options(config: TrainConfig, num_samples: int) -> FitOptions:
    """Says how the prior is fitted; an epoch passes the longest stream once."""
    from piaa_tf.training.fit import FitOptions

    shared = {field.name for field in dataclasses.fields(FitOptions)}
    values = {k: v for k, v in dataclasses.asdict(config).items() if k in shared}
    return FitOptions(
        **values,
        steps_per_epoch=math.ceil(num_samples / max(config.batch_size, 1)),
        is_float16=config.precision == "mixed_float16",
    )


def finish(prior: Prior, run: RunFolder, metrics: dict[str, float]) -> None:
    """Writes the prior of a finished run, says where and how good it is."""
    from absl import logging

    from piaa_tf.models.prior import save_prior

    save_prior(dataclasses.replace(prior, metrics=metrics), run.prior)
    for name, value in metrics.items():
        logging.info("%-28s %.3f", name, value)
    logging.info("prior: %s", run.prior)
