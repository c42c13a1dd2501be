"""The flags that supervised training programs share, and what is made of them."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from piaa_tf.errors import InputError
from piaa_tf.programs.shared.program import option
from piaa_tf.programs.shared.run_config import RunConfig

if TYPE_CHECKING:
    from piaa_tf.training.supervised.fit import FitOptions, StreamOptions


@dataclasses.dataclass(frozen=True)
class TrainConfig(RunConfig):
    """What a supervised run depends on; defaults are those of the slides.

    Attributes: every field is a flag and carries its help.
    """

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

    def __post_init__(self) -> None:
        """Checks what can be checked without data."""
        if self.resize_size and self.resize_size < self.image_size:
            raise InputError(
                "resize_size must be 0 or at least image_size. "
                f"Got {self.resize_size} and {self.image_size}."
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout must be in [0, 1). Got {self.dropout}.")


def stream_options(config: TrainConfig) -> StreamOptions:
    """Says how pictures are drawn."""
    from piaa_tf.training.supervised.fit import StreamOptions

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
    from piaa_tf.training.supervised.fit import FitOptions

    shared = {field.name for field in dataclasses.fields(FitOptions)}
    values = {k: v for k, v in dataclasses.asdict(config).items() if k in shared}
    return FitOptions(
        **values,
        steps_per_epoch=math.ceil(num_samples / max(config.batch_size, 1)),
        is_float16=config.precision == "mixed_float16",
    )
