r"""Adapts users' tastes from a prior and their ratings.

    piaa-adapt --prior=runs/multitask/prior --photos=album --ratings=ratings.csv \
        --out=runs/tastes.npz

ratings.csv has the columns user_id,image,rating; images are relative to --photos; any
number of users. Writes the tastes into --out, beside the users already there; with
--scope=all each user's whole network too, under adapted/USER next to it. Seconds for
hundreds of users; with --scope=all some seconds a user.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.contract import InputError
from piaa_tf.programs import program
from piaa_tf.programs.program import option, required


@dataclasses.dataclass(frozen=True)
class AdaptConfig:
    """What an adaptation depends on.

    Attributes: every field is a flag and carries its help.
    """

    prior: str = required("Folder of a prior: RUN_DIR/prior.")
    photos: str = required("Folder that the images are relative to.")
    ratings: str = required("CSV with the columns user_id,image,rating.")
    out: str = option("tastes.npz", "File of the tastes; new users join old ones.")
    scope: str = option(
        "",
        "The user's weights: fusion (PA_IAA's W_b), head (last linear layer), all. "
        "Default: fusion where the prior has traits, else head.",
        choices=("fusion", "head", "all"),
    )
    rating_min: float = option(1.0, "The worst rating there is.")
    rating_max: float = option(5.0, "The best rating there is.")
    method: str = option(
        "adam",
        "adam: the papers' inner loop; ridge: closed form, for fusion and head.",
        choices=("adam", "ridge"),
    )
    steps: int = option(0, "Adam steps; 0 for the scope's default.")
    rate: float = option(0.0, "Adam's rate; 0 for the scope's default.")
    strength: float = option(1.0, "Of ridge: how firmly it holds to the prior.")

    def __post_init__(self) -> None:
        """Checks the numbers that have a default of their own."""
        if self.steps < 0 or self.rate < 0:
            raise InputError(
                "steps and rate must be > 0, or 0 for the scope's default. "
                f"Got {self.steps} and {self.rate}."
            )


def run(config: AdaptConfig) -> None:
    """Adapts every user of the ratings and writes the tastes."""
    from pathlib import Path

    from absl import logging

    from piaa_tf.adaptation.adapt import InnerLoop
    from piaa_tf.adaptation.ridge import RidgeFit
    from piaa_tf.adaptation.scopes import default_scope
    from piaa_tf.adaptation.taste import Tastes
    from piaa_tf.adaptation.users import LOOPS, adapt_tastes
    from piaa_tf.contract import RatingRange
    from piaa_tf.data.folder import read_ratings
    from piaa_tf.models.prior import load_prior

    ratings = read_ratings(
        Path(config.ratings),
        Path(config.photos),
        RatingRange(config.rating_min, config.rating_max),
    )
    prior = load_prior(config.prior)
    scope = config.scope or default_scope(prior)
    default = LOOPS[scope]
    method = (
        RidgeFit(config.strength)
        if config.method == "ridge"
        else InnerLoop(config.steps or default.steps, config.rate or default.rate)
    )
    out = Path(config.out)
    known = Tastes.load(out) if out.exists() else None
    logging.info(
        "users %d, ratings %d, scope %s, %s",
        len(ratings.user_ids()),
        len(ratings),
        scope,
        method,
    )
    tastes = adapt_tastes(prior, scope, ratings, method, out.parent / "adapted")
    everyone = known.merged(tastes) if known else tastes
    everyone.save(out)
    for user, count in zip(tastes.user_ids, tastes.num_ratings):
        logging.info("%s: adapted to %d ratings", user, count)
    logging.info("tastes in %s: %d", out, len(everyone.user_ids))


def main() -> None:
    """Runs the console program."""
    program.start(AdaptConfig, run, __doc__)


if __name__ == "__main__":
    main()
