"""New versions from old ones, and what is kept from being published."""

import dataclasses
import os
import resource
import shutil

import numpy as np
import pytest
import tensorflow as tf
from conformance_table import ADAPTATION, STARS, USERS

from export.saved_model import next_version
from export.saved_model.check import check_export
from export.saved_model.next_version import (
    publish_export,
    publish_update,
    publish_version,
)
from export.saved_model.rewrite import read_rows, rewrite
from export.saved_model.save import Export, describe, save_export
from export.saved_model.user_table import UserRows
from export.saved_model.version_folder import versions
from piaa_tf.contract.manifest import MANIFEST_NAME, Manifest
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange


@pytest.fixture(scope="module")
def world(worlds):
    return worlds("pa_iaa-fusion")


@pytest.fixture
def base(world, tmp_path):
    """A folder with version 1."""
    shutil.copytree(world.base, tmp_path / "base" / "1")
    return tmp_path / "base"


@pytest.fixture
def unchecked(monkeypatch):
    monkeypatch.setattr(next_version, "check_export", lambda *_, **__: None)


@pytest.fixture
def newer(world):
    """New tastes of a known user and a new one."""
    generator = np.random.default_rng(9)
    weights = generator.normal(size=[2, world.tastes.weights.shape[1]])
    return dataclasses.replace(
        world.tastes,
        user_ids=(USERS[1], "carl"),
        weights=weights.astype(np.float32),
        num_ratings=np.full(2, 10),
    )


def scores(c_api, directory, embedding, users):
    inputs = {"embedding": embedding[: len(users)], "user_id": list(users)}
    answer = c_api.run(directory, "score_embedding", inputs)
    return dict(zip(users, answer["score"])), dict(zip(users, answer["known_user"]))


@pytest.fixture(scope="module")
def embedding(world):
    generator = np.random.default_rng(1)
    size = [1, world.manifest.embedding_size]
    return np.repeat(generator.normal(size=size), 5, axis=0).astype(np.float32)


@pytest.mark.usefixtures("unchecked")
def test_an_update_adds_replaces_and_forgets_without_tracing(
    world, base, newer, c_api, embedding, monkeypatch
):
    def no_tracing(*arguments, **options):
        raise AssertionError("an update must not trace")

    monkeypatch.setattr(tf.saved_model, "save", no_tracing)
    version = publish_update(base, newer, forget=[USERS[2]])
    assert version == base / "2"
    everyone = [*USERS, "carl", "nobody"]
    before, _ = scores(c_api, base / "1", embedding, everyone)
    after, known = scores(c_api, version, embedding, everyone)
    assert known == {user: user in (*USERS[:2], "carl") for user in everyone}
    assert after[USERS[0]] == before[USERS[0]]  # bit for bit
    assert after[USERS[1]] != before[USERS[1]]
    assert after["carl"] != after["nobody"] == before["nobody"] == before["carl"]
    assert after[USERS[2]] == after["nobody"]
    for path in version.rglob("*"):  # nothing of the forgotten user is left
        assert not path.is_file() or USERS[2].encode() not in path.read_bytes()
    manifest = Manifest.load(version / MANIFEST_NAME)
    assert manifest.num_users == 3
    manifest.check_files(version)


@pytest.mark.usefixtures("unchecked")
def test_forgetting_everybody_leaves_the_prior(world, base, c_api, embedding):
    version = publish_update(base, None, forget=USERS)
    _, known = scores(c_api, version, embedding, USERS)
    assert not any(known.values())
    weights, rows = read_rows(version)
    assert rows.user_ids == ()
    np.testing.assert_array_equal(weights, world.personal.prior_weights)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prior_checksum": "f" * 64}, "Tastes go with the prior"),
        ({"scope": "head"}, "users of the same scope, fusion. Got head"),
        ({"rating_range": RatingRange(0, 9)}, "users of the same rating_range"),
        ({"user_ids": ("a", "b\n")}, "a control character"),
    ],
)
def test_tastes_that_do_not_go_with_the_version_are_refused(
    base, newer, change, message
):
    with pytest.raises(InputError, match=message):
        publish_update(base, dataclasses.replace(newer, **change))
    assert os.listdir(base) == ["1"]


def test_a_version_of_another_contract_is_not_updated(base, newer):
    (base / "1" / MANIFEST_NAME).unlink()
    with pytest.raises(InputError, match=r"has a manifest\.json beside it"):
        publish_update(base, newer)


@pytest.mark.usefixtures("unchecked")
def test_each_of_a_few_users_may_have_a_signature(world, tmp_path, c_api, jpegs):
    export = Export(
        world.prior, "fusion", STARS, ADAPTATION, one_signature_per_user=True
    )
    users = UserRows.of_tastes(world.tastes).without([USERS[0], USERS[2]])
    version = publish_export(export, users, tmp_path)
    inputs = {"image_bytes": jpegs[:1]}
    shared = c_api.run(version, "score", {**inputs, "user_id": [USERS[1]]})
    own = c_api.run(version, "score.bert-20b", inputs)
    assert sorted(own) == ["image_ok", "score"]
    np.testing.assert_allclose(own["score"], shared["score"], atol=1e-6)
    with pytest.raises(InputError, match=r"not signatures\. Got a version with one"):
        publish_update(tmp_path, world.tastes)


def test_a_signature_for_each_of_very_many_users_is_refused(world, tmp_path):
    export = Export(
        world.prior, "fusion", STARS, ADAPTATION, one_signature_per_user=True
    )
    many = UserRows(tuple(map(str, range(33))), np.zeros([33, 5], np.float32))
    with pytest.raises(InputError, match=r"at most 32 users\. Got 33"):
        save_export(export, many, tmp_path)


def test_weights_of_another_size_are_refused(world, tmp_path):
    export = Export(world.prior, "fusion", STARS, ADAPTATION)
    with pytest.raises(InputError, match=r"have 5 weights under this prior\. Got 6"):
        save_export(export, UserRows(("x",), np.zeros([1, 6], np.float32)), tmp_path)


def without_variables(directory):
    shutil.rmtree(directory / "variables")


def without_last_user(directory):
    path = directory / "assets" / "user_ids.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        # Both load: the first fails every request, the second knows a user less.
        (without_variables, "C.. loader.*(variable|Resource|resource)"),
        (without_last_user, "must answer known_user"),
    ],
)
def test_what_a_server_could_not_answer_is_not_published(base, damage, message):
    manifest = Manifest.load(base / "1" / MANIFEST_NAME)
    prior_weights, rows = read_rows(base / "1")

    def write(directory):
        rewrite(base / "1", directory, manifest, prior_weights, rows)
        damage(directory)
        describe(manifest, rows.user_ids, directory)

    with pytest.raises(InputError, match=message):
        publish_version(base, 0, write)
    assert os.listdir(base) == ["1"]


def test_a_damaged_file_is_named(base):
    path = base / "1" / "assets" / "user_ids.txt"
    path.write_bytes(path.read_bytes() + b"mallory\n")
    with pytest.raises(InputError, match=r"user_ids\.txt must have the checksum"):
        check_export(base / "1")


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("room", [100, 50_000])
def test_a_full_disk_in_the_middle_leaves_only_the_old_version(base, newer, room):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(InputError, match="must have room for the export"):
            publish_update(base, newer)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert versions(base) == [1]
    assert os.listdir(base) == ["1"]
