import os

import numpy as np
import pytest
from PIL import Image

from piaa_tf.adaptation.predict import predict, unit_scores
from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines.feature_cache import cached
from piaa_tf.evaluation.baselines.image_features import ImageFeatures


@pytest.fixture
def images(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path in paths:
        Image.new("RGB", (8, 8)).save(path)
    return paths


def count_calls(tmp_path):
    calls = []

    def ask(images, key="a"):
        def compute():
            calls.append(key)
            return {"x": np.arange(len(images))}

        return cached(tmp_path / "cache", [key], images, compute)

    return ask, calls


def test_numbers_are_computed_once(tmp_path, images):
    ask, calls = count_calls(tmp_path)
    first, again = ask(images), ask(images)
    np.testing.assert_array_equal(first["x"], again["x"])
    assert len(calls) == 1


def test_another_key_order_or_file_asks_again(tmp_path, images):
    ask, calls = count_calls(tmp_path)
    ask(images)
    ask(images, key="b")
    ask(images[::-1])
    os.utime(images[0], ns=(1, 1))
    ask(images)
    assert len(calls) == 4


def test_nothing_unfinished_is_left(tmp_path, images):
    count_calls(tmp_path)[0](images)
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".npz"]


def test_features_are_standardised_on_the_training_images(planted, training):
    ratings = planted.ratings({"anna": np.full(80, 3.0)})
    features = ImageFeatures(["content", "attribute"])
    found = features.fit(training(ratings), "test", ratings)
    attributes = found.features[:, -planted.attributes.shape[1] :]
    np.testing.assert_allclose(attributes, planted.attributes, atol=1e-3)
    content = found.features[:, : -planted.attributes.shape[1]]
    np.testing.assert_allclose(content.mean(axis=0), 0, atol=1e-6)
    assert content.var(axis=0, ddof=1).mean() == pytest.approx(1, rel=1e-3)
    # Principal components: uncorrelated, the widest first.
    covariance = np.cov(content.T)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-3)
    assert (np.diff(np.diag(covariance)) <= 1e-6).all()


def test_other_images_are_scaled_alike(planted, training):
    ratings = planted.ratings({"anna": np.full(80, 3.0)})
    features = ImageFeatures(["content", "attribute"])
    whole = features.fit(training(ratings), "test", ratings)
    some = planted.ratings({"bert": np.full(80, 3.0)}, rows=[7, 3])
    found = features.look(some)
    rows = whole.rows(some.images)
    np.testing.assert_allclose(found.features, whole.features[rows], atol=1e-4)
    np.testing.assert_allclose(found.generic, whole.generic[rows], atol=1e-6)


def test_the_generic_score_is_the_mean_of_the_distribution(planted, prior):
    outputs = predict(prior, [planted.photos / planted.images[0]])
    mean = outputs["distribution"][0] @ np.arange(1, 11)
    assert unit_scores(prior, outputs)[0] == pytest.approx((mean - 1) / 9, rel=1e-5)


def test_a_prior_of_traits_alone_has_no_generic_score(prior):
    with pytest.raises(InputError, match="predicts traits alone"):
        unit_scores(prior, {"traits": np.zeros([1, 5])})


def test_images_that_were_not_prepared_are_named(planted, training):
    ratings = planted.ratings({"anna": np.full(80, 3.0)}, rows=slice(0, 9))
    found = ImageFeatures(["attribute"]).fit(training(ratings), "test", ratings)
    with pytest.raises(InputError, match=r"among the 9 that were prepared. Got '9"):
        found.rows(["0.png", "9.png"])


@pytest.mark.parametrize("parts", [[], ["style"], ["attribute", "attribute"]])
def test_unknown_parts_are_refused(parts):
    with pytest.raises(InputError, match="parts must be some of"):
        ImageFeatures(parts)


def test_content_and_generic_scores_alone_need_a_prior():
    assert ImageFeatures(["content"]).role == "average"
    assert ImageFeatures(["attribute"], with_generic=True).role == "average"
    assert ImageFeatures(["attribute"]).role is None
