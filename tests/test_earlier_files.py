"""Files of an earlier release, in earlier_files/files.tar.xz, are read unchanged.

    gallery/             simulated photos and ratings, 32 pixels
    start/               a generic prior, most of its channels dead: it compresses well
    multitask/, meta/    finished runs: config.json, splits, checkpoints, prior
    fusion/, head/       everybody's tastes.npz under multitask/prior and meta/prior
    all/                 the taste of u0007 under meta/prior, and adapted/u0007
    served/1/            an export of multitask/prior with the tastes of fusion/

Beside each tastes.npz lies the ranking.csv that it gave for u0007. The configs hold
paths that are relative to the folder.
"""

import csv
import dataclasses
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataResponse,
    SignatureDefMap,
)

from export.saved_model import next_version
from piaa_tf.adaptation.scoring import UserScorer
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.contract.manifest import MANIFEST_NAME, Manifest
from piaa_tf.errors import InputError
from piaa_tf.models.prior import config_from_dict, load_prior
from piaa_tf.programs import export, meta_train, train_multitask
from serving.client.agreement import ModelMetadata

USER = "u0007"
PHOTOS = Path("gallery/photos")
RUNS = {
    "multitask": (train_multitask.MultitaskConfig, train_multitask.run),
    "meta": (meta_train.MetaTrainConfig, meta_train.run),
}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earlier")
    archive = Path(__file__).parent / "earlier_files" / "files.tar.xz"
    with tarfile.open(archive) as files:
        files.extractall(folder)
    return folder


@pytest.fixture
def earlier(unpacked, tmp_path, monkeypatch):
    """A copy of the files, in the current folder."""
    copy = shutil.copytree(unpacked, tmp_path / "files")
    monkeypatch.chdir(copy)
    return copy


def ranking(name):
    """Images, and the user's scores of them and the prior's."""
    with Path(name, "ranking.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    scores = ("score", "generic_score")
    return [r["image"] for r in rows], *([float(r[s]) for r in rows] for s in scores)


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize(
    ("name", "prior"),
    [("fusion", "multitask/prior"), ("head", "meta/prior"), ("all", "meta/prior")],
)
def test_a_prior_and_tastes_score_as_they_did(name, prior):
    tastes = Tastes.load(f"{name}/tastes.npz")
    assert tastes.scope == name
    images, *expected = ranking(name)
    scorer = UserScorer(load_prior(prior), tastes, USER, tastes.rating_range)
    assert scorer.is_known_user
    found = scorer.score([PHOTOS / image for image in images])
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.ptp(expected[0]) > 0.02
    assert np.abs(np.subtract(*expected)).max() > 5e-3


def served_scores(version, images, users):
    """Scores of every image for each of the users, by a loaded SavedModel."""
    contents = tf.constant([(PHOTOS / image).read_bytes() for image in images])
    score = tf.saved_model.load(f"served/{version}").signatures["score"]
    answers = [
        score(image_bytes=contents, user_id=tf.fill([len(images)], user))
        for user in users
    ]
    for answer in answers:
        assert answer["image_ok"].numpy().all()
        assert answer["known_user"].numpy().all()
    return np.stack([answer["score"].numpy() for answer in answers])


@pytest.mark.usefixtures("earlier")
def test_an_export_answers_and_goes_on_with_new_users(monkeypatch):
    monkeypatch.setattr(next_version, "check_export", lambda *_, **__: None)
    images, expected, _ = ranking("fusion")
    tastes = Tastes.load("fusion/tastes.npz")
    before = served_scores(1, images, tastes.user_ids)
    np.testing.assert_allclose(before[tastes.user_ids.index(USER)], expected, atol=1e-4)
    newcomers = tuple(f"new {user}" for user in tastes.user_ids)
    dataclasses.replace(tastes, user_ids=newcomers).save("new.npz")
    export.run(export.ExportConfig(base_dir="served", update=True, tastes="new.npz"))
    after = served_scores(2, images, tastes.user_ids + newcomers)
    np.testing.assert_array_equal(after, np.concatenate([before, before]))


@pytest.mark.usefixtures("earlier")
def test_a_client_understands_an_export():
    manifest = Manifest.load(f"served/1/{MANIFEST_NAME}")
    manifest.check_files("served/1")
    assert (manifest.scope, manifest.num_users) == ("fusion", 3)
    graph = SavedModel.FromString(Path("served/1/saved_model.pb").read_bytes())
    signatures = SignatureDefMap(signature_def=graph.meta_graphs[0].signature_def)
    response = GetModelMetadataResponse()
    response.metadata["signature_def"].Pack(signatures)
    model = ModelMetadata.from_metadata(response, "model 'earlier'")
    for name in manifest.signatures:
        assert model.agree(name) == manifest.served()[name]


def config_of(name, **changes):
    values = json.loads(Path(name, "config.json").read_text())
    del values["program"]
    return config_from_dict(RUNS[name][0], {**values, **changes})


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize("name", RUNS)
def test_an_interrupted_run_goes_on_and_ends_as_it_did(name):
    finished = load_prior(f"{name}/prior").weights()
    shutil.rmtree(f"{name}/prior")
    checkpoints = Path(name, "checkpoints")
    for path in checkpoints.glob("ckpt-4.*"):
        path.unlink()
    (checkpoints / "checkpoint").write_text('model_checkpoint_path: "ckpt-2"\n')
    RUNS[name][1](config_of(name))
    found = load_prior(f"{name}/prior").weights()
    assert found.keys() == finished.keys()
    for key, value in found.items():
        np.testing.assert_allclose(value, finished[key], atol=1e-5, err_msg=key)


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize("name", RUNS)
def test_an_earlier_run_is_not_continued_with_another_config(name):
    with pytest.raises(InputError, match="seed 1 where the run has 0"):
        RUNS[name][1](config_of(name, seed=1))
