import subprocess
import sys
from pathlib import Path

import pytest

from piaa_tf.errors import InputError
from piaa_tf.evaluation.experiment.evaluate import evaluate
from piaa_tf.evaluation.experiment.experiment import Experiment
from piaa_tf.evaluation.report.write import paragraphs

ROOT = Path(__file__).parents[3]


def test_one_call_evaluates(tiny_gallery, tiny_prior, tmp_path):
    evidence = evaluate(
        Experiment(
            data_dir=str(tiny_gallery),
            prior=(str(tiny_prior),),
            systems=("pa_iaa_fusion",),
            num_images=(8, 4),
            repeats=2,
            curve=(),
            trait_shares=(),
            out=str(tmp_path),
        )
    )
    (found,) = evidence.measurements
    assert evidence.plan.num_images == (4, 8)
    assert len(found.results) == 2 * 2 * 3
    assert evidence.left_out == {}
    # No program was called, so the report names none.
    assert not any("Made by" in text for text in paragraphs(evidence))


def test_what_needs_no_data_is_checked_at_once():
    with pytest.raises(InputError, match=r"repeats must be >= 1\. Got 0"):
        Experiment(repeats=0)
    with pytest.raises(InputError, match=r"must be numbers >= 2.* Got \(10, 100\)"):
        Experiment(curve=(1,))


def test_describing_an_experiment_loads_no_tensorflow():
    code = (
        "import sys, piaa_tf.evaluation.experiment.experiment;"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
