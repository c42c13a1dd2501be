"""The flags that programs share which score for users, and how scorers are opened."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from piaa_tf.programs.shared.program import option, required

if TYPE_CHECKING:
    from piaa_tf.adaptation.scoring import UserScorer
    from piaa_tf.models.prior import Prior


@dataclasses.dataclass(frozen=True)
class ScorerConfig:
    """What every score depends on.

    Attributes: every field is a flag and carries its help.
    """

    prior: str = required("Folder of a prior: RUN_DIR/prior.")
    tastes: str = option("", "File that piaa-adapt wrote; empty for the prior's taste.")
    rating_min: float = option(1.0, "Worst score, where no tastes are given.")
    rating_max: float = option(5.0, "Best score, where no tastes are given.")


def open_scorers(
    config: ScorerConfig, user_ids: Sequence[str]
) -> tuple[Prior, list[UserScorer]]:
    """Loads the prior and the tastes, and warns of users who have none.

    Returns:
        The prior and one scorer a user, in their order.
    """
    from absl import logging

    from piaa_tf.adaptation.scoring import UserScorer
    from piaa_tf.adaptation.taste import Tastes
    from piaa_tf.models.prior import load_prior
    from piaa_tf.ratings import RatingRange

    prior = load_prior(config.prior)
    tastes = Tastes.load(config.tastes) if config.tastes else None
    given = RatingRange(config.rating_min, config.rating_max)
    scorers = [UserScorer(prior, tastes, user, given) for user in user_ids]
    for user, scorer in zip(user_ids, scorers):
        if not scorer.is_known_user:
            whose = (
                f"no taste of user {user!r} is known" if user else "no user is given"
            )
            logging.warning("%s: the scores are the prior's", whose)
    return prior, scorers
