"""Tastes of scope `all` and the networks they own."""

import dataclasses
import gc
import shutil

import numpy as np
import pytest

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.adaptation.user_network import UserNetwork, user_directory
from piaa_tf.adaptation.users import adapt_tastes
from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.models.prior import load_prior


@pytest.fixture(scope="module")
def prior(tiny_prior):
    return load_prior(tiny_prior)


def taste_of(prior, user, value):
    """A taste whose network differs from the prior in one number."""
    network = load_prior_with(prior, value)
    return Tastes(
        user_ids=(user,),
        weights=np.full([1, 3], value, np.float32),
        num_ratings=np.array([10]),
        scope="all",
        adapted_by="a test",
        rating_range=prior.config.score_range,
        prior_checksum=prior.checksum(),
        networks={user: network},
    )


def load_prior_with(prior, value):
    bias = prior.model.get_layer("distribution").bias
    before = bias.numpy()
    bias.assign(np.full_like(before, value))
    network = UserNetwork.temporary(prior)
    bias.assign(before)
    return network


def value_of(tastes, user, prior):
    network = tastes.network(user, prior)
    return network.model.get_layer("distribution").bias.numpy()[0]


def test_networks_are_written_beside_the_tastes_and_read_when_asked(prior, tmp_path):
    tastes = taste_of(prior, "anna/..", 3.0)
    tastes.save(tmp_path / "deep" / "tastes.npz")
    folder = user_directory(tmp_path / "deep" / "adapted", "anna/..")
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "metrics.json",
        "weights.npz",
    ]
    loaded = Tastes.load(tmp_path / "deep" / "tastes.npz")
    assert value_of(loaded, "anna/..", prior) == 3.0
    assert loaded.network("nobody", prior) is prior
    shutil.rmtree(folder)
    still = Tastes.load(tmp_path / "deep" / "tastes.npz")
    with pytest.raises(InputError, match="A prior is a folder"):
        still.network("anna/..", prior)


def test_a_network_that_is_not_saved_goes_with_its_tastes(prior):
    tastes = taste_of(prior, "anna", 3.0)
    copied = dataclasses.replace(tastes, adapted_by="another test")
    folder = tastes.networks["anna"].directory
    del tastes
    gc.collect()
    assert value_of(copied, "anna", prior) == 3.0
    del copied
    gc.collect()
    assert not folder.parent.exists()


def test_merged_tastes_own_the_networks_of_both(prior, tmp_path):
    path = tmp_path / "tastes.npz"
    for user, value in (("anna", 1.0), ("bert", 2.0)):
        taste_of(prior, user, value).save(tmp_path / user / "tastes.npz")
    old = Tastes.load(tmp_path / "anna" / "tastes.npz")
    newer = Tastes.load(tmp_path / "bert" / "tastes.npz")
    old.merged(newer).merged(taste_of(prior, "bert", 5.0)).save(path)
    merged = Tastes.load(path)
    found = {user: value_of(merged, user, prior) for user in merged.user_ids}
    assert found == {"anna": 1.0, "bert": 5.0}
    assert value_of(newer, "bert", prior) == 2.0


def test_networks_that_lie_there_already_are_left_alone(prior, tmp_path):
    path = tmp_path / "tastes.npz"
    taste_of(prior, "anna", 1.0).save(path)
    folder = user_directory(tmp_path / "adapted", "anna")
    before = (folder / "weights.npz").stat().st_ino
    Tastes.load(path).merged(taste_of(prior, "bert", 2.0)).save(path)
    assert (folder / "weights.npz").stat().st_ino == before


def test_a_missing_network_cannot_be_saved_elsewhere(prior, tmp_path):
    taste_of(prior, "anna", 1.0).save(tmp_path / "one" / "tastes.npz")
    tastes = Tastes.load(tmp_path / "one" / "tastes.npz")
    shutil.rmtree(tmp_path / "one" / "adapted")
    with pytest.raises(InputError, match=r"must lie in .*anna\. Got no such folder"):
        tastes.save(tmp_path / "two" / "tastes.npz")
    assert not (tmp_path / "two").exists()


def test_adapting_writes_nothing_but_into_its_scratch_folder(
    prior, tiny_gallery, tmp_path
):
    ratings = catalog.load("gallery", PersonalRatings, tiny_gallery, "test")
    own = ratings.of_user(ratings.user_ids()[0]).select(slice(0, 3))
    loop = InnerLoop(steps=1, rate=1e-3)
    tastes = adapt_tastes(prior, "all", own, loop, scratch=tmp_path / "scratch")
    assert [path.name[:9] for path in (tmp_path / "scratch").iterdir()] == [".network-"]
    tastes.save(tmp_path / "tastes.npz")
    expected = tastes.network(tastes.user_ids[0], prior).checksum()
    del tastes
    gc.collect()
    assert list((tmp_path / "scratch").iterdir()) == []
    loaded = Tastes.load(tmp_path / "tastes.npz")
    assert loaded.network(loaded.user_ids[0], prior).checksum() == expected
