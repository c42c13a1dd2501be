"""A user's model made of a number of weights and a function."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class UserModel:
    """One user's scores, a `PersonalModel`.

    Attributes:
        num_weights: how many numbers are kept for this user alone; 0 for the prior.
        predict: images [N] -> scores [N].
    """

    num_weights: int
    predict: Callable[[Sequence[str]], np.ndarray]
