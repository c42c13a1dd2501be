"""The flags of programs that score for users, and how tastes are opened."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from piaa_tf.programs.shared.program import option, required

if TYPE_CHECKING:
    from piaa_tf.library.tastes import Tastes


@dataclasses.dataclass(frozen=True)
class ScorerConfig:
    """What every score depends on.

    Attributes: every field is a flag and carries its help.
    """

    prior: str = required("Folder of a prior: RUN_DIR/prior.")
    tastes: str = option("", "File that piaa-adapt wrote; empty for the prior's taste.")
    rating_min: float = option(1.0, "Worst score, if no tastes are given.")
    rating_max: float = option(5.0, "Best score, if no tastes are given.")


def open_tastes(config: ScorerConfig, *, user_id: str) -> Tastes:
    """Loads the prior and the tastes; nobody's if none are given.

    Args:
        config: the flags.
        user_id: whose scores are asked for; empty logs a warning.
    """
    from absl import logging

    import piaa_tf

    prior = piaa_tf.load_prior(config.prior)
    if not user_id:
        logging.warning("no user is given: the scores are the prior's")
    if config.tastes:
        return piaa_tf.load_tastes(config.tastes, prior)
    return prior.generic_tastes((config.rating_min, config.rating_max))
