import csv
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest
from fake_model_server import BONUS, KNOWN_USER, FakeModelServer, running
from PIL import Image

from piaa_tf.errors import InputError
from piaa_tf.programs import score

ROOT = Path(__file__).parents[2]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "album"
    (folder / "2024").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.jpg", "b.png", "2024/c.webp"):
        pixels = rng.integers(0, 256, [8, 8, 3], np.uint8)
        Image.fromarray(pixels).save(folder / name)
    (folder / "broken.jpg").write_text("no image")
    return folder


@pytest.fixture
def model():
    return FakeModelServer()


@pytest.fixture
def config(model, photos, tmp_path):
    with running(model) as address:
        yield score.ScoreConfig(
            photos=str(photos),
            address=address,
            model_name="aesthetics",
            user_id=KNOWN_USER,
            out=str(tmp_path / "scores.csv"),
        )


def test_a_folder_is_scored(config, photos):
    score.run(config)
    with Path(config.out).open(newline="") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["2024/c.webp", "a.jpg", "b.png", "broken.jpg"]
    for name in ("a.jpg", "b.png"):
        sent = len((photos / name).read_bytes())
        assert float(rows[name]["score"]) == sent + BONUS
    assert rows["2024/c.webp"]["image_ok"] == "true"
    assert rows["broken.jpg"] == {
        "image": "broken.jpg",
        "score": "",
        "known_user": "true",
        "image_ok": "false",
    }


@pytest.mark.parametrize(
    ("signature", "column"),
    [("generic", "distribution"), ("personality", "openness"), ("embed", "embedding")],
)
def test_other_signatures_can_be_asked(config, tmp_path, signature, column):
    out = tmp_path / "answers"
    score.run(
        dataclasses.replace(
            config, signature=signature, user_id="", out=str(out), format="jsonl"
        )
    )
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["image_ok"] for line in lines] == [True, True, True, False]
    assert all(column in line for line in lines)


def test_an_unknown_user_is_told(config, caplog):
    with caplog.at_level("INFO", logger="absl"):
        score.run(dataclasses.replace(config, user_id="bert"))
    assert "no taste of user 'bert' is known: these are the prior's" in caplog.text
    assert "1 cannot be read, such as broken.jpg" in caplog.text


def test_nothing_is_written_when_the_server_fails(config, model):
    model.failures = [(grpc.StatusCode.INTERNAL, "boom")]
    with pytest.raises(InputError, match="Got INTERNAL: boom"):
        score.run(config)
    assert not Path(config.out).exists()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"out": "scores.xlsx"}, "must end in"),
        (
            {"out": "/", "format": "csv"},
            "must be a file that can be written. Got: a folder",
        ),
        ({"photos": "/nowhere"}, "A folder of photos must exist"),
        ({"user_id": "a\nb"}, "a control character"),
        ({"signature": "generic"}, "generic is the same for every user"),
        ({"model_name": "other"}, "must serve the model 'other'"),
        ({"timeout_s": 0.0}, "timeout_s must be > 0"),
        ({"client_key": "key.pem"}, "must be given together"),
        ({"wait_s": 0.01, "model_name": "other"}, "must serve the model 'other'"),
    ],
)
def test_a_mistake_is_a_sentence_and_no_file(config, tmp_path, changed, sentence):
    with pytest.raises(InputError, match=sentence):
        score.run(dataclasses.replace(config, **changed))
    assert not list(tmp_path.glob("*scores*"))


def test_as_a_program_it_says_what_is_wrong_in_one_sentence(config):
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "piaa_tf.programs.score",
            f"--address={config.address}",
            f"--photos={config.photos}",
            f"--out={config.out}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "must serve the model 'default'. Got NOT_FOUND" in result.stderr
    assert "Traceback" not in result.stderr
