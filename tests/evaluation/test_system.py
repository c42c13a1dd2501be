import numpy as np
import pytest

from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines.systems import check_names
from piaa_tf.evaluation.system import (
    GenericSystem,
    MissingSamplesError,
    PersonalSystem,
    Training,
)


class Constant:
    """A generic system that scores all images alike."""

    name, role, is_costly = "constant", None, False

    def fit(self, training):
        """Learns nothing."""

    def predict_generic(self, samples):
        return {"score": np.zeros(len(samples))}


def test_what_a_system_offers_says_where_it_stands():
    assert isinstance(Constant(), GenericSystem)
    assert not isinstance(Constant(), PersonalSystem)


def test_samples_that_are_not_there_are_named(tiny_gallery, tmp_path):
    ratings = catalog.load("gallery", PersonalRatings, tiny_gallery, "train")
    training = Training({PersonalRatings: ratings}, {}, tmp_path)
    assert training.samples(PersonalRatings, "FPMF") is ratings
    with pytest.raises(
        MissingSamplesError, match="PA_IAA needs liked images with traits"
    ):
        training.samples(LikedImages, "PA_IAA")
    with pytest.raises(MissingSamplesError, match="ratings in the validation split"):
        training.samples(PersonalRatings, "FPMF", "validation")


def test_average_scores_are_a_crowds_where_there_is_one(tiny_gallery, tmp_path):
    ratings, crowd, likes = (
        catalog.load("gallery", kind, tiny_gallery, "train")
        for kind in (PersonalRatings, ScoreDistributions, LikedImages)
    )
    both = {PersonalRatings: ratings, ScoreDistributions: crowd}
    assert Training(both, {}, tmp_path).average_samples("NIMA") is crowd
    users = Training({PersonalRatings: ratings}, {}, tmp_path)
    assert users.average_samples("NIMA") is ratings
    neither = Training({LikedImages: likes}, {}, tmp_path)
    with pytest.raises(MissingSamplesError, match="NIMA needs personal ratings"):
        neither.average_samples("NIMA")


def test_unknown_systems_are_refused():
    with pytest.raises(InputError, match=r"systems must be among .*Got ba-piaa\."):
        check_names(["ba-piaa"])
