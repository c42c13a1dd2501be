"""What a supervised training run may choose, checked; defaults are those of the slides.

No TensorFlow is imported, so that flags can take their defaults from here.
"""

from __future__ import annotations

import dataclasses
from typing import Literal, get_args

from piaa_tf.errors import InputError
from piaa_tf.training.options import OptimizerName, Schedule

Target = Literal["distribution", "score", "ranking", "personality"]
DistributionLoss = Literal["mse", "emd"]


@dataclasses.dataclass(frozen=True)
class FitOptions:
    """How a prior is fitted.

    Attributes:
        batch_size: samples per step over all replicas, from each stream.
        epochs: passes over the data; where there are two streams, over the longer one.
        optimizer: "sgdw", momentum 0.9 with decoupled weight decay; or "adam".
        schedule: of the rates: "exponential", times `decay` after each epoch; or
            "cosine", to zero.
        backbone_rate: initial rate of the backbone's weights.
        head_rate: initial rate of all other weights.
        decay: factor of the rates per epoch.
        weight_decay: share of each weight that sgdw takes off per step.
        sync_batch_norm: whether batch statistics span the replicas.
        validation_epochs: epochs between two measurements; 0 for one at the end alone.
        seed: of weights, order, crops and dropout.
    """

    batch_size: int = 50
    epochs: int = 50
    optimizer: OptimizerName = "sgdw"
    schedule: Schedule = "exponential"
    backbone_rate: float = 1e-4
    head_rate: float = 1e-4
    decay: float = 0.9
    weight_decay: float = 1e-5
    sync_batch_norm: bool = False
    validation_epochs: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks the numbers."""
        for name, minimum in (
            ("batch_size", 1),
            ("epochs", 1),
            ("backbone_rate", 0),
            ("head_rate", 0),
            ("weight_decay", 0),
            ("validation_epochs", 0),
        ):
            if not getattr(self, name) >= minimum:
                raise InputError(
                    f"{name} must be >= {minimum}. Got {getattr(self, name)}."
                )


@dataclasses.dataclass(frozen=True)
class StreamOptions:
    """How images are drawn.

    Attributes:
        resize_size: side of the square, in pixels, out of which a random one of the
            network's size is cut; 0 for no crop.
        keep_aspect: whether an image is cropped to the square's centre instead of
            squeezed.
        flip: whether every other image, at random, is mirrored.
    """

    resize_size: int = 0
    keep_aspect: bool = False
    flip: bool = True


@dataclasses.dataclass(frozen=True)
class LossOptions:
    """What is minimised where a network predicts distributions or traits.

    Attributes:
        distribution_loss: "mse" is L_a of the slides; "emd" that of NIMA, with r = 2.
        distribution_weight: factor of the distribution loss.
        traits_weight: factor of L_p.
    """

    distribution_loss: DistributionLoss = "mse"
    distribution_weight: float = 1.0
    traits_weight: float = 1.0

    def __post_init__(self) -> None:
        """Checks the choice."""
        choices = get_args(DistributionLoss)
        if self.distribution_loss not in choices:
            raise InputError(
                f"distribution_loss must be one of {choices}. "
                f"Got {self.distribution_loss!r}."
            )
