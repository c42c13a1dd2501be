import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from export.saved_model import next_version
from export.saved_model import publish as publish_module
from export.saved_model.rewrite import read_rows
from export.saved_model.version_folder import versions
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.adaptation.user_network import UserNetwork
from piaa_tf.contract.manifest import MANIFEST_NAME, Adaptation, Manifest
from piaa_tf.errors import InputError
from piaa_tf.models.prior import load_prior
from piaa_tf.programs import export
from piaa_tf.ratings import RatingRange

ROOT = Path(__file__).parents[2]
STARS = RatingRange(1, 5)


@pytest.fixture(scope="module")
def prior(tiny_prior):
    return load_prior(tiny_prior)


@pytest.fixture
def unchecked(monkeypatch):
    monkeypatch.setattr(next_version, "check_export", lambda *_, **__: None)


def write_tastes(prior, path, users, scope="fusion", seed=0):
    start = personal_score(prior, scope, STARS).prior_weights
    noise = np.random.default_rng(seed).normal(size=[len(users), start.size])
    owners = users if scope == "all" else ()
    tastes = Tastes(
        user_ids=tuple(users),
        weights=(start + noise).astype(np.float32),
        num_ratings=np.full(len(users), 10),
        scope=scope,
        adapted_by="chance",
        rating_range=STARS,
        prior_checksum=prior.checksum(),
        networks={user: UserNetwork.temporary(prior) for user in owners},
    )
    tastes.save(path)
    return tastes


def run_export(tmp_path, **changes):
    export.run(export.ExportConfig(**{"base_dir": str(tmp_path / "served"), **changes}))


def test_the_program_publishes_updates_and_forgets(prior, tiny_prior, tmp_path, caplog):
    first = write_tastes(prior, tmp_path / "first.npz", ["anna", "bert b"])
    second = write_tastes(prior, tmp_path / "second.npz", ["carl"], seed=1)
    base = tmp_path / "served"
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "piaa_tf.programs.export",
            f"--prior={tiny_prior}",
            f"--tastes={tmp_path}/first.npz",
            f"--base_dir={base}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert f"version: {base}/1" in result.stderr
    second_path = str(tmp_path / "second.npz")
    run_export(tmp_path, update=True, tastes=second_path, forget=("anna",))
    assert "versions 1 still have them: --keep=1 removes those" in caplog.text
    for version, users, weights in (
        (1, first.user_ids, first.weights),
        (2, ("bert b", "carl"), [first.weights[1], second.weights[0]]),
    ):
        _, rows = read_rows(base / str(version))
        assert rows.user_ids == users
        np.testing.assert_array_equal(rows.weights, weights)
    with pytest.raises(InputError, match=r"above 2, the newest"):
        run_export(tmp_path, update=True, tastes=second_path, version=2)
    write_tastes(prior, tmp_path / "again.npz", ["anna"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(next_version, "check_export", lambda *_, **__: None)
        for keep in (0, 2):
            run_export(
                tmp_path, update=True, tastes=str(tmp_path / "again.npz"), keep=keep
            )
    assert versions(base) == [3, 4]
    assert read_rows(base / "4")[1].user_ids == ("bert b", "carl", "anna")


def test_without_tastes_the_flags_speak(prior, tiny_prior, tmp_path, monkeypatch):
    asked = []

    def publish_nothing(*arguments):
        asked.append(arguments)
        return tmp_path

    monkeypatch.setattr(publish_module, "publish_export", publish_nothing)
    run_export(
        tmp_path,
        prior=str(tiny_prior),
        scope="head",
        rating_min=0.0,
        rating_max=10.0,
        steps=3,
        rate=0.5,
        max_support=7,
        version=40,
    )
    ((export, rows, base, version),) = asked
    assert (export.scope, export.rating_range) == ("head", RatingRange(0, 10))
    assert export.adaptation == Adaptation(steps=3, rate=0.5, max_support=7)
    assert export.prior.checksum() == prior.checksum()
    assert rows.user_ids == ()
    assert (base, version) == (str(tmp_path / "served"), 40)


@pytest.mark.usefixtures("unchecked")
def test_another_precision_is_compared_with_float32(
    prior, tiny_prior, tiny_gallery, tmp_path, caplog
):
    write_tastes(prior, tmp_path / "tastes.npz", ["anna"])
    caplog.set_level("INFO", logger="absl")
    run_export(
        tmp_path,
        prior=str(tiny_prior),
        tastes=str(tmp_path / "tastes.npz"),
        precision="mixed_bfloat16",
        photos=str(tiny_gallery / "photos"),
    )
    manifest = Manifest.load(tmp_path / "served" / "1" / MANIFEST_NAME)
    assert manifest.precision == "mixed_bfloat16"
    assert manifest.prior_checksum == prior.checksum()
    (line,) = [t for t in caplog.messages if "differ from float32's" in t]
    largest = float(line.split("by ")[1].split()[0])
    assert 0 < largest < 0.5


@pytest.mark.usefixtures("unchecked")
def test_private_networks_are_published_updated_and_forgotten(
    prior, tiny_prior, tmp_path
):
    write_tastes(prior, tmp_path / "tastes.npz", ["anna", "bert b"], "all")
    path = str(tmp_path / "tastes.npz")
    base = tmp_path / "served"
    run_export(tmp_path, prior=str(tiny_prior), tastes=path)
    found = {p.name: versions(p) for p in base.iterdir() if p.is_dir()}
    assert found == {"prior": [1], "user.anna": [1], "user.bert-20b": [1]}
    run_export(tmp_path, update=True, tastes=path, keep=1, forget=("bert b",))
    found = {p.name: versions(p) for p in base.iterdir() if p.is_dir()}
    assert found == {"prior": [1], "user.anna": [2]}
    assert "bert" not in (base / "models.config").read_text()
    with pytest.raises(InputError, match=r"can be forgotten. Got \['bert b'\]"):
        run_export(tmp_path, update=True, forget=("bert b",))
    with pytest.raises(InputError, match="every user has a model"):
        run_export(tmp_path, prior=str(tiny_prior), tastes=path, version=9)


def test_tastes_of_another_prior_are_refused(prior, tiny_prior, tmp_path):
    path = tmp_path / "tastes.npz"
    tastes = write_tastes(prior, path, ["anna"])
    dataclasses.replace(tastes, prior_checksum="f" * 64).save(path)
    with pytest.raises(InputError, match="Tastes go with the prior"):
        run_export(tmp_path, prior=str(tiny_prior), tastes=str(path))
    assert not (tmp_path / "served").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({}, "--prior must name the folder of a prior. Got none"),
        ({"keep": -1}, "keep must be >= 0. Got -1"),
        ({"update": True}, "needs --tastes of users who join, or --forget"),
        (
            {"update": True, "tastes": "t", "prior": "p", "steps": 3},
            r"newest version. Got \['prior', 'steps'\]",
        ),
    ],
)
def test_flags_that_do_not_go_together_are_refused(tmp_path, flags, message):
    with pytest.raises(InputError, match=message):
        run_export(tmp_path, **flags)
