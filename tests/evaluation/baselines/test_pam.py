import numpy as np
import pytest

from piaa_tf.evaluation.baselines.handcrafted_svr import GENERIC, HandcraftedSvr
from piaa_tf.evaluation.baselines.image_features import ImageFeatures
from piaa_tf.evaluation.baselines.pam import Pam
from piaa_tf.evaluation.baselines.regressor import Regressor, num_weights
from piaa_tf.evaluation.system import MissingSamplesError
from piaa_tf.metrics import srocc


def test_a_regressor_learns_a_bend_and_counts_what_it_keeps():
    features = np.linspace(-2, 2, 60)[:, np.newaxis]
    svr = Regressor(cost=10.0, width=1.0, tube=0.01).fit(
        features, np.sin(features[:, 0])
    )
    np.testing.assert_allclose(svr.predict(features), np.sin(features[:, 0]), atol=0.05)
    support = len(svr.support_)
    assert num_weights(svr) == 2 * support + 1


@pytest.fixture(scope="module")
def generic(planted, prior, tmp_path_factory):
    """The prior's scores of the planted images, in stars of 1 to 5."""
    from piaa_tf.adaptation.predict import predict, unit_scores

    paths = [planted.photos / image for image in planted.images]
    return 1 + 4 * unit_scores(prior, predict(prior, paths))


@pytest.fixture
def fitted(planted, training, generic):
    warm = planted.attribute("warmth")
    test = planted.ratings(
        {
            "warm": generic + 0.5 * warm,
            "cold": generic - 0.5 * warm,
            "all": generic,
            "strict": generic - 0.8,
        }
    )
    validation = planted.ratings({"v": generic + 0.4 * warm})
    system = Pam(["attribute"])
    train = planted.ratings({"t": generic}, rows=slice(0, 50))
    system.fit(training(train, validation=[validation]))
    system.prepare(test)
    return system, test


@pytest.mark.parametrize("user", ["warm", "cold"])
def test_a_deviation_linear_in_one_attribute_is_recovered(fitted, user):
    system, test = fitted
    own = test.of_user(user)
    support, tested = own.select(slice(0, 40)), own.select(slice(40, 80))
    model = system.adapt(support)
    found = model.predict(tested.images)
    assert srocc(found, tested.ratings) > 0.9
    assert np.abs(found - tested.ratings).mean() < 0.25
    assert model.num_weights > 13


def test_the_prior_is_the_generic_score_in_the_users_range(fitted, generic):
    system, test = fitted
    model = system.prior()
    found = model.predict(test.of_user("all").images)
    np.testing.assert_allclose(found, generic, atol=1e-4)
    assert model.num_weights == 0


def test_who_deviates_nowhere_or_everywhere_alike_keeps_the_order(fitted, generic):
    system, test = fitted
    for user, offset in (("all", 0.0), ("strict", -0.8)):
        own = test.of_user(user)
        found = system.adapt(own.select(slice(0, 40))).predict(own.images)
        np.testing.assert_allclose(found, generic + offset, atol=0.15)


def test_content_finds_what_attributes_cannot(planted, training, generic):
    ratings = planted.ratings({"t": generic})
    content = ImageFeatures(["content"])
    component = content.fit(training(ratings), "test", ratings).features[:, 0]
    liked = generic + 0.3 * component
    system = Pam(["content"])
    system.fit(training(ratings, validation=[planted.ratings({"v": liked})]))
    test = planted.ratings({"u": liked})
    system.prepare(test)
    tested = test.select(slice(40, 80))
    found = system.adapt(test.select(slice(0, 40))).predict(tested.images)
    assert srocc(found, tested.ratings) > 0.9


@pytest.fixture
def handcrafted(planted, training):
    """People on average like bright images, some dark ones."""
    bright = planted.attribute("brightness")
    train = planted.ratings({"a": 3 + 0.6 * bright, "b": 3 + 0.4 * bright})
    dark = planted.ratings({"v": 3 - 0.5 * bright})
    system = HandcraftedSvr()
    system.fit(training(train, validation=[dark]))
    return system, train, bright


def test_handcrafted_features_regress_average_scores(handcrafted):
    system, train, bright = handcrafted
    own = train.of_user("a")
    predicted = system.predict_generic(own)["score"]
    assert srocc(predicted, bright) > 0.95
    # Errors within the tube cost nothing.
    assert np.abs(predicted - (2 + 0.5 * bright) / 4).mean() < GENERIC.tube
    system.prepare(train)
    prior = system.prior().predict(own.images)
    np.testing.assert_allclose(prior, 1 + 4 * predicted, rtol=1e-6)


def test_a_user_may_turn_what_people_like(handcrafted, planted):
    system, _, bright = handcrafted
    own = planted.ratings({"c": 3 - 0.5 * bright})
    system.prepare(own)
    model = system.adapt(own.select(slice(0, 60)))
    assert srocc(model.predict(own.images[60:]), own.ratings[60:]) > 0.7


def test_without_ratings_pam_is_left_out(training, planted):
    with pytest.raises(
        MissingSamplesError, match=r"PAM \(only attribute\) needs personal"
    ):
        Pam(["attribute"]).fit(training())
