"""The whole way on the simulated gallery: from many raters to one user's album.

    python examples/quickstart.py --run_dir=runs/quickstart

1. Render a gallery of simulated photos and simulated raters.
2. Learn a prior: PA_IAA's first stage, score distributions and personality together.
3. Adapt it to people it has never met, from 10 and from 100 of their ratings.
4. Learn the other prior: BLG-PIAA's, average scores first, then many users' tasks.
5. Adapt whole networks from it to some of the same people.
6. Rank an album for one of them.
7. Export prior and taste, serve them, and score the album over gRPC.

About six minutes on two cores; a second call continues where the first one ended.
Everything is written below --run_dir; the last lines say where to look.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option

if TYPE_CHECKING:
    from piaa_tf.data.samples import PersonalRatings, Samples
    from piaa_tf.evaluation.results import Result
    from piaa_tf.evaluation.system import PersonalSystem
    from piaa_tf.training.supervised.options import FitOptions


@dataclasses.dataclass(frozen=True)
class QuickstartConfig:
    """What the tour depends on.

    Attributes: every field is a flag and carries its help.
    """

    run_dir: str = option("runs/quickstart", "Folder of everything it writes.")
    seed: int = option(0, "Seed of the gallery, the training and the splits.")
    epochs: int = option(8, "Passes over the gallery while learning PA_IAA's prior.")
    meta_steps: int = option(30, "Meta-steps while learning BLG-PIAA's prior.")
    repeats: int = option(5, "Random splits per user and number of ratings.")
    network_users: int = option(10, "Users for whom a whole network is adapted.")
    is_tiny: bool = option(False, "A gallery of a few photos: a test of the wiring.")


def run(config: QuickstartConfig) -> None:
    """Goes the whole way, once."""
    from absl import logging

    from piaa_tf.data import gallery

    root = Path(config.run_dir)
    logging.info("1/7  a gallery of simulated photos and simulated raters")
    settings = gallery.GalleryConfig(seed=config.seed, **_sizes(config.is_tiny))
    gallery.write_gallery(root / "gallery", settings)
    gallery.contact_sheet(settings, columns=14, size=96).save(root / "gallery.png")
    logging.info("2/7  a prior: PA_IAA's first stage")
    train_prior(config, root)
    logging.info("3/7  tastes of people it has never met")
    measure_tastes(config, root)
    logging.info("4/7  another prior: BLG-PIAA's, from many users' tasks")
    meta_train_prior(config, root)
    logging.info("5/7  private networks of some of the same people")
    measure_networks(config, root)
    logging.info("6/7  an album, ranked for one of them")
    user = rank_album(root, num_photos=6 if config.is_tiny else 60)
    logging.info("7/7  the same scores from a model server")
    serve_album(root, user)
    logging.info("look at")
    for name, what in (
        ("gallery.png", "simulated photos, a row for each kind"),
        ("users.png", "SROCC of each test user, before and after adapting W_b"),
        ("networks.png", "the same of some users, whole networks adapted"),
        ("album/ranking.html", "the album, the user's order beside the prior's"),
        ("album/scores.csv", "the same scores, as a model server gave them"),
    ):
        logging.info("  %-40s %s", root / name, what)


def _sizes(is_tiny: bool) -> dict:
    from piaa_tf.data.gallery import SplitSizes

    if not is_tiny:
        return {}
    tiny = SplitSizes(12, 3, 4, 3, 16, 20)
    return {"train": tiny, "validation": tiny, "test": tiny}


def train_prior(config: QuickstartConfig, root: Path) -> None:
    """Trains a small PA_IAA with settings that suit two cores and minutes.

    The slides' settings (SGD, rate 1e-4, 50 epochs) are for a backbone that knows
    ImageNet; this one starts from nothing.
    """
    from piaa_tf.data.samples import LikedImages, ScoreDistributions
    from piaa_tf.models.config import PaIaaConfig
    from piaa_tf.training.options import RunOptions
    from piaa_tf.training.supervised.options import LossOptions
    from piaa_tf.training.supervised.train import train_multitask

    train_multitask(
        _samples(root, ScoreDistributions, "train"),
        _samples(root, LikedImages, "train"),
        network=PaIaaConfig("compact", image_size=64, head_sizes=()),
        losses=LossOptions(distribution_weight=100.0),
        options=_fit_options(config, epochs=config.epochs, rate=2e-3),
        run=RunOptions(root / "multitask"),
    )


def _samples(root: Path, kind: type, split: str) -> Samples:
    from piaa_tf.data.datasets import catalog

    return catalog.load("gallery", kind, root / "gallery", split)


def _fit_options(config: QuickstartConfig, *, epochs: int, rate: float) -> FitOptions:
    from piaa_tf.training.supervised.options import FitOptions

    return FitOptions(
        batch_size=4 if config.is_tiny else 50,
        epochs=1 if config.is_tiny else epochs,
        optimizer="adam",
        schedule="cosine",
        backbone_rate=rate,
        head_rate=rate,
        weight_decay=0.0,
        seed=config.seed,
    )


def measure_tastes(config: QuickstartConfig, root: Path) -> None:
    """Adapts unseen users by 10 and by 100 ratings and tests on their other ones."""
    from absl import logging

    from piaa_tf.adaptation.users import LOOPS
    from piaa_tf.data.gallery import oracles
    from piaa_tf.evaluation.adapted_prior import BehindEmbedding
    from piaa_tf.models.prior import load_prior

    ratings = _test_ratings(root)
    system = BehindEmbedding(
        "PA_IAA",
        load_prior(root / "multitask" / "prior"),
        ratings.rating_range,
        LOOPS["fusion"],
        scope="fusion",
    )
    results = _measure(config, system, ratings, config.repeats)
    _show(results, root / "users.png", adapted="W_b")
    for name, oracle in (
        ("perfect shared taste", oracles.shared_taste),
        ("noise ceiling", oracles.noise_ceiling),
    ):
        logging.info("  %-28s %.3f", f"({name})", oracle(root / "gallery"))


def meta_train_prior(config: QuickstartConfig, root: Path) -> None:
    """Trains BA-PIAA's prior from the first one's backbone, and BLG-PIAA's from that.

    A small network memorises a fixed support set within a few steps, so every inner
    step draws new photos.
    """
    from piaa_tf.data.samples import PersonalRatings, ScoreDistributions
    from piaa_tf.models.config import BlgPiaaConfig
    from piaa_tf.training.meta.options import MetaOptions, MetaSchedule, TaskOptions
    from piaa_tf.training.meta.train import meta_train
    from piaa_tf.training.options import RunOptions
    from piaa_tf.training.supervised.train import train_generic

    average = train_generic(
        _samples(root, ScoreDistributions, "train"),
        target="score",
        network=BlgPiaaConfig("compact", image_size=64, head_sizes=()),
        weights=str(root / "multitask" / "prior"),
        options=_fit_options(config, epochs=2, rate=1e-3),
        run=RunOptions(root / "average"),
    )
    meta_train(
        _samples(root, PersonalRatings, "train"),
        average,
        options=MetaOptions(
            num_tasks=2 if config.is_tiny else 5,
            inner_rate=3e-4,
            outer_rate=0.2,
            outer_schedule="linear",
            seed=config.seed,
        ),
        tasks=TaskOptions(inner_batch=20),
        schedule=MetaSchedule(2 if config.is_tiny else config.meta_steps),
        run=RunOptions(root / "meta"),
    )


def measure_networks(config: QuickstartConfig, root: Path) -> None:
    """Adapts a whole network to each of some users, by 10 and by 100 ratings."""
    from piaa_tf.adaptation.adapt import InnerLoop
    from piaa_tf.evaluation.adapted_prior import WholeNetwork
    from piaa_tf.models.prior import load_prior

    ratings = _test_ratings(root)
    users = set(ratings.user_ids()[: config.network_users])
    ratings = ratings.select([user in users for user in ratings.users])
    # Steps and rate come from validation users (benchmarks/blg_gain.py).
    system = WholeNetwork(
        "BLG-PIAA",
        load_prior(root / "meta" / "prior"),
        ratings.rating_range,
        InnerLoop(20, 1e-4),
    )
    results = _measure(config, system, ratings, 1)
    _show(results, root / "networks.png", adapted="network")


def _measure(
    config: QuickstartConfig,
    system: PersonalSystem,
    ratings: PersonalRatings,
    repeats: int,
) -> list[Result]:
    """Adapts to both numbers of ratings, and tests on the same photos."""
    from piaa_tf.evaluation.protocol import measure, user_splits

    system.prepare(ratings)
    splits = user_splits(
        ratings,
        dict.fromkeys(_numbers(config), repeats),
        seed=config.seed,
        num_reserved=max(_numbers(config)),
    )
    return measure(system, splits)


def _numbers(config: QuickstartConfig) -> tuple[int, int]:
    return (2, 8) if config.is_tiny else (10, 100)


def _test_ratings(root: Path) -> PersonalRatings:
    from piaa_tf.data.samples import PersonalRatings

    return _samples(root, PersonalRatings, "test")


def _show(results: list[Result], figure: Path, *, adapted: str) -> None:
    """Logs the mean SROCC before and after adaptation, and draws each user's."""
    import numpy as np
    from absl import logging

    from piaa_tf.evaluation.plots import plot_users
    from piaa_tf.evaluation.results import by_num_images, mean_by_user

    system, of_number = results[0].system, by_num_images(results)
    before = list(mean_by_user(of_number[max(of_number)], "prior_srocc").values())
    logging.info("%s: SROCC of %d unseen users, simulated", system, len(before))
    logging.info("  %-28s %.3f", "prior alone", np.mean(before))
    for number, own in of_number.items():
        after = list(mean_by_user(own, "srocc").values())
        gain = np.subtract(after, before)
        logging.info(
            "  %-28s %.3f  gain %+.3f +- %.3f (s.e.), %d of %d users gain",
            f"{adapted} from {number} ratings",
            np.mean(after),
            gain.mean(),
            gain.std(ddof=1) / np.sqrt(len(gain)),
            (gain > 0).sum(),
            len(gain),
        )
    plot_users(
        results,
        figure,
        title=f"{system}, test users of the simulated gallery, before and after",
    )


