import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from piaa_tf.adaptation.taste import Tastes
from piaa_tf.adaptation.user_network import UserNetwork
from piaa_tf.contract.manifest import Manifest
from piaa_tf.errors import InputError
from piaa_tf.models.prior import load_prior
from piaa_tf.programs import export_tflite
from piaa_tf.ratings import RatingRange

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tastes(tiny_prior, tmp_path):
    """Anna's and bert's W_b, on the scale from 0 to 10."""
    path = tmp_path / "tastes.npz"
    Tastes(
        ("anna", "bert"),
        np.array([[1, 0, 0, 0, 2], [0, -1, 0, 3, 0]], np.float32),
        np.array([10, 10]),
        scope="fusion",
        adapted_by="a test",
        rating_range=RatingRange(0, 10),
        prior_checksum=load_prior(tiny_prior).checksum(),
    ).save(path)
    return path


def run(tiny_prior, tmp_path, **changes):
    values = {"prior": str(tiny_prior), "out": str(tmp_path / "phone"), **changes}
    export_tflite.run(export_tflite.ExportTfliteConfig(**values))
    return tmp_path / "phone"


def test_the_program_writes_what_a_phone_adapts_with(tiny_prior, tmp_path):
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "piaa_tf.programs.export_tflite",
            f"--prior={tiny_prior}",
            "--formats=on_phone",
            "--scope=head",
            "--max_support=7",
            "--rating_max=6",
            f"--out={tmp_path}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "the prior, scope head: on_phone" in result.stderr
    # One line for what is asked and one for what is written; nothing of TensorFlow's.
    assert len(result.stderr.splitlines()) == 2, result.stderr
    manifest = Manifest.load(tmp_path / "on_phone" / "manifest.json")
    assert set(manifest.files) == {"embed.tflite", "head.tflite", "resize.tflite"}
    assert manifest.adaptation.max_support == 7
    assert manifest.rating_range == RatingRange(1, 6)


def test_a_user_is_exported_and_compared(
    tiny_prior, tiny_gallery, tastes, tmp_path, caplog
):
    caplog.set_level("INFO", logger="absl")
    out = run(
        tiny_prior,
        tmp_path,
        tastes=str(tastes),
        user_id="bert",
        formats=("full_int8",),
        photos=str(tiny_gallery / "photos"),
        num_photos=8,
    )
    manifest = Manifest.load(out / "full_int8" / "manifest.json")
    assert (manifest.user_id, manifest.adapted_by) == ("bert", "a test")
    assert manifest.rating_range == RatingRange(0, 10)
    assert "scores of 8 photos against TensorFlow's" in caplog.text
    assert "full_int8     differ by 0." in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"formats": ("full_int8",)}, "needs representative photos"),
        ({"formats": ("fp8",)}, "formats must be some of .*Got fp8"),
        ({"user_id": "anna"}, "go together"),
        ({"num_photos": 1}, "num_photos must be >= 2. Got 1"),
        ({"steps": -1}, "steps and max_support >= 1"),
        ({"max_support": 0}, "steps and max_support >= 1"),
        ({"prior": "nowhere"}, "A prior is a folder"),
    ],
)
def test_flags_that_do_not_fit_write_nothing(tiny_prior, tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        run(tiny_prior, tmp_path, **changes)
    assert not (tmp_path / "phone").exists()


def test_a_folder_without_photos_is_refused(tiny_prior, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="must hold photos"):
        run(tiny_prior, tmp_path, photos=str(tmp_path / "empty"))


def test_a_user_without_a_taste_is_refused(tiny_prior, tastes, tmp_path):
    with pytest.raises(InputError, match="Got 'carl'; there are anna, bert"):
        run(tiny_prior, tmp_path, tastes=str(tastes), user_id="carl")


def test_tastes_of_another_prior_are_refused(tiny_prior, tastes, tmp_path):
    own = Tastes.load(tastes)
    Tastes(
        own.user_ids,
        own.weights,
        own.num_ratings,
        own.scope,
        own.adapted_by,
        own.rating_range,
        prior_checksum="0" * 64,
    ).save(tastes)
    with pytest.raises(InputError, match="Tastes go with the prior"):
        run(tiny_prior, tmp_path, tastes=str(tastes), user_id="anna")


def test_a_private_network_that_is_missing_is_named(tiny_prior, tastes, tmp_path):
    own = Tastes.load(tastes)
    networks = {user: UserNetwork(tiny_prior) for user in own.user_ids}
    Tastes(
        own.user_ids,
        own.weights,
        own.num_ratings,
        "all",
        own.adapted_by,
        own.rating_range,
        own.prior_checksum,
        networks=networks,
    ).save(tastes)
    shutil.rmtree(tmp_path / "adapted")
    with pytest.raises(InputError, match="adapted/anna"):
        run(tiny_prior, tmp_path, tastes=str(tastes), user_id="anna")
