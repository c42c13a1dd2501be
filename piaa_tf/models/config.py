"""The configs of the two networks: what their weights' shapes depend on.

No TensorFlow is imported, so that flags can take their defaults from here.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

Features = Literal["pooled", "logits"]
Fusion = Literal["vector", "network"]
Link = Literal["sigmoid", "linear"]

TASKS = ("distribution", "traits")
"""What a PA_IAA network predicts, both or only one."""


@dataclass(frozen=True)
class PaIaaConfig:
    """What a PA_IAA network depends on.

    Attributes:
        backbone: a name of `backbones.BACKBONES`; the paper reports inception_v3 and
            densenet121.
        image_size: S, height and width of the input in pixels.
        features: "pooled" features of the backbone, or its 1000 "logits" as released.
        bin_scores: the score of each bin of the distribution; 1..10 in AVA.
        tasks: both tasks, or only one for the single-task baselines.
        head_sizes: widths of the dense layers of each trunk; (2048, 1024) as released.
        dropout: share of units dropped in the trunks while training.
        fusion: W_b as a "vector" of five weights per user (slides) or as a "network"
            from the image's features to five weights (released code).
        fusion_sizes: hidden widths of that network; (1024, 512) as released.
    """

    backbone: str = "inception_v3"
    image_size: int = 299
    features: Features = "pooled"
    bin_scores: tuple[float, ...] = tuple(range(1, 11))
    tasks: tuple[str, ...] = TASKS
    head_sizes: tuple[int, ...] = (2048, 1024)
    dropout: float = 0.5
    fusion: Fusion = "vector"
    fusion_sizes: tuple[int, ...] = (1024, 512)

    def __post_init__(self) -> None:
        """Checks the combination."""
        if not self.tasks or not set(self.tasks) <= set(TASKS):
            raise InputError(f"tasks must be some of {TASKS}. Got {self.tasks}.")
        if self.fusion not in ("vector", "network"):
            raise InputError(
                f"fusion must be 'vector' or 'network'. Got {self.fusion!r}."
            )
        rises = all(a < b for a, b in itertools.pairwise(self.bin_scores))
        if len(self.bin_scores) < 2 or not rises:
            raise InputError(
                f"bin_scores must be two or more rising numbers. Got {self.bin_scores}."
            )

    @property
    def score_range(self) -> RatingRange:
        """The range of the distribution's mean."""
        return RatingRange(float(self.bin_scores[0]), float(self.bin_scores[-1]))


@dataclass(frozen=True)
class BlgPiaaConfig:
    """What a BLG-PIAA network depends on.

    Attributes:
        backbone: a name of `backbones.BACKBONES`; the paper reports resnet18, alexnet
            and inception_v3.
        image_size: S, height and width of the input in pixels.
        features: "pooled" features of the backbone, or its 1000 "logits" as released.
        head_sizes: widths of the dense layers of the trunk; (1024, 512) as released.
        dropout: share of units dropped in the trunk while training.
        link: from the linear unit to [0, 1]: "sigmoid" as released, or "linear".
    """

    backbone: str = "resnet18"
    image_size: int = 224
    features: Features = "pooled"
    head_sizes: tuple[int, ...] = (1024, 512)
    dropout: float = 0.5
    link: Link = "sigmoid"

    def __post_init__(self) -> None:
        """Checks the link."""
        if self.link not in ("sigmoid", "linear"):
            raise InputError(f"link must be 'sigmoid' or 'linear'. Got {self.link!r}.")

    @property
    def score_range(self) -> RatingRange:
        """The range of the network's score, which is then mapped to a user's range."""
        return RatingRange(0.0, 1.0)
