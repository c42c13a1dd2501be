r"""Adapts users' tastes from a prior and their ratings.

    piaa-adapt --prior=runs/multitask/prior --photos=album --ratings=ratings.csv \
        --out=runs/tastes.npz

ratings.csv has the columns user_id,image,rating; images are relative to --photos; any
number of users. Writes the tastes into --out, beside the users already there; with
--scope=all each user's whole network too, under adapted/USER next to it. Seconds for
hundreds of users; with --scope=all some seconds a user.

    piaa-adapt --prior=runs/multitask/prior --photos=album --suggest=10 --out=rate.csv

says which ten photographs to rate first, or next where --ratings are given, so that
the ratings teach the most, and adapts nothing. The CSV has a line for each to fill in.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, required

NEW_USER = "me"
"""Who is asked where nobody has rated and no --user_id is given."""


@dataclasses.dataclass(frozen=True)
class AdaptConfig:
    """What an adaptation depends on.

    Attributes: every field is a flag and carries its help.
    """

    prior: str = required("Folder of a prior: RUN_DIR/prior.")
    photos: str = required("Folder that the images are relative to.")
    ratings: str = option("", "CSV with the columns user_id,image,rating.")
    out: str = option(
        "tastes.npz",
        "File of the tastes; new users join old ones. With --suggest, a new CSV file.",
    )
    user_id: str = option("", "Adapt, or ask, this user alone; empty for everyone.")
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
    strength: float = option(
        0.0, "Of ridge: how firmly it holds to the prior; 0 for the default, 10."
    )
    suggest: int = option(0, "Photographs to name for rating, instead of adapting.")
    suggest_by: str = option(
        "variance",
        "variance: what makes the user's scores most certain; k_centre: what is "
        "farthest from all rated; random.",
        choices=("variance", "k_centre", "random"),
    )
    seed: int = option(0, "Of a random choice.")

    def __post_init__(self) -> None:
        """Checks the numbers that have a default of their own, and what is needed."""
        for name in ("steps", "rate", "strength"):
            if getattr(self, name) < 0:
                raise InputError(
                    f"{name} must be > 0, or 0 for the default. "
                    f"Got {getattr(self, name)}."
                )
        if self.suggest < 0:
            raise InputError(
                f"suggest must be a number of photographs. Got {self.suggest}."
            )
        if not (self.ratings or self.suggest):
            raise InputError(
                "Ratings are needed to adapt to. Got no file of them. Pass "
                "--ratings=FILE, or --suggest=10 to learn what to rate."
            )


def run(config: AdaptConfig) -> None:
    """Adapts every user of the ratings, or asks them for more."""
    if config.suggest:
        suggest(config)
    else:
        adapt(config)


def adapt(config: AdaptConfig) -> None:
    """Adapts every user of the ratings and writes the tastes."""
    from pathlib import Path

    from absl import logging

    from piaa_tf.adaptation.adapt import InnerLoop
    from piaa_tf.adaptation.ridge import STRENGTH, RidgeFit
    from piaa_tf.adaptation.scopes import default_scope
    from piaa_tf.adaptation.taste import Tastes
    from piaa_tf.adaptation.users import LOOPS, adapt_tastes
    from piaa_tf.models.prior import load_prior

    ratings = _read_ratings(config)
    if config.user_id:
        ratings = ratings.of_user(config.user_id)
    prior = load_prior(config.prior)
    scope = config.scope or default_scope(prior)
    default = LOOPS[scope]
    method = (
        RidgeFit(config.strength or STRENGTH)
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
    tastes = adapt_tastes(prior, scope, ratings, method, scratch=out.parent)
    everyone = known.merged(tastes) if known else tastes
    everyone.save(out)
    for user, count in zip(tastes.user_ids, tastes.num_ratings):
        logging.info("%s: adapted to %d ratings", user, count)
    logging.info("tastes in %s: %d", out, len(everyone.user_ids))


def suggest(config: AdaptConfig) -> None:
    """Says which photographs each user should rate next."""
    from pathlib import Path

    from absl import logging

    from piaa_tf.adaptation.active.suggest import suggest_photos
    from piaa_tf.adaptation.ridge import STRENGTH
    from piaa_tf.adaptation.scopes import default_scope, personal_score
    from piaa_tf.data.csv_table import shortest_text, write_table
    from piaa_tf.data.folder import list_photos
    from piaa_tf.models.prior import load_prior
    from piaa_tf.ratings import RatingRange

    out = Path(config.out) if config.out.lower().endswith(".csv") else None
    if out is not None and out.exists():
        raise InputError(
            "A list to fill in goes into a new file, so that no ratings are lost. "
            f"Got {out}, which is there already. Pass another --out."
        )
    given: dict[str, dict[str, str]] = {}
    if config.ratings:
        ratings = _read_ratings(config)
        for user, image, rating in zip(ratings.users, ratings.images, ratings.ratings):
            given.setdefault(user, {})[image] = shortest_text(rating)
    if config.user_id or not given:
        user = config.user_id or NEW_USER
        given = {user: given.get(user, {})}
    photos = Path(config.photos)
    images = list_photos(photos)
    prior = load_prior(config.prior)
    scope = config.scope or default_scope(prior)
    suggested = suggest_photos(
        prior,
        personal_score(prior, scope, RatingRange(config.rating_min, config.rating_max)),
        photos,
        images,
        {user: list(rated) for user, rated in given.items()},
        method=config.suggest_by,
        count=config.suggest,
        strength=config.strength or STRENGTH,
        seed=config.seed,
    )
    for user, chosen in suggested.items():
        logging.info("%s: %d rated; rate next", user, len(given[user]))
        for image in chosen:
            logging.info("  %s", image)
    if out is None:
        logging.info("pass --out=FILE.csv for a list to fill in")
        return
    rows = [
        [user, image, rating]
        for user, chosen in suggested.items()
        for image, rating in [*given[user].items(), *((image, "") for image in chosen)]
    ]
    write_table(out, ["user_id", "image", "rating"], rows)
    logging.info("fill in the ratings: %s", out)


def _read_ratings(config: AdaptConfig):
    from pathlib import Path

    from piaa_tf.data.folder import read_ratings
    from piaa_tf.ratings import RatingRange

    return read_ratings(
        Path(config.ratings),
        Path(config.photos),
        RatingRange(config.rating_min, config.rating_max),
    )


def main() -> None:
    """Runs the console program."""
    program.start(AdaptConfig, run, __doc__)


if __name__ == "__main__":
    main()
