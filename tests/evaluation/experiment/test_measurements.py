import shutil

import numpy as np
import pytest

from piaa_tf.data.gallery.write import read_config, write_gallery
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.errors import InputError
from piaa_tf.evaluation.bounds import bounds_of, trait_share, with_trait_share
from piaa_tf.evaluation.evaluation_data import load_evaluation_data
from piaa_tf.evaluation.experiment import measurements
from piaa_tf.evaluation.experiment.measurements import evaluate_systems
from piaa_tf.evaluation.plan import Plan
from piaa_tf.evaluation.system import MissingSamplesError, Training

PLAN = Plan((4, 8), 3, 1, (4, 6), False, 0, 0)


@pytest.fixture(scope="module")
def data(tiny_gallery):
    return load_evaluation_data("gallery", tiny_gallery)


class ByName:
    """Scores by the name of the image; counts its fits."""

    name, role, is_costly = "by name", None, False
    num_weights, fits = 0, 0

    def fit(self, training):
        ByName.fits += 1

    def prepare(self, ratings):
        """Needs nothing."""

    def prior(self):
        return self

    def adapt(self, support):
        return self

    def predict(self, images):
        return np.array([float(image[-10:-4].strip("/")) for image in images])

    def predict_generic(self, samples):
        return {"score": np.zeros(len(samples)), "traits": np.ones([len(samples), 5])}


class Poor(ByName):
    """Lacks something."""

    def fit(self, training):
        raise MissingSamplesError("Poor needs money.")


class Costly(ByName):
    """Takes long."""

    is_costly = True


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr(
        measurements, "SYSTEMS", {"by_name": ByName, "poor": Poor, "costly": Costly}
    )
    ByName.fits = 0


def evaluate(keys, data, work, *, leave_out=True, plan=PLAN):
    training = Training(data.train, data.validation, work)
    return evaluate_systems(keys, data, training, plan, leave_out=leave_out)


def test_costly_systems_get_fewer_repeats():
    assert PLAN.repeats_of(ByName()) == {4: 3, 6: 3, 8: 3}
    assert PLAN.repeats_of(Costly()) == {4: 1, 6: 1, 8: 1}
    assert Plan((4,), 5, 2, (6,), False, 0, 0).repeats_of(Costly()) == {4: 2, 6: 1}


def test_what_is_done_is_kept_and_the_rest_goes_on(known, data, tmp_path):
    (found,), left_out = evaluate(["by_name", "poor"], data, tmp_path)
    assert left_out == {"poor": "Poor needs money."}
    assert len(found.results) == 3 * 3 * 3
    assert list(found.scores) == ["score"]
    assert list(found.traits) == ["traits"]
    again, _ = evaluate(["by_name", "costly"], data, tmp_path)
    assert ByName.fits == 2
    assert [m.key for m in again] == ["by_name", "costly"]
    assert again[0].adaptation_s == found.adaptation_s
    # As an interruption in the middle of writing would leave it.
    (tmp_path / "systems" / "by_name" / "done.json").unlink()
    third, _ = evaluate(["by_name"], data, tmp_path)
    assert ByName.fits == 3
    assert [r.srocc for r in third[0].results] == pytest.approx(
        [r.srocc for r in found.results], abs=1e-6
    )


def test_a_system_that_was_named_must_have_what_it_needs(known, data, tmp_path):
    with pytest.raises(MissingSamplesError, match="Poor needs money"):
        evaluate(["poor"], data, tmp_path, leave_out=False)


def test_nobody_with_enough_ratings_is_refused(known, data, tmp_path):
    plan = Plan((10, 100), 1, 1, (), False, 0, 0)
    with pytest.raises(InputError, match=r"needs 100 ratings .* Got 16 at most, of 3"):
        evaluate(["by_name"], data, tmp_path, plan=plan)


def test_the_first_users_alone_where_asked(data):
    everyone = PLAN.tested(data).user_ids()
    assert len(everyone) == 3
    two = Plan((4,), 1, 1, (), False, 2, 0).tested(data)
    assert two.user_ids() == everyone[:2]


def test_kinds_that_are_not_there_are_left_out_and_broken_ones_are_not(
    tiny_gallery, tmp_path
):
    (tmp_path / "photos").symlink_to(tiny_gallery / "photos")
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        shutil.copy(tiny_gallery / split / "ratings.csv", tmp_path / split)
    shutil.copy(tiny_gallery / "train" / "scores.csv", tmp_path / "train")
    found = load_evaluation_data("folder", tmp_path)
    assert set(found.test) == {PersonalRatings}
    assert ScoreDistributions in found.train
    assert LikedImages not in found.train
    # One of the three training users was set aside.
    aside = found.validation[PersonalRatings].user_ids()
    assert len(aside) == 1
    assert not set(aside) & set(found.train[PersonalRatings].user_ids())
    (tmp_path / "train" / "likes.csv").write_text("user_id,image\nanna,a.jpg\n")
    with pytest.raises(InputError, match=r"likes.csv, line 1: the columns must be"):
        load_evaluation_data("folder", tmp_path)
    (tmp_path / "test" / "ratings.csv").unlink()
    (tmp_path / "train" / "likes.csv").unlink()
    with pytest.raises(InputError, match="needs ratings of test users"):
        load_evaluation_data("folder", tmp_path)


def test_a_fingerprint_tells_data_apart(data, tiny_gallery):
    again = load_evaluation_data("gallery", tiny_gallery)
    assert again.fingerprint() == data.fingerprint()
    fewer = dict(data.test)
    fewer[PersonalRatings] = fewer[PersonalRatings].select(slice(0, 20))
    other = type(data)(data.train, data.validation, fewer)
    assert other.fingerprint() != data.fingerprint()


def test_another_trait_share_moves_own_taste_alone(tiny_gallery):
    config, other = read_config(tiny_gallery), with_trait_share(tiny_gallery, 0.05)
    assert trait_share(tiny_gallery) == config.shares.trait == 0.19
    assert other.shares.trait == 0.05
    assert other.shares.idiosyncratic == pytest.approx(0.19 + 0.19 - 0.05)
    assert (other.seed, other.test) == (config.seed, config.test)
    assert other.shares.noise == config.shares.noise
    with pytest.raises(InputError, match=r"in taste altogether, 0\.38\. Got 0\.5\."):
        with_trait_share(tiny_gallery, 0.5)


def test_a_config_is_read_as_it_was_written(tiny_gallery, tmp_path):
    config = read_config(tiny_gallery)
    # Nothing is written into the gallery itself.
    assert write_gallery(tiny_gallery, config) == tiny_gallery


def test_bounds_leave_out_numbers_that_no_user_can_give(tiny_gallery, data):
    ratings = data.test[PersonalRatings]
    bounds = bounds_of(tiny_gallery, ratings, (4, 8, 10), seed=0)
    assert list(bounds.true_attributes) == [4, 8]
    assert bounds.noise_ceiling > bounds.shared_taste
