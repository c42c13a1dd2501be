"""What ratings are made of: the range in which people rate, and the Big Five.

It imports no TensorFlow, so that readers of data and a client on another machine can
use it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from piaa_tf.errors import InputError

if TYPE_CHECKING:
    import numpy as np

Numbers = TypeVar("Numbers", float, "np.ndarray")
"""One number or an array; a tensor too, which type checkers do not know."""

TRAITS = (
    "openness",
    "conscientiousness",
    "extraversion",
    "agreeableness",
    "neuroticism",
)
"""The Big Five, in the order of every `traits` tensor; each in [-1, 1]."""


@dataclass(frozen=True)
class RatingRange:
    """The closed range of a set of ratings, or of one user's.

    >>> RatingRange(1, 5).to_unit(4.0)
    0.75
    >>> RatingRange(1, 5).from_unit(0.75)
    4.0

    Attributes:
        minimum: the worst rating.
        maximum: the best rating; above `minimum`.
    """

    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        """Checks that the range is a range."""
        if not (
            math.isfinite(self.minimum)
            and math.isfinite(self.maximum)
            and self.minimum < self.maximum
        ):
            raise InputError(
                "A rating range needs minimum < maximum, both finite. "
                f"Got {self.minimum}..{self.maximum}. Check rating_min and rating_max."
            )

    @property
    def middle(self) -> float:
        """The threshold between low and high aesthetics."""
        return (self.minimum + self.maximum) / 2

    def contains(self, ratings: Any) -> Any:
        """Checks whether each rating lies in the range; NaN does not."""
        return (ratings >= self.minimum) & (ratings <= self.maximum)

    def to_unit(self, ratings: Numbers) -> Numbers:
        """Maps ratings linearly onto [0, 1]; numbers, arrays and tensors alike."""
        return (ratings - self.minimum) / (self.maximum - self.minimum)

    def from_unit(self, units: Numbers) -> Numbers:
        """Maps [0, 1] linearly onto the range; the inverse of `to_unit`."""
        return self.minimum + units * (self.maximum - self.minimum)
