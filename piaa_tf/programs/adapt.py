r"""Adapts users' tastes from a prior and their ratings.

    piaa-adapt --prior=runs/multitask/prior --photos=album --ratings=ratings.csv \
        --out=runs/tastes.npz

ratings.csv has the columns user_id,image,rating; images are relative to --photos; any
number of users. Writes the tastes into --out, beside the users already there; with
--scope=all each user's whole network too, under adapted/USER next to it. Takes seconds
for hundreds of users; with --scope=all some seconds per user.

    piaa-adapt --prior=runs/multitask/prior --photos=album --suggest=10 --out=rate.csv

names the ten photos whose ratings would teach the most, to be rated first, or next if
--ratings are given; it adapts nothing. The CSV has a line for each to fill in.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, required


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
    user_id: str = option("", "Adapt, or ask, only this user; empty for everyone.")
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
        0.0, "How firmly ridge holds to the prior; 0 for the default, 10."
    )
    suggest: int = option(0, "Photos to suggest for rating, instead of adapting.")
    suggest_by: str = option(
        "variance",
        "variance: what makes the user's scores most certain; k_centre: what is "
        "farthest from all rated; random.",
        choices=("variance", "k_centre", "random"),
    )
    seed: int = option(0, "Seed of a random choice.")

    def __post_init__(self) -> None:
        """Checks the numbers that have a default of their own, and what is needed."""
        for name in ("steps", "rate", "strength"):
            if getattr(self, name) < 0:
                raise InputError(
                    f"{name} must be > 0, or 0 for the default. "
                    f"Got {getattr(self, name)}."
                )
        if self.suggest < 0:
            raise InputError(f"suggest must be a number of photos. Got {self.suggest}.")
        if not (self.ratings or self.suggest):
            raise InputError(
                "Ratings are needed to adapt to. Got no file of them. Pass "
                "--ratings=FILE, or --suggest=10 to learn what to rate."
            )


def run(config: AdaptConfig) -> None:
    """Adapts every user of the ratings, or lists what to rate."""
    if config.suggest:
        suggest(config)
    else:
        adapt(config)


def adapt(config: AdaptConfig) -> None:
    """Adapts every user of the ratings and writes the tastes."""
    from pathlib import Path

    from absl import logging

    import piaa_tf
    from piaa_tf.library.rated import as_ratings

    # Before TensorFlow is loaded, which takes seconds: tables have faults.
    rating_range = piaa_tf.RatingRange(config.rating_min, config.rating_max)
    ratings = as_ratings(
        config.ratings,
        config.photos,
        user_id=config.user_id or None,
        rating_range=rating_range,
    )
    prior = piaa_tf.load_prior(config.prior)
    out = Path(config.out)
    known = piaa_tf.load_tastes(out, prior) if out.exists() else None
    tastes = prior.adapt(
        ratings,
        config.photos,
        scope=config.scope or None,
        method=config.method,
        steps=config.steps or None,
        rate=config.rate or None,
        strength=config.strength or None,
        rating_range=rating_range,
        scratch=out.parent,
    )
    everyone = known.merged(tastes) if known else tastes
    everyone.save(out)
    for user, count in zip(tastes.user_ids, tastes.adapted.num_ratings):
        logging.info("%s: adapted to %d ratings", user, count)
    logging.info("tastes in %s: %d", out, len(everyone.user_ids))


def suggest(config: AdaptConfig) -> None:
    """Lists the photos that each user should rate next."""
    from pathlib import Path

    from absl import logging

    import piaa_tf
    from piaa_tf.data.csv_table import shortest_text, write_table
    from piaa_tf.data.own_ratings import ME
    from piaa_tf.library.rated import as_ratings

    out = Path(config.out) if config.out.lower().endswith(".csv") else None
    if out is not None and out.exists():
        raise InputError(
            "A list to fill in goes into a new file, so that no ratings are lost. "
            f"Got {out}, which is there already. Pass another --out."
        )
    rating_range = piaa_tf.RatingRange(config.rating_min, config.rating_max)
    given: dict[str, dict[str, str]] = {}
    if config.ratings:
        ratings = as_ratings(
            config.ratings, config.photos, user_id=None, rating_range=rating_range
        )
        for user, image, rating in zip(ratings.users, ratings.images, ratings.ratings):
            given.setdefault(user, {})[image] = shortest_text(rating)
    if config.user_id or not given:
        user = config.user_id or ME
        given = {user: given.get(user, {})}
    suggested = piaa_tf.load_prior(config.prior).suggest_each(
        config.photos,
        config.suggest,
        given,
        method=config.suggest_by,
        scope=config.scope or None,
        strength=config.strength or None,
        rating_range=rating_range,
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


def main() -> None:
    """Runs the console program."""
    program.start(AdaptConfig, run, __doc__, loads_tensorflow=False)


if __name__ == "__main__":
    main()