def rank_album(root: Path, num_photos: int) -> str:
    """Adapts the first test user by ten ratings and ranks photos they never rated.

    Returns:
        The user's id.
    """
    from absl import logging

    from piaa_tf.data import folder
    from piaa_tf.programs import adapt, rank

    ratings = _test_ratings(root)
    user = ratings.user_ids()[0]
    own = ratings.of_user(user)
    folder.write_ratings(root / "ratings.csv", own.select(slice(0, 10)))
    logging.info("user %s rated ten photos: %s", user, root / "ratings.csv")
    album = root / "album" / "photos"
    shutil.rmtree(album, ignore_errors=True)
    album.mkdir(parents=True)
    unrated = sorted(set(ratings.images) - set(own.images))[:num_photos]
    for image in unrated:
        shutil.copy(ratings.photos / image, album)
    prior = str(root / "multitask" / "prior")
    tastes = root / "tastes.npz"
    tastes.unlink(missing_ok=True)
    adapt.run(
        adapt.AdaptConfig(
            prior=prior,
            photos=str(ratings.photos),
            ratings=str(root / "ratings.csv"),
            out=str(tastes),
        )
    )
    rank.run(
        rank.RankConfig(
            prior=prior,
            tastes=str(tastes),
            user_id=user,
            photos=str(album),
            out=str(root / "album"),
        )
    )
    return user


def serve_album(root: Path, user: str) -> None:
    """Exports what was learned, serves it on this machine and scores the album there.

    Beyond one machine the server is TensorFlow Serving, with the same export and the
    same client.
    """
    from piaa_tf.programs import export, score
    from serving.server import Server

    export.run(
        export.ExportConfig(
            base_dir=str(root / "served"),
            prior=str(root / "multitask" / "prior"),
            tastes=str(root / "tastes.npz"),
            keep=2,
        )
    )
    with Server.on_free_ports(
        model_name="aesthetics", model_base_path=str(root / "served")
    ) as server:
        score.run(
            score.ScoreConfig(
                address=server.address,
                model_name="aesthetics",
                user_id=user,
                photos=str(root / "album" / "photos"),
                out=str(root / "album" / "scores.csv"),
            )
        )


def main() -> None:
    """Runs the tour."""
    program.start(QuickstartConfig, run, __doc__)


if __name__ == "__main__":
    main()
