import dataclasses
import shutil

import numpy as np
import pytest
from conformance_table import USERS
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from export.saved_model import next_version
from export.saved_model.private_networks import (
    is_private,
    private_users,
    publish_networks,
    remove_users,
    write_models_config,
)
from export.saved_model.version_folder import versions
from piaa_tf.adaptation.user_network import UserNetwork
from piaa_tf.contract.user_ids import private_model
from piaa_tf.errors import InputError
from piaa_tf.models.prior import build_prior, save_prior


@pytest.fixture(scope="module")
def world(worlds):
    return worlds("blg_piaa-all")


@pytest.fixture
def base(world, tmp_path, monkeypatch):
    monkeypatch.setattr(next_version, "check_export", lambda *_, **__: None)
    shutil.copytree(world.base, tmp_path / "base")
    return tmp_path / "base"


def test_the_server_is_told_of_the_prior_and_of_each_user(world, base):
    assert not is_private(base)
    path = write_models_config(base, world.users, served_from="/models")
    assert is_private(base)
    config = text_format.Parse(
        path.read_text(), model_server_config_pb2.ModelServerConfig()
    )
    models = {m.name: m for m in config.model_config_list.config}
    assert list(models) == ["prior", "user.anna", "user.bert-20b"]
    assert {m.model_platform for m in models.values()} == {"tensorflow"}
    assert models["user.bert-20b"].base_path == "/models/user.bert-20b"
    write_models_config(base, world.users[:1])
    config = text_format.Parse(
        path.read_text(), model_server_config_pb2.ModelServerConfig()
    )
    assert len(config.model_config_list.config) == 2
    for model in config.model_config_list.config:
        assert model.base_path.startswith(str(base.absolute()))
        assert versions(model.base_path) == [1]


def test_users_are_known_by_their_models(world, base):
    found = private_users(base)
    assert found == {user: base / private_model(user) for user in world.users}


def test_a_removed_user_leaves_no_file(base):
    remove_users(base, [USERS[1]])
    assert set(private_users(base)) == {USERS[0]}
    assert not [path for path in base.rglob("*") if "bert" in path.name]


def test_new_networks_become_new_versions_but_for_whom_is_skipped(world, base):
    publish_networks(world.tastes, base, skip=USERS[1:])
    found = {user: versions(base / private_model(user)) for user in world.users}
    assert found == {USERS[0]: [1, 2], USERS[1]: [1]}


def test_a_network_that_is_missing_or_another_is_refused(world, base, tmp_path):
    tastes = dataclasses.replace(
        world.tastes, networks=dict.fromkeys(world.users, UserNetwork(tmp_path / "own"))
    )
    with pytest.raises(InputError, match="A prior is a folder"):
        publish_networks(tastes, base)
    config = dataclasses.replace(world.prior.config, link="linear")
    save_prior(build_prior("blg_piaa", config), tmp_path / "own")
    with pytest.raises(InputError, match="published prior's kind and config"):
        publish_networks(tastes, base)


def test_networks_of_another_prior_are_refused(world, base):
    other = dataclasses.replace(world.tastes, prior_checksum="f" * 64)
    with pytest.raises(InputError, match="Tastes go with the prior"):
        publish_networks(other, base)


def test_tastes_of_a_shared_scope_do_not_join_private_models(world, base):
    other = dataclasses.replace(
        world.tastes, scope="head", weights=np.zeros_like(world.tastes.weights)
    )
    with pytest.raises(InputError, match=r"users of the same scope, all\. Got head"):
        publish_networks(other, base)
