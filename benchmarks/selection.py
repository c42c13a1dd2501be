r"""What choosing the photos to rate is worth: chosen against random, paired.

    PYTHONPATH=. python benchmarks/selection.py \
        --prior=runs/quickstart/multitask/prior --data_dir=runs/quickstart/gallery

For every test user, half of the rated photos is the pool to choose from and the
other half tests. Each method chooses n of the pool, the user's ratings of them adapt
the prior, and SROCC is taken on the test half. Prints the learning curve of each
method and its paired difference from random choice with its standard error over users,
whatever it turns out to be. Under a minute on two cores, for fusion and head.

The gallery is simulated: real users may be less sure of the photos they are asked about
than of those they choose themselves, which this does not model.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, required

if TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True)
class SelectionConfig:
    """What the comparison depends on.

    Attributes: every field is a flag and carries its help.
    """

    prior: str = required("Folder of a prior: RUN_DIR/prior.")
    data_dir: str = required("Folder of the gallery.")
    split: str = option("test", "Whose ratings.", choices=("validation", "test"))
    scope: str = option(
        "",
        "What is adapted; by default fusion where the prior has traits, else head.",
        choices=("fusion", "head"),
    )
    method: str = option("adam", "How it is adapted.", choices=("adam", "ridge"))
    strength: float = option(
        0.0, "Strength of ridge, in adapting and choosing; 0 for the default."
    )
    num_images: tuple[int, ...] = option((5, 10, 20, 50), "Photos to rate.")
    repeats: int = option(5, "Pools, and random choices, per user.")
    seed: int = option(0, "Seed of pools and random choices.")


def run(config: SelectionConfig) -> None:
    """Measures every method at every number of photos."""
    import numpy as np
    from absl import logging

    from piaa_tf.adaptation.active.selection import METHODS
    from piaa_tf.adaptation.adapt import score_users
    from piaa_tf.adaptation.predict import predict
    from piaa_tf.adaptation.ridge import STRENGTH, RidgeFit
    from piaa_tf.adaptation.scopes import default_scope, personal_score
    from piaa_tf.adaptation.users import LOOPS, adapt_by
    from piaa_tf.data.datasets import catalog
    from piaa_tf.data.samples import PersonalRatings
    from piaa_tf.metrics import srocc
    from piaa_tf.models.prior import load_prior

    prior = load_prior(config.prior)
    scope = config.scope or default_scope(prior)
    by = (
        RidgeFit(config.strength or STRENGTH)
        if config.method == "ridge"
        else LOOPS[scope]
    )
    ratings = catalog.load("gallery", PersonalRatings, config.data_dir, config.split)
    personal = personal_score(prior, scope, ratings.rating_range)
    images = sorted(set(ratings.images))
    embedding = predict(prior, [ratings.photos / image for image in images])
    cases = make_cases(config, ratings, dict(zip(images, embedding["embedding"])))
    logging.info("users %d, scope %s, %s", len(ratings.user_ids()), scope, by)

    def per_user(figures):
        return np.reshape(figures, [-1, config.repeats]).mean(axis=1)

    start = personal.prior_weights[np.newaxis]
    before = [
        srocc(score_users(personal, start, case.tested)[0], case.tested_rating)
        for case in cases
    ]
    logging.info("prior alone %.3f", np.mean(before))
    orders = {
        method: [choose(config, personal, method, case) for case in cases]
        for method in METHODS
    }
    for number in config.num_images:
        reached = {}
        for method, chosen in orders.items():
            supports = [
                (case.pool[order[:number]], case.pool_rating[order[:number]])
                for case, order in zip(cases, chosen)
            ]
            weights = adapt_by(personal, supports, by)
            reached[method] = per_user(
                [
                    srocc(
                        score_users(personal, row[np.newaxis], case.tested)[0],
                        case.tested_rating,
                    )
                    for case, row in zip(cases, weights)
                ]
            )
        for method, figures in reached.items():
            gain = figures - reached["random"]
            logging.info(
                "%3d ratings  %-9s %.3f  against random %+.4f +- %.4f (s.e., %d users)",
                number,
                method,
                figures.mean(),
                gain.mean(),
                gain.std(ddof=1) / len(gain) ** 0.5,
                len(gain),
            )


@dataclasses.dataclass(frozen=True)
class Case:
    """One user's pool and test photos: embeddings [n, D] and ratings [n]."""

    pool: np.ndarray
    pool_rating: np.ndarray
    tested: np.ndarray
    tested_rating: np.ndarray
    seed: int


def make_cases(config: SelectionConfig, ratings, embeddings: dict) -> list[Case]:
    """Halves each user's ratings at random, as often as there are repeats."""
    import numpy as np

    from piaa_tf.evaluation.protocol import split

    cases = []
    for user in ratings.user_ids():
        own = ratings.of_user(user)
        half = len(own) // 2
        if half < max(config.num_images):
            raise InputError(
                "Half of a user's ratings is to be chosen from and must suffice. Got "
                f"{half} of user {user!r}. Pass another --num_images."
            )
        embedding = np.stack([embeddings[image] for image in own.images])
        for repeat in range(config.repeats):
            order = split(user, len(own), seed=config.seed, repeat=repeat)
            pool, tested = order[:half], order[half:]
            cases.append(
                Case(
                    embedding[pool],
                    own.ratings[pool],
                    embedding[tested],
                    own.ratings[tested],
                    seed=config.seed + repeat,
                )
            )
    return cases


def choose(config: SelectionConfig, personal, method: str, case: Case) -> list[int]:
    """Orders as much of a pool as will be rated at most."""
    from piaa_tf.adaptation.active.selection import choose_next
    from piaa_tf.adaptation.ridge import STRENGTH

    return choose_next(
        method,
        personal,
        case.pool,
        count=max(config.num_images),
        strength=config.strength or STRENGTH,
        seed=case.seed,
    )


def main() -> None:
    """Runs the comparison."""
    program.start(SelectionConfig, run, __doc__)


if __name__ == "__main__":
    main()
