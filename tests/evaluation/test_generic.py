import numpy as np
import pytest
import scipy.stats
from PIL import Image

from piaa_tf.data.samples import LikedImages, ScoreDistributions
from piaa_tf.evaluation.generic import compare_scores
from piaa_tf.evaluation.personality import compare_traits
from piaa_tf.ratings import TRAITS

NUM_IMAGES = 6


@pytest.fixture
def photos(tmp_path):
    for i in range(NUM_IMAGES):
        Image.new("RGB", (1, 1)).save(tmp_path / f"{i}.png")
    return tmp_path, [f"{i}.png" for i in range(NUM_IMAGES)]


def test_scores_are_compared_with_the_mean_over_raters(photos):
    directory, images = photos
    counts = np.random.default_rng(0).integers(1, 9, [NUM_IMAGES, 4])
    samples = ScoreDistributions(directory, images, counts, np.arange(1, 5))
    shares = counts / counts.sum(axis=1, keepdims=True)
    truth = (shares @ np.arange(1, 5) - 1) / 3
    score = np.array([0.1, 0.9, 0.4, 0.7, 0.6, 0.2])
    flat = np.full([NUM_IMAGES, 4], 0.25)
    figures = compare_scores({"score": score, "distribution": flat}, samples)
    assert figures["score_srocc"] == pytest.approx(
        scipy.stats.spearmanr(score, truth).statistic
    )
    assert figures["score_plcc"] == pytest.approx(
        scipy.stats.pearsonr(score, truth).statistic, rel=1e-6
    )
    assert figures["score_acc"] == np.mean((score > 0.5) == (truth > 0.5))
    distance = np.abs(np.cumsum(flat - shares, axis=1)).mean()
    assert figures["score_emd"] == pytest.approx(distance, rel=1e-6)
    assert "score_emd" not in compare_scores({"score": score}, samples)


def test_traits_are_compared_by_image_and_by_person(photos):
    directory, images = photos
    generator = np.random.default_rng(1)
    own = generator.uniform(-1, 1, [3, 5]).astype(np.float32)
    # Unequal numbers of likes: 3, 2 and 1.
    users = ["b", "b", "b", "a", "a", "c"]
    rows = np.array([1, 1, 1, 0, 0, 2])
    samples = LikedImages(directory, images, users, own[rows])
    predicted = generator.uniform(-1, 1, [NUM_IMAGES, 5])
    figures = {(f.level, f.trait): f for f in compare_traits(predicted, samples)}
    assert len(figures) == 2 * len(TRAITS)
    portraits = np.stack([predicted[rows == user].mean(axis=0) for user in range(3)])
    for i, trait in enumerate(TRAITS):
        for level, guess, truth in (
            ("image", predicted[:, i], own[rows, i]),
            ("user", portraits[:, i], own[:, i]),
        ):
            found = figures[level, trait]
            assert found.count == len(truth)
            assert found.srocc == pytest.approx(
                scipy.stats.spearmanr(guess, truth).statistic
            )
            assert found.plcc == pytest.approx(
                scipy.stats.pearsonr(guess, truth).statistic, rel=1e-5
            )
            assert found.rmse == pytest.approx(
                np.sqrt(np.mean((guess - truth) ** 2)), rel=1e-5
            )
