"""The flags that supervised training programs share."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args

from piaa_tf.errors import InputError
from piaa_tf.models.config import Features, PaIaaConfig
from piaa_tf.programs.shared.program import option
from piaa_tf.programs.shared.run_config import RunConfig
from piaa_tf.training.options import OptimizerName, Schedule
from piaa_tf.training.supervised.options import (
    DistributionLoss,
    FitOptions,
    LossOptions,
    StreamOptions,
)


@dataclasses.dataclass(frozen=True)
class TrainConfig(RunConfig):
    """What a supervised run depends on; defaults are those of the slides.

    Attributes: every field is a flag and carries its help.
    """

    backbone: str = option(
        PaIaaConfig.backbone, "Backbone; see BUILD.md for the names."
    )
    weights: str = option(
        "", "Backbone's start: imagenet, a file, a prior's folder, or empty."
    )
    image_size: int = option(
        PaIaaConfig.image_size, "Height and width of the input in pixels."
    )
    resize_size: int = option(
        StreamOptions.resize_size,
        "Images are resized to this, then cropped at random; 0 for no crop.",
    )
    keep_aspect: bool = option(
        StreamOptions.keep_aspect,
        "Crop to the square's centre instead of squeezing (released: squeeze).",
    )
    flip: bool = option(StreamOptions.flip, "Mirror half of the training images.")
    features: Features = option(
        PaIaaConfig.features,
        "Features of the backbone: pooled, or its 1000 logits as released.",
        choices=get_args(Features),
    )
    head_sizes: tuple[int, ...] = option(
        PaIaaConfig.head_sizes,
        "Widths of the heads' dense layers (released); empty for none.",
    )
    dropout: float = option(
        PaIaaConfig.dropout, "Share dropped in the heads while training."
    )
    batch_size: int = option(
        FitOptions.batch_size, "Samples per step and stream, over all replicas."
    )
    epochs: int = option(FitOptions.epochs, "Passes over the data.")
    optimizer: OptimizerName = option(
        FitOptions.optimizer,
        "sgdw: momentum 0.9, decoupled decay; or adam.",
        choices=get_args(OptimizerName),
    )
    schedule: Schedule = option(
        FitOptions.schedule,
        "exponential: times --decay each epoch; or cosine, to zero.",
        choices=get_args(Schedule),
    )
    backbone_rate: float = option(
        FitOptions.backbone_rate, "Initial rate of the backbone."
    )
    head_rate: float = option(FitOptions.head_rate, "Initial rate of the heads.")
    decay: float = option(FitOptions.decay, "Factor of the rates per epoch.")
    weight_decay: float = option(
        FitOptions.weight_decay, "Share of each weight taken off per step."
    )
    sync_batch_norm: bool = option(
        FitOptions.sync_batch_norm, "Batch statistics over all replicas."
    )

    def __post_init__(self) -> None:
        """Checks what can be checked without data."""
        if self.resize_size and self.resize_size < self.image_size:
            raise InputError(
                "resize_size must be 0 or at least image_size. "
                f"Got {self.resize_size} and {self.image_size}."
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout must be in [0, 1). Got {self.dropout}.")


def distribution_loss_option() -> Any:
    """Declares the flag of programs that learn distributions."""
    return option(
        LossOptions.distribution_loss,
        "mse: L_a of the slides; emd: NIMA's.",
        choices=get_args(DistributionLoss),
    )
