import csv
import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from export.tflite.phone_export import PhoneExport
from export.tflite.phone_runtime import installed_runtimes
from export.tflite.save import save_phone_files
from piaa_tf.adaptation.adapt import InnerLoop, adapt_supports, score_users
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.contract.manifest import Adaptation
from piaa_tf.errors import InputError
from piaa_tf.models.prior import load_prior
from piaa_tf.ratings import RatingRange

ROOT = Path(__file__).parents[2]
STARS = RatingRange(1, 5)
LOOP = InnerLoop(steps=20, rate=0.02)


@pytest.fixture(scope="module")
def model(tiny_prior, tmp_path_factory):
    """The folder on_phone of a prior."""
    out = tmp_path_factory.mktemp("phone")
    adaptation = Adaptation(LOOP.steps, LOOP.rate, max_support=4)
    export = PhoneExport(load_prior(tiny_prior), "fusion", STARS, adaptation)
    save_phone_files(export, ["on_phone"], out)
    return out / "on_phone"


@pytest.fixture
def album(tiny_gallery, tmp_path):
    """Six photos, five of them rated."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for i, source in enumerate(sorted((tiny_gallery / "photos").rglob("*.jpg"))[:6]):
        (photos / f"{i}.jpg").write_bytes(source.read_bytes())
    rows = "".join(
        f"anna,{i}.jpg,{rating}\n" for i, rating in enumerate((3, 1, 5, 4, 2))
    )
    (tmp_path / "ratings.csv").write_text(f"user_id,image,rating\n{rows}")
    return tmp_path


def run_twin(model, album):
    """Runs the example; the last line of stdout says whether TensorFlow was loaded."""
    code = (
        "import runpy, sys\n"
        "try:\n"
        "    runpy.run_path('examples/on_phone.py', run_name='__main__')\n"
        "finally:\n"
        "    print('tensorflow' in sys.modules)\n"
    )
    return subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            f"--model={model}",
            f"--photos={album}/photos",
            f"--ratings={album}/ratings.csv",
            f"--out={album}/kept",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def scores_of(album):
    with (album / "kept" / "scores.csv").open(newline="") as file:
        return {row["image"]: float(row["score"]) for row in csv.DictReader(file)}


def test_the_phone_scores_as_the_library_does(model, album, tiny_prior):
    result = run_twin(model, album)
    assert result.returncode == 0, result.stderr
    assert "embedded 6 new photos of 6" in result.stderr
    prior = load_prior(tiny_prior)
    images = [f"{i}.jpg" for i in range(6)]
    embedding = predict(prior, [album / "photos" / i for i in images])["embedding"]
    personal = personal_score(prior, "fusion", STARS)
    # The newest four ratings; the phone has room for no more.
    support = (embedding[1:5], np.array([1, 5, 4, 2], np.float32))
    taste = adapt_supports(personal, [support], LOOP)
    expected = score_users(personal, taste, embedding)[0]
    # A half in the last digit of the file, and what float16 does to an embedding.
    scores = scores_of(album)
    assert [scores[i] for i in images] == pytest.approx(expected.tolist(), abs=5e-3)
    assert np.load(album / "kept" / "weights.npy").shape == (5,)


def test_a_second_call_embeds_new_photos_alone(model, album):
    first = run_twin(model, album)
    before = scores_of(album)
    (album / "photos" / "6.jpg").write_bytes((album / "photos" / "0.jpg").read_bytes())
    second = run_twin(model, album)
    assert "embedded 1 new photos of 7" in second.stderr, first.stderr
    after = scores_of(album)
    assert after.pop("6.jpg") == before["0.jpg"]
    assert after == before


@pytest.mark.skipif(
    "ai_edge_litert" not in installed_runtimes(), reason="ai-edge-litert is missing"
)
def test_no_tensorflow_is_loaded(model, album):
    assert run_twin(model, album).stdout.splitlines()[-1] == "False"


def test_one_phone_has_one_user(model, album):
    with (album / "ratings.csv").open("a") as file:
        file.write("bert,0.jpg,3\n")
    result = run_twin(model, album)
    assert result.returncode == 1
    assert "A phone has one user. Got ratings of 2: anna, bert." in result.stderr


def test_a_broken_photo_is_named(model, album):
    (album / "photos" / "7.jpg").write_bytes(b"no image")
    result = run_twin(model, album)
    assert result.returncode == 1
    assert "7.jpg must be a whole image" in result.stderr


def test_files_that_did_not_arrive_whole_are_refused(model, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "examples")
    on_phone = importlib.import_module("on_phone")
    copy = shutil.copytree(model, tmp_path / "copy")
    (copy / "embed.tflite").write_bytes((copy / "embed.tflite").read_bytes()[:-1])
    with pytest.raises(InputError, match="must have the checksum"):
        on_phone.Phone(copy)
