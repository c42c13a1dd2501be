import numpy as np
import pytest

from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines.image_features import ImageFeatures
from piaa_tf.evaluation.baselines.pair_ranking import rank_pairs
from piaa_tf.evaluation.baselines.usar import NUM_RETRIEVED, Usar
from piaa_tf.metrics import srocc


def rank(features, labels, **changes):
    return rank_pairs(
        features,
        labels,
        **{
            "cost": 1.0,
            "min_gap": 0.1,
            "max_pairs": 500,
            "generator": np.random.default_rng(0),
            **changes,
        },
    )


def test_pairs_order_a_planted_utility():
    generator = np.random.default_rng(1)
    features, utility = generator.normal(size=[60, 4]), np.array([2.0, -1, 0, 0.5])
    weights = rank(features, np.exp(features @ utility))
    unseen = generator.normal(size=[60, 4])
    assert srocc(unseen @ weights, unseen @ utility) > 0.97


def test_one_pair_is_enough_and_its_turn_is_the_opposite():
    features = np.array([[1.0, 0.0], [0.0, 0.0]])
    better = rank(features, np.array([2.0, 1.0]))
    assert better[0] > 0
    np.testing.assert_allclose(rank(features, np.array([1.0, 2.0])), -better)


def test_equal_labels_teach_nothing():
    assert rank(np.eye(3), np.full(3, 2.0)).tolist() == [0, 0, 0]


def test_a_gap_of_nothing_is_refused():
    with pytest.raises(InputError, match=r"min_gap must be > 0. Got 0"):
        rank(np.eye(3), np.arange(3.0), min_gap=0)


@pytest.fixture
def system_for(planted, training):
    def make(modules, liked):
        train = planted.ratings({"t": np.full(80, 3.0)}, rows=slice(0, 60))
        system = Usar(modules)
        system.fit(training(train, validation=[planted.ratings({"v": liked})]))
        test = planted.ratings({"u": liked})
        system.prepare(test)
        support, tested = test.select(slice(0, 40)), test.select(slice(40, 80))
        return system, support, tested

    return make


@pytest.fixture
def component(planted, training):
    ratings = planted.ratings({"t": np.full(80, 3.0)})
    features = ImageFeatures(["content"])
    return features.fit(training(ratings), "test", ratings).features[:, 0]


def test_ppr_ranks_by_what_the_liked_images_show(system_for, component):
    system, support, tested = system_for(["PPR"], 3 + 0.4 * component)
    model = system.adapt(support)
    assert srocc(model.predict(tested.images), tested.ratings) > 0.9
    assert abs(srocc(system.prior().predict(tested.images), tested.ratings)) < 0.9


def test_pad_learns_a_rule(system_for, planted):
    system, support, tested = system_for(["PAD"], 3 + 0.5 * planted.attribute("warmth"))
    found = system.adapt(support).predict(tested.images)
    assert srocc(found, tested.ratings) > 0.8


def test_both_learn_preference_and_rule(system_for, planted, component):
    liked = 3 + 0.3 * planted.attribute("warmth") + 0.2 * component
    system, support, tested = system_for(["PPR", "PAD"], liked)
    model = system.adapt(support)
    assert srocc(model.predict(tested.images), tested.ratings) > 0.8
    assert system.name == "USAR_PPR&PAD"


def test_the_own_set_holds_what_was_retrieved_with_its_deviation(system_for, planted):
    liked = 3 + 0.5 * planted.attribute("warmth")
    system, support, _ = system_for(["PAD"], liked)
    own, deviation = system._own_set(support)
    assert len(own.generic) == len(deviation) == len(support) * (1 + NUM_RETRIEVED)
    # The images to retrieve from hold most of the rated ones: each finds itself.
    rated, first = own.content[:40], own.content[40::NUM_RETRIEVED]
    np.testing.assert_allclose(rated, first, atol=1e-4)
    np.testing.assert_allclose(deviation[40::NUM_RETRIEVED], deviation[:40])


def test_equal_ratings_leave_ppr_at_the_generic_order(system_for):
    system, support, tested = system_for(["PPR"], np.full(80, 3.0))
    found = system.adapt(support.select(slice(0, 2))).predict(tested.images)
    generic = system.prior().predict(tested.images)
    assert srocc(found, generic) == pytest.approx(1)


def test_other_modules_are_refused():
    with pytest.raises(
        InputError, match=r"PPR, PAD or both in this order. Got \['PAD'"
    ):
        Usar(["PAD", "PPR"])
