"""The table of systems; every classical one keeps the protocol, on the gallery."""

import numpy as np
import pytest

from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import PersonalRatings, ScoreDistributions
from piaa_tf.evaluation.baselines.systems import SYSTEMS, served_by
from piaa_tf.evaluation.system import GenericSystem, PersonalSystem, Training

CLASSICAL = ("handcrafted", "ranking", "fpmf", "pam", "usar")
NAMES = [key for key in SYSTEMS if key.split("_")[0] in CLASSICAL]


@pytest.fixture(scope="module")
def data(tiny_gallery, tiny_prior, tmp_path_factory):
    def split(name):
        kinds = (PersonalRatings, ScoreDistributions)
        return {k: catalog.load("gallery", k, tiny_gallery, name) for k in kinds}

    work_dir = tmp_path_factory.mktemp("work")
    training = Training(
        split("train"),
        split("validation"),
        work_dir,
        num_images=(4, 8),
        is_quick=True,
        priors={"average": tiny_prior},
    )
    return training, split("test")


def fitted(name, training):
    system = SYSTEMS[name]()
    system.fit(training)
    return system


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("ranking")])
def test_a_personal_system_adapts_and_forgets(name, data):
    training, test = data
    system = fitted(name, training)
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
def test_a_generic_system_scores_each_image(name, data):
    training, test = data
    system = fitted(name, training)
    assert isinstance(system, GenericSystem)
    samples = test[ScoreDistributions]
    predicted = system.predict_generic(samples)
    assert list(predicted) == ["score"]
    assert predicted["score"].shape == (len(samples),)
    assert np.isfinite(predicted["score"]).all()


def test_names_in_the_tables_are_distinct():
    names = [make().name for make in SYSTEMS.values()]
    assert len(set(names)) == len(names) == 26
    assert len(NAMES) == 14


def test_a_system_says_which_prior_it_starts_from_and_whether_it_is_costly():
    without = {key for key, make in SYSTEMS.items() if make().role is None}
    assert without == {"handcrafted", "fpmf_attribute"}
    average = [key for key in NAMES if key not in without]
    assert served_by("average") == [*average, "ba_piaa"]
    assert served_by("multitask") == ["mt_iaa", "pa_iaa", "pa_iaa_fusion", "ridge"]
    for role in ("nima", "blg", "reptile", "fomaml", "anil"):
        (key,) = served_by(role)
        assert key.split("_")[0] == role
    for role in ("aesthetics", "personality"):
        assert served_by(role) == [f"single_{role}"]
    assert served_by("ranking") == []
    costly = [key for key, make in SYSTEMS.items() if make().is_costly]
    assert costly == ["mt_iaa", "pa_iaa", "ba_piaa", "blg_piaa", "reptile", "fomaml"]
