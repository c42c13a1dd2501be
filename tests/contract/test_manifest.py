import dataclasses
import hashlib
import json

import pytest

from piaa_tf.contract.manifest import (
    Adaptation,
    Manifest,
    checksums,
    file_checksum,
)
from piaa_tf.errors import InputError
from piaa_tf.ratings import TRAITS, RatingRange

MANIFEST = Manifest(
    form="saved_model",
    precision="float32",
    prior_kind="pa_iaa",
    prior_config={"backbone": "compact", "bin_scores": [1, 2, 3]},
    prior_checksum="ab" * 32,
    prior_metrics={"srocc": 0.5},
    scope="fusion",
    adapted_by="adam",
    rating_range=RatingRange(1, 5),
    num_users=2,
    user_id="",
    image_size=48,
    keep_aspect=False,
    embedding_size=13,
    num_weights=5,
    bin_scores=(1.0, 2.0, 3.0),
    traits=TRAITS,
    adaptation=Adaptation(steps=20, rate=0.02, max_support=100),
    signatures=("score", "generic"),
    files={},
)


def rewritten(path, change):
    MANIFEST.save(path)
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    return path


def test_what_is_written_is_read_back(tmp_path):
    MANIFEST.save(tmp_path / "manifest.json")
    assert Manifest.load(tmp_path / "manifest.json") == MANIFEST


def test_sizes_are_those_of_the_contracts_letters():
    letters = {
        size
        for signature in MANIFEST.served().values()
        for tensor in (*signature.inputs, *signature.outputs)
        for size in tensor.shape
        if isinstance(size, str)
    }
    assert letters == {*MANIFEST.sizes, "batch", "N", "M"}
    assert MANIFEST.sizes == {"bins": 3, "D": 13, "P": 5, "H": 48, "W": 48}


def test_signatures_follow_the_prior():
    bare = dataclasses.replace(MANIFEST, bin_scores=(), traits=())
    assert set(MANIFEST.served()) - set(bare.served()) == {"personality"}
    outputs = [
        [output.name for output in manifest.served()["generic"].outputs]
        for manifest in (MANIFEST, bare)
    ]
    assert outputs[0] == ["distribution", *outputs[1]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(colour="red"), r"unknown \['colour'\]"),
        (lambda v: v.pop("scope"), r"missing \['scope'\]"),
        (lambda v: v["adaptation"].update(momentum=1), r"unknown \['momentum'\]"),
        (lambda v: v.update(rating_range=[1, 5]), r"RatingRange has the keys"),
        (lambda v: v.update(contract_version=99), "contract 1. Got 99"),
        (lambda v: v["adaptation"].update(steps=0), "steps and max_support >= 1"),
    ],
)
def test_another_contract_is_refused(tmp_path, change, message):
    path = rewritten(tmp_path / "manifest.json", change)
    with pytest.raises(InputError, match=message):
        Manifest.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file"), ("{", "Expecting"), ("[]", "Got None")],
)
def test_a_manifest_that_is_none_is_refused(tmp_path, content, message):
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        Manifest.load(path)


def test_checksums_are_of_every_file_but_the_manifest(tmp_path):
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "index").write_bytes(b"abc")
    (tmp_path / "manifest.json").write_text("{}")
    assert checksums(tmp_path) == {
        "variables/index": hashlib.sha256(b"abc").hexdigest()
    }


@pytest.mark.parametrize("damage", ["other", None])
def test_damaged_files_are_named(tmp_path, damage):
    path = tmp_path / "saved_model.pb"
    path.write_bytes(b"graph")
    manifest = dataclasses.replace(
        MANIFEST, files={"saved_model.pb": file_checksum(path)}
    )
    manifest.check_files(tmp_path)
    path.unlink() if damage is None else path.write_text(damage)
    with pytest.raises(InputError, match=r"saved_model\.pb must have the checksum"):
        manifest.check_files(tmp_path)
