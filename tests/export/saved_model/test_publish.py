"""One call for both: a model for all users, and a model for each."""

import shutil

import pytest
from conformance_table import USERS

from export.saved_model import next_version
from export.saved_model.private_networks import private_users, write_models_config
from export.saved_model.publish import publish
from export.saved_model.rewrite import read_rows
from export.saved_model.version_folder import versions
from piaa_tf.contract.user_ids import PRIOR_MODEL, private_model
from piaa_tf.errors import InputError


@pytest.fixture(autouse=True)
def unchecked(monkeypatch):
    monkeypatch.setattr(next_version, "check_export", lambda *_, **__: None)


@pytest.fixture
def shared(worlds, tmp_path):
    """A folder with version 1 of all users."""
    shutil.copytree(worlds("pa_iaa-fusion").base, tmp_path / "base" / "1")
    return tmp_path / "base"


@pytest.fixture
def private(worlds, tmp_path):
    """A folder with version 1 of each user's model."""
    shutil.copytree(worlds("blg_piaa-all").base, tmp_path / "base")
    write_models_config(tmp_path / "base", USERS[:2])
    return tmp_path / "base"


def test_who_leaves_a_shared_model_is_in_older_versions_until_they_go(shared, logged):
    assert publish(None, None, shared, forget=USERS[:1]) == shared / "2"
    assert f"{USERS[0]} left with this version; versions 1 still have" in logged[-1]
    assert publish(None, None, shared, forget=USERS[1:2], keep=1) == shared / "3"
    assert logged[-1] == f"version: {shared / '3'}"
    assert versions(shared) == [3]
    assert read_rows(shared / "3")[1].user_ids == USERS[2:]


def test_who_leaves_private_models_takes_all_versions_along(worlds, private, logged):
    tastes = worlds("blg_piaa-all").tastes
    path = publish(None, tastes, private, forget=USERS[1:2], keep=1)
    assert path == private / "models.config"
    assert logged[-1] == f"users: 1, models: {path}"
    assert versions(private / PRIOR_MODEL) == [1]
    assert versions(private / private_model(USERS[0])) == [2]
    assert set(private_users(private)) == {USERS[0]}


def test_private_models_count_their_versions_themselves(private):
    with pytest.raises(InputError, match=r"counted by themselves\. Leave --version"):
        publish(None, None, private, version=7)


@pytest.mark.parametrize("base", ["shared", "private"])
def test_only_who_has_a_taste_is_forgotten(base, request):
    with pytest.raises(InputError, match=r"can be forgotten\. Got \['carl'\]"):
        publish(None, None, request.getfixturevalue(base), forget=("carl",))
