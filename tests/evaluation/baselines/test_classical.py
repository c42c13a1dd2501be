"""Every classical system keeps the protocol, on the simulated gallery."""

import numpy as np
import pytest

from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import PersonalRatings, ScoreDistributions
from piaa_tf.evaluation.baselines.classical import classical_systems
from piaa_tf.evaluation.system import GenericSystem, PersonalSystem, Training

NAMES = tuple(classical_systems(None))


@pytest.fixture(scope="module")
def data(tiny_gallery, tmp_path_factory):
    def split(name):
        kinds = (PersonalRatings, ScoreDistributions)
        return {k: catalog.load("gallery", k, tiny_gallery, name) for k in kinds}

    work_dir = tmp_path_factory.mktemp("work")
    training = Training(
        split("train"), split("validation"), work_dir, num_images=(4, 8), is_quick=True
    )
    return training, split("test")


def fitted(name, find_prior, training):
    system = classical_systems(find_prior)[name]()
    system.fit(training)
    return system


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("ranking")])
def test_a_personal_system_adapts_and_forgets(name, find_prior, data):
    training, test = data
    system = fitted(name, find_prior, training)
    assert isinstance(system, PersonalSystem)
    ratings = test[PersonalRatings]
    system.prepare(ratings)
    first, second = (ratings.of_user(user) for user in ratings.user_ids()[:2])
    before = system.prior().predict(first.images)
    one = system.adapt(first.select(slice(0, 4)))
    scores = one.predict(first.images)
    assert scores.shape == (len(first),)
    assert np.isfinite(scores).all()
    assert one.num_weights > 0 == system.prior().num_weights
    system.adapt(second.select(slice(0, 8))).predict(second.images)
    again = system.adapt(first.select(slice(0, 4))).predict(first.images)
    np.testing.assert_array_equal(scores, again)
    np.testing.assert_array_equal(before, system.prior().predict(first.images))


@pytest.mark.parametrize("name", ["handcrafted", "ranking", "ranking_both"])
def test_a_generic_system_scores_each_picture(name, find_prior, data):
    training, test = data
    system = fitted(name, find_prior, training)
    assert isinstance(system, GenericSystem)
    samples = test[ScoreDistributions]
    predicted = system.predict_generic(samples)
    assert list(predicted) == ["score"]
    assert predicted["score"].shape == (len(samples),)
    assert np.isfinite(predicted["score"]).all()


def test_names_in_the_tables_are_distinct(find_prior):
    names = [make().name for make in classical_systems(find_prior).values()]
    assert len(set(names)) == len(names) == 14
