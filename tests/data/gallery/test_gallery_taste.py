"""Taste: the shares of variance are realised, and each part does what its name says."""

import numpy as np
import pytest

from piaa_tf.data.gallery.config import TasteShares
from piaa_tf.data.gallery.raters import (
    BIN_SCORES,
    choose_likes,
    one_person,
    rate,
    score_counts,
)
from piaa_tf.data.gallery.scene import draw_scene
from piaa_tf.data.gallery.taste import (
    FEATURES,
    draw_people,
    personal_scores,
    photo_features,
    shared_scores,
)
from piaa_tf.ratings import TRAITS

PHOTOS = photo_features([draw_scene(3, i) for i in range(1500)])
PEOPLE = draw_people(1500, np.random.default_rng(0))
NAMES = ("shared", "trait", "idiosyncratic", "interaction", "noise")


def only(**shares):
    return TasteShares(**{**dict.fromkeys(NAMES, 0.0), **shares})


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_part_of_taste_has_its_share_of_the_variance(name):
    shares = only(**{name: 0.4}, noise=0.6) if name != "noise" else only(noise=1.0)
    scores = personal_scores(PHOTOS, PEOPLE, shares)
    # Some attributes come out of a sample of 1500 photos a little more varied.
    assert scores.var(axis=0).mean() == pytest.approx(0.4, rel=0.1)


def test_the_parts_together_leave_the_noise():
    shares = TasteShares()
    scores = personal_scores(PHOTOS, PEOPLE, shares)
    assert scores.var(axis=0).mean() == pytest.approx(1 - shares.noise, rel=0.1)


def test_only_shared_taste_is_common_to_all():
    shares = TasteShares()
    common = personal_scores(PHOTOS, PEOPLE, shares).mean(axis=1)
    expected = shared_scores(PHOTOS, shares)
    assert np.corrcoef(common, expected)[0, 1] > 0.99


def test_people_of_equal_traits_have_equal_trait_taste():
    shares = only(trait=1.0)
    twin = one_person(PEOPLE, 3)
    scores = personal_scores(PHOTOS, twin, shares)
    everyone = personal_scores(PHOTOS, PEOPLE, shares)
    np.testing.assert_allclose(scores[:, 0], everyone[:, 3])
    # Five traits span it: the rest of the singular values is nothing.
    singular = np.linalg.svd(everyone[:300, :300], compute_uv=False)
    assert singular[len(TRAITS)] < 1e-9 * singular[0]


def test_traits_lie_in_range_and_correlate_as_in_the_literature():
    assert np.abs(PEOPLE.traits).max() <= 1
    correlations = np.corrcoef(PEOPLE.traits.T)
    stable = correlations[TRAITS.index("agreeableness"), TRAITS.index("neuroticism")]
    # Standard error of a correlation: 1 / sqrt(1500); clipping takes a little.
    assert stable == pytest.approx(-0.25, abs=4 / 1500**0.5)


def test_features_are_standardised():
    assert PHOTOS.features.shape == (1500, len(FEATURES))
    np.testing.assert_allclose(PHOTOS.features.mean(axis=0), 0, atol=0.12)
    np.testing.assert_allclose(PHOTOS.features.std(axis=0), 1, atol=0.15)


def test_ratings_are_whole_numbers_of_the_range():
    scores = np.linspace(-5, 5, 101)
    ratings = rate(scores, 3.0, 1.0, only(shared=1.0), np.random.default_rng(0))
    np.testing.assert_array_equal(ratings, np.clip(np.round(3 + scores), 1, 5))


def test_noise_has_its_share_of_ratings():
    shares = only(shared=0.76, noise=0.24)
    rng = np.random.default_rng(0)
    ratings = rate(np.zeros(20000), 3.0, 1.0, shares, rng)
    # Rounding to whole numbers adds 1/12.
    assert ratings.var() == pytest.approx(0.24 + 1 / 12, rel=0.1)


def test_two_hundred_different_people_score_each_photo():
    shares = TasteShares()
    crowd = draw_people(300, np.random.default_rng(1))
    counts = score_counts(PHOTOS, crowd, shares, np.random.default_rng(2))
    assert counts.shape == (1500, len(BIN_SCORES))
    assert (counts.sum(axis=1) == 200).all()
    means = counts @ BIN_SCORES / 200
    assert np.corrcoef(means, shared_scores(PHOTOS, shares))[0, 1] > 0.95


def test_everyone_of_a_crowd_of_two_hundred_votes_once():
    shares = only(trait=1.0)
    crowd = draw_people(200, np.random.default_rng(1))
    one_photo = PHOTOS[:1]
    counts = score_counts(one_photo, crowd, shares, np.random.default_rng(2))
    votes = np.round(5.5 + 1.45 * personal_scores(one_photo, crowd, shares)[0])
    expected = [(np.clip(votes, 1, 10) == score).sum() for score in BIN_SCORES]
    np.testing.assert_array_equal(counts[0], expected)


def test_a_like_is_the_best_of_eight_when_there_is_no_noise():
    shares = only(trait=0.5, idiosyncratic=0.5)
    people = draw_people(2, np.random.default_rng(4))
    photos = PHOTOS[: 2 * 3 * 8]
    liked = choose_likes(photos, people, 3, shares, np.random.default_rng(5))
    scores = personal_scores(photos, people, shares)
    for i in range(2):
        own = scores[i * 24 : (i + 1) * 24, i].reshape(3, 8)
        expected = i * 24 + np.arange(3) * 8 + own.argmax(axis=1)
        np.testing.assert_array_equal(liked[i], expected)


def test_people_like_what_they_score_high():
    shares = TasteShares()
    people = draw_people(10, np.random.default_rng(4))
    photos = PHOTOS[: 10 * 15 * 8]
    liked = choose_likes(photos, people, 15, shares, np.random.default_rng(5))
    scores = personal_scores(photos, people, shares)
    of_liked = [scores[liked[i], i].mean() for i in range(10)]
    # The mean of the best of eight normal draws is 1.42 deviations; noise takes some.
    assert np.mean(of_liked) - scores.mean() > 1.0
