"""Oracles: what is possible, in the order it must have."""

import csv

import numpy as np
import pytest
from scipy import stats

from piaa_tf.data.gallery import GalleryConfig, SplitSizes, TasteShares, write_gallery
from piaa_tf.data.gallery.oracles import (
    noise_ceiling,
    ridge_on_attributes,
    shared_taste,
)
from piaa_tf.errors import InputError

SMALL = SplitSizes(1, 1, 1, 1, 1, 1)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    config = GalleryConfig(
        image_size=16,
        train=SMALL,
        validation=SMALL,
        test=SplitSizes(1, 1, 1, 12, 160, 200),
    )
    return write_gallery(tmp_path_factory.mktemp("oracles") / "out", config)


def test_the_ceiling_is_the_srocc_of_noiseless_scores(gallery):
    with (gallery / "truth.csv").open() as file:
        truth = [row for row in csv.DictReader(file) if row["split"] == "test"]
    with (gallery / "test" / "ratings.csv").open() as file:
        ratings = list(csv.DictReader(file))
    # Both files are in the same order.
    by_user = {}
    for said, known in zip(ratings, truth):
        pair = (float(said["rating"]), float(known["score"]))
        by_user.setdefault(said["user_id"], []).append(pair)
    expected = np.mean([stats.spearmanr(pairs)[0] for pairs in by_user.values()])
    assert noise_ceiling(gallery) == pytest.approx(expected)


def test_knowing_more_ranks_better(gallery):
    shared, ceiling = shared_taste(gallery), noise_ceiling(gallery)
    few, many = (ridge_on_attributes(gallery, n, repeats=3) for n in (10, 80))
    assert shared < ceiling
    assert few < many < ceiling
    assert shared < many


def test_without_personal_taste_the_shared_one_is_all(tmp_path):
    shares = TasteShares(shared=0.8, trait=0, idiosyncratic=0, interaction=0, noise=0.2)
    sizes = SplitSizes(1, 1, 1, 2, 30, 40)
    config = GalleryConfig(
        image_size=16, shares=shares, train=SMALL, validation=SMALL, test=sizes
    )
    out = write_gallery(tmp_path / "out", config)
    assert shared_taste(out) == pytest.approx(noise_ceiling(out))


@pytest.mark.parametrize("num_images", [1, 81])
def test_ridge_needs_ratings_to_learn_from_and_to_judge(gallery, num_images):
    with pytest.raises(InputError, match=f"half of .* Got {num_images} for 160"):
        ridge_on_attributes(gallery, num_images)


def test_no_truth_is_known_of_training_users(gallery):
    with pytest.raises(InputError, match="Got split 'train'"):
        noise_ceiling(gallery, "train")


def test_a_user_with_one_rating_counts_as_zero(gallery):
    assert noise_ceiling(gallery, "validation") == 0
