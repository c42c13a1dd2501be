r"""BLG-PIAA beside BA-PIAA on the simulated gallery: paired, over unseen users.

    PYTHONPATH=. python benchmarks/blg_gain.py --seed=1 --run_dir=runs/blg_gain

Trains BA's prior on average scores, meta-trains BLG's from it, chooses rate and number
of steps of each on validation users, and measures both on test users that neither has
met. Prints SROCC before and after adaptation and the paired difference BLG - BA with
its standard error, whatever it turns out to be. About 15 minutes on two cores.

The gallery is simulated: this shows that both learn, and how much on such data; it
decides nothing between the published methods.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option

LOOPS = ((5, 1e-4), (20, 1e-4))
"""(steps, rate) to choose from on validation users."""

NUM_IMAGES = (10, 100)


@dataclasses.dataclass(frozen=True)
class GainConfig:
    """What the comparison depends on.

    Attributes: every field is a flag and carries its help.
    """

    run_dir: str = option("runs/blg_gain", "Folder of the gallery and both runs.")
    seed: int = option(0, "Seed of gallery, training and splits.")
    epochs: int = option(6, "Passes over the images for BA's prior.")
    meta_steps: int = option(120, "Meta-steps for BLG's prior.")
    inner_rate: float = option(3e-4, "alpha of meta-training.")
    validation_users: int = option(16, "Users on which loops are chosen.")


def run(config: GainConfig) -> None:
    """Trains both priors and compares them."""
    from piaa_tf.data import gallery

    root = Path(config.run_dir) / f"seed{config.seed}"
    gallery.write_gallery(root / "gallery", gallery.GalleryConfig(seed=config.seed))
    train(config, root)
    compare(config, root)


def train(config: GainConfig, root: Path) -> None:
    """Trains BA's prior, and BLG's from it."""
    from piaa_tf.programs import meta_train, train_generic

    train_generic.run(
        train_generic.GenericConfig(
            run_dir=str(root / "ba"),
            data_dir=str(root / "gallery"),
            target="score",
            average_of="distributions",
            backbone="compact",
            image_size=64,
            head_sizes=(),
            epochs=config.epochs,
            optimizer="adam",
            schedule="cosine",
            backbone_rate=2e-3,
            head_rate=2e-3,
            weight_decay=0.0,
            seed=config.seed,
        )
    )
    meta_train.run(
        meta_train.MetaTrainConfig(
            run_dir=str(root / "blg"),
            data_dir=str(root / "gallery"),
            init_prior=str(root / "ba" / "prior"),
            num_tasks=5,
            inner_rate=config.inner_rate,
            inner_batch=20,
            outer_rate=0.2,
            outer_schedule="linear",
            steps=config.meta_steps,
            validation_steps=0,
            seed=config.seed,
        )
    )


def compare(config: GainConfig, root: Path) -> None:
    """Chooses each prior's loop on validation users and tests it on test users."""
    import numpy as np
    from absl import logging

    from piaa_tf.data.datasets import catalog
    from piaa_tf.data.samples import PersonalRatings

    ratings = {
        split: catalog.load("gallery", PersonalRatings, root / "gallery", split)
        for split in ("validation", "test")
    }
    users = ratings["validation"].user_ids()[: config.validation_users]
    chosen = [user in set(users) for user in ratings["validation"].users]
    ratings["validation"] = ratings["validation"].select(np.array(chosen))
    figures = {}
    for number in NUM_IMAGES:
        for name in ("ba", "blg"):
            loop = max(
                LOOPS,
                key=lambda loop, name=name, number=number: np.mean(
                    reached(config, root, name, ratings["validation"], loop, number)[1]
                ),
            )
            before, after = reached(config, root, name, ratings["test"], loop, number)
            figures[name, number] = after
            logging.info(
                "%-3s %3d images  prior %.3f  adapted %.3f  gain %s  (%d steps of %g)",
                name,
                number,
                before.mean(),
                after.mean(),
                paired(after - before),
                *loop,
            )
        difference = figures["blg", number] - figures["ba", number]
        logging.info("%d images  BLG - BA %s", number, paired(difference))


def reached(config, root: Path, name: str, ratings, loop, num_images: int):
    """Adapts whole networks: SROCC of each user before and after, two arrays."""
    import numpy as np

    from piaa_tf.adaptation.adapt import InnerLoop
    from piaa_tf.evaluation.adapted_prior import WholeNetwork
    from piaa_tf.evaluation.protocol import measure, user_splits
    from piaa_tf.models.prior import load_prior

    prior = load_prior(root / name / "prior")
    network = WholeNetwork(name, prior, ratings.rating_range, InnerLoop(*loop))
    network.prepare(ratings)
    splits = user_splits(
        ratings, {num_images: 1}, seed=config.seed, num_reserved=max(NUM_IMAGES)
    )
    results = measure(network, splits)
    return (
        np.array([result.prior_srocc for result in results]),
        np.array([result.srocc for result in results]),
    )


def paired(differences) -> str:
    """Writes a mean difference over users with its standard error."""
    error = differences.std(ddof=1) / len(differences) ** 0.5
    return f"{differences.mean():+.4f} +- {error:.4f} (s.e., {len(differences)} users)"


def main() -> None:
    """Runs the comparison."""
    program.start(GainConfig, run, __doc__)


if __name__ == "__main__":
    main()
