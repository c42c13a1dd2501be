"""Chooses a system's settings on validation users, never on test users."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Callable, TypeVar

import numpy as np
from absl import logging

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.protocol import MIN_TESTED, split
from piaa_tf.evaluation.system import PersonalModel
from piaa_tf.metrics import srocc

Setting = TypeVar("Setting")

MAX_USERS = 8
MAX_TESTED = 100


def choose_settings(
    adapt: Callable[[PersonalRatings, Setting], PersonalModel],
    settings: Sequence[Setting],
    ratings: PersonalRatings,
    num_images: Sequence[int],
    *,
    seed: int,
    system: str,
) -> dict[int, Setting]:
    """Chooses, for each n, the setting with the best mean SROCC.

    Args:
        adapt: (support, setting) -> the user's model.
        settings: to choose from; the first where nothing can be measured.
        ratings: of validation users, prepared.
        num_images: the numbers n of ratings.
        seed: of the splits.
        system: named in the log.

    Returns:
        n -> setting.
    """
    chosen = {}
    for count in num_images:
        users = _users(ratings, count)
        if not users or len(settings) == 1:
            chosen[count] = settings[0]
            continue
        means = [
            np.mean([_figure(adapt, setting, own, count, seed) for own in users])
            for setting in settings
        ]
        best = int(np.argmax(means))
        chosen[count] = settings[best]
        logging.info(
            "%s, %d images: %s  validation srocc %.3f, of %s",
            system,
            count,
            settings[best],
            means[best],
            " ".join(f"{mean:.3f}" for mean in means),
        )
    return chosen


def nearest(settings: dict[int, Setting], num_images: int) -> Setting:
    """Gives the setting of the n that is nearest on a logarithmic scale.

    >>> nearest({10: "few", 100: "many"}, 20), nearest({10: "few", 100: "many"}, 50)
    ('few', 'many')
    """
    return settings[min(settings, key=lambda n: abs(math.log(n / num_images)))]


def _users(ratings: PersonalRatings, num_images: int) -> list[PersonalRatings]:
    """The first users who have rated enough, each with their ratings."""
    users = map(ratings.of_user, ratings.user_ids())
    enough = [own for own in users if len(own) >= num_images + MIN_TESTED]
    return enough[:MAX_USERS]


def _figure(adapt, setting, own: PersonalRatings, num_images: int, seed: int) -> float:
    order = split(own.users[0], len(own), seed=seed, repeat=0)
    tested = own.select(order[num_images : num_images + MAX_TESTED])
    model = adapt(own.select(order[:num_images]), setting)
    return srocc(model.predict(tested.images), tested.ratings)
