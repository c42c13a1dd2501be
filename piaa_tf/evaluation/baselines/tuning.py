"""Chooses a system's settings on validation users, never on test users."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from absl import logging

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.protocol import MIN_TESTED, UserSplit, user_splits
from piaa_tf.evaluation.system import PersonalModel, Training
from piaa_tf.metrics import srocc

Setting = TypeVar("Setting")

MAX_TESTED = 100
"""Most images of a user that a setting is tested on."""


def choose_settings(
    adapt: Callable[[PersonalRatings, Setting], PersonalModel],
    settings: Sequence[Setting],
    training: Training,
    *,
    system: str,
    max_users: int | None = None,
    repeats: int = 3,
) -> dict[int, Setting]:
    """Chooses, for each n, the setting with the best mean SROCC.

    The system adapts to n images of every user who has rated enough, and is tested on
    the user's other images.

    Args:
        adapt: (support, setting) -> the user's model.
        settings: to choose from; the first where nothing can be measured.
        training: gives the validation users, whose images are prepared, the numbers n
            of ratings and the seed.
        system: its name, for the log.
        max_users: how many users, from the first, if adapting is slow; None for all.
        repeats: splits of each user; one if the training is quick.

    Returns:
        n -> setting.
    """
    ratings = training.validation.get(PersonalRatings)
    repeats = 1 if training.is_quick else repeats
    chosen = {}
    for count in training.num_images:
        users = set(_users(ratings, count)[:max_users])
        if ratings is None or not users or len(settings) == 1:
            chosen[count] = settings[0]
            continue
        splits = user_splits(
            ratings.select([user in users for user in ratings.users]),
            {count: repeats},
            seed=training.seed,
            max_tested=MAX_TESTED,
        )
        means = [
            np.mean([_figure(adapt, setting, case) for case in splits])
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
    """Returns the setting of the n that is nearest on a logarithmic scale.

    >>> nearest({10: "few", 100: "many"}, 20), nearest({10: "few", 100: "many"}, 50)
    ('few', 'many')
    """
    return settings[min(settings, key=lambda n: abs(math.log(n / num_images)))]


def _users(ratings: PersonalRatings | None, num_images: int) -> list[str]:
    """Lists the users who have rated enough, if any."""
    if ratings is None:
        return []
    counts = {user: len(ratings.of_user(user)) for user in ratings.user_ids()}
    return [u for u, count in counts.items() if count >= num_images + MIN_TESTED]


def _figure(
    adapt: Callable[[PersonalRatings, Setting], PersonalModel],
    setting: Setting,
    case: UserSplit,
) -> float:
    model = adapt(case.support, setting)
    return srocc(model.predict(case.tested.images), case.tested.ratings)
