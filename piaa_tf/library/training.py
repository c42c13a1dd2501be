"""Training, from samples to a `Prior`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.library.arguments import check_type
from piaa_tf.library.prior import Prior
from piaa_tf.models.prior import Prior as TrainedPrior
from piaa_tf.training.meta import train as meta
from piaa_tf.training.supervised import train as supervised

Arguments = ParamSpec("Arguments")


def _asked(train: Callable[Arguments, TrainedPrior]) -> Callable[Arguments, Prior]:
    """Wraps a training so that it returns the library's `Prior`."""

    @functools.wraps(train)
    def trained(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Prior:
        return Prior(train(*args, **kwargs))

    return trained


train_multitask = _asked(supervised.train_multitask)
train_generic = _asked(supervised.train_generic)


def meta_train(ratings: PersonalRatings, start: Prior, **options: Any) -> Prior:
    """Meta-trains BLG-PIAA's prior on many users, for new ones with few ratings.

    Args:
        ratings: of the users of meta-training.
        start: the prior to begin at, which stays as it is: one of `train_generic` with
            the target "score".
        **options: as in `piaa_tf.training.meta.train.meta_train`.

    Returns:
        The prior.

    Raises:
        InputError: Start, options or ratings do not fit.
    """
    check_type("start", start, Prior, "a prior, as load_prior returns it")
    return Prior(meta.meta_train(ratings, start.trained, **options))
