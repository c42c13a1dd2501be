"""Files of one TensorFlow, read by another: `make test-latest` has both at hand."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from piaa_tf.compatibility import SWITCH
from piaa_tf.metrics import srocc

ROOT = Path(__file__).parents[2]
OTHER = os.environ.get("PIAA_OTHER_PYTHON")
DIRECTIONS = {"from the other": (OTHER, sys.executable)}
DIRECTIONS["to the other"] = DIRECTIONS["from the other"][::-1]
# The integer kernels of the two round differently: scores move together, by up to 0.2
# of a star where a network is untrained; so their order is compared too.
TOLERANCES = {"phone/full_int8": 0.25, "saved_model/adapted": 1e-4}
SCORE_TOLERANCE = 4e-5  # 1e-5 of the range of four stars

pytestmark = [
    pytest.mark.skipif(
        OTHER is None,
        reason="PIAA_OTHER_PYTHON names no Python with another TensorFlow",
    ),
    pytest.mark.skipif(
        sys.version_info >= (3, 12), reason="the default set ends at Python 3.11"
    ),
]
both_ways = pytest.mark.parametrize(
    ("writer", "reader"), DIRECTIONS.values(), ids=DIRECTIONS
)


def run(python, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.fspath(ROOT)}
    environment.pop(SWITCH, None)  # this process's own choice of Keras
    done = subprocess.run(
        [python, Path(__file__).with_name("versions_worker.py"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def arrays(path):
    with np.load(path) as file:
        return dict(file)


def test_there_are_two_versions():
    versions = {
        subprocess.run(
            [
                python,
                "-c",
                "from importlib.metadata import version; print(version('tensorflow'))",
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for python in (sys.executable, OTHER)
    }
    assert len(versions) == 2


@both_ways
def test_a_prior_a_saved_model_and_phone_files_score_alike(
    writer, reader, tiny_gallery, tmp_path
):
    run(writer, "write", tiny_gallery, tmp_path / "files")
    for name, python in (("own", writer), ("read", reader)):
        run(python, "score", tiny_gallery, tmp_path / "files", tmp_path / f"{name}.npz")
    own, read = arrays(tmp_path / "own.npz"), arrays(tmp_path / "read.npz")
    assert set(own) == set(read)
    assert {name.split("/")[0] for name in own} == {"prior", "saved_model", "phone"}
    for name, values in own.items():
        assert np.ptp(values) > 0.01, name
        np.testing.assert_allclose(
            read[name],
            values,
            rtol=0,
            atol=TOLERANCES.get(name, SCORE_TOLERANCE),
            err_msg=name,
        )
    assert srocc(read["phone/full_int8"], own["phone/full_int8"]) > 0.9


@both_ways
def test_a_training_checkpoint_goes_on(writer, reader, tmp_path):
    run(writer, "train", tmp_path / "whole", "2", tmp_path / "whole.npz")
    run(writer, "train", tmp_path / "parted", "1", tmp_path / "half.npz")
    run(reader, "train", tmp_path / "parted", "2", tmp_path / "parted.npz")
    whole, parted = arrays(tmp_path / "whole.npz"), arrays(tmp_path / "parted.npz")
    half = arrays(tmp_path / "half.npz")
    assert max(np.abs(whole[name] - half[name]).max() for name in whole) > 1e-3
    for name, values in whole.items():
        np.testing.assert_allclose(
            parted[name], values, rtol=0, atol=1e-5, err_msg=name
        )
