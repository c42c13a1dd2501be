"""What is possible on a written gallery with knowledge that no method has.

These figures belong beside every table of results on the gallery: a method between
the shared taste and the ceiling has learned something personal.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
from scipy import stats
from sklearn.linear_model import Ridge

from piaa_tf.data import folder
from piaa_tf.data.gallery.scene import draw_scene
from piaa_tf.data.gallery.taste import photo_features
from piaa_tf.data.gallery.write import read_description
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError

# Near the ratio of noise to personal variance of one feature: 0.24 / (0.42 / 20).
_RIDGE_STRENGTH = 12.0


def noise_ceiling(gallery_dir: str | os.PathLike[str], split: str = "test") -> float:
    """Ranks by each user's noiseless score: what a perfect model would reach.

    Args:
        gallery_dir: a written gallery.
        split: "validation" or "test".

    Returns:
        SROCC with the ratings, mean over users.

    Raises:
        InputError: There is no gallery, or no truth of this split.
    """
    return _mean_srocc(gallery_dir, split, "score")


def shared_taste(gallery_dir: str | os.PathLike[str], split: str = "test") -> float:
    """Ranks by the taste all people share: the best a generic prior could reach.

    Arguments, returns and errors are those of `noise_ceiling`.
    """
    return _mean_srocc(gallery_dir, split, "shared_score")


def ridge_on_attributes(
    gallery_dir: str | os.PathLike[str],
    num_images: int,
    *,
    split: str = "test",
    repeats: int = 5,
    seed: int = 0,
) -> float:
    """Learns each user's difference from shared taste on the true attributes.

    Half of a user's ratings, drawn again for each repeat, are held out.

    Args:
        gallery_dir: a written gallery.
        num_images: ratings to learn from, at most half of what a user gave.
        split: "validation" or "test".
        repeats: random splits per user.
        seed: of the random splits.

    Returns:
        SROCC on the held-out ratings, mean over users and repeats.

    Raises:
        InputError: There is no gallery or truth, or there are too few ratings.
    """
    samples, truth = _ratings_and_truth(gallery_dir, split)
    shared = truth["shared_score"]
    config = read_description(gallery_dir)["config"]
    indices = [int(Path(image).stem) for image in samples.images]
    scenes = [draw_scene(int(config["seed"]), index) for index in indices]
    features = photo_features(scenes).features
    rng = np.random.default_rng(seed)
    figures = []
    for rows in _rows_by_user(samples):
        half = len(rows) // 2
        if not 2 <= num_images <= half:
            raise InputError(
                f"num_images must be 2 to half of a user's ratings. Got {num_images} "
                f"for {len(rows)} ratings."
            )
        for _ in range(repeats):
            order = rng.permutation(rows)
            support, query = order[:num_images], order[half:]
            ridge = Ridge(alpha=_RIDGE_STRENGTH)
            ridge.fit(features[support], samples.ratings[support] - shared[support])
            predicted = shared[query] + ridge.predict(features[query])
            figures.append(_srocc(predicted, samples.ratings[query]))
    return float(np.mean(figures))


def _mean_srocc(gallery_dir: str | os.PathLike[str], split: str, column: str) -> float:
    samples, truth = _ratings_and_truth(gallery_dir, split)
    return float(
        np.mean(
            [
                _srocc(truth[column][rows], samples.ratings[rows])
                for rows in _rows_by_user(samples)
            ]
        )
    )


def _ratings_and_truth(
    gallery_dir: str | os.PathLike[str], split: str
) -> tuple[PersonalRatings, dict[str, np.ndarray]]:
    """Returns the ratings and, for each of them, the noiseless scores."""
    if split not in ("validation", "test"):
        raise InputError(
            f"The truth is known of validation and test. Got split {split!r}."
        )
    read_description(gallery_dir)
    with (Path(gallery_dir) / "truth.csv").open(encoding="utf-8", newline="") as file:
        known = {(row["user_id"], row["image"]): row for row in csv.DictReader(file)}
    samples = folder.load(PersonalRatings, gallery_dir, split)
    rows = [known[pair] for pair in zip(samples.users, samples.images)]
    return samples, {
        column: np.array([float(row[column]) for row in rows])
        for column in ("score", "shared_score")
    }


def _rows_by_user(samples: PersonalRatings) -> list[np.ndarray]:
    users = np.array(samples.users)
    return [np.flatnonzero(users == user) for user in samples.user_ids()]


def _srocc(first: np.ndarray, second: np.ndarray) -> float:
    """Returns Spearman's rank correlation; 0 where one of the two is constant."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(stats.spearmanr(first, second).statistic)
