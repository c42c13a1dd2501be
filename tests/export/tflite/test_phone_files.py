"""What phone files are made of, what they say of themselves, what is refused."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from phone_table import LOOP, PLACES, STARS, TABLE, make_export, operators

from export.tflite import save
from export.tflite.phone_export import (
    FORMATS,
    PhoneExport,
    files_of,
    signatures_of,
    sizes_of,
)
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.contract.manifest import Adaptation, Manifest
from piaa_tf.errors import InputError


def test_every_file_has_tflites_own_operators_alone(every_format, own_files, heads):
    paths = [
        *every_format.rglob("*.tflite"),
        *(own_files(name) / "score.tflite" for name in TABLE),
        *map(heads, TABLE),
    ]
    assert len(paths) == 5 * 2 + 1 + 2 * len(TABLE)
    for path in paths:
        builtin, custom = operators(path)
        assert builtin, path
        assert custom == [], path
    assert "WHILE" in operators(heads("network all"))[0]


@pytest.mark.parametrize("format_name", FORMATS)
def test_files_take_and_give_what_the_contract_says(format_name, every_format):
    folder = every_format / format_name
    manifest = Manifest.load(folder / "manifest.json")
    sizes = {**sizes_of(manifest), "height": 1, "width": 1}
    names = []
    for file in files_of(format_name):
        interpreter = tf.lite.Interpreter(str(folder / file))
        for name, signature in signatures_of(file, manifest).items():
            names.append(name)
            runner = interpreter.get_signature_runner(name)
            for tensors, details in (
                (signature.inputs, runner.get_input_details()),
                (signature.outputs, runner.get_output_details()),
            ):
                assert {t.name for t in tensors} == set(details)
                for tensor in tensors:
                    found = details[tensor.name]
                    assert found["dtype"] == np.dtype(tensor.dtype)
                    wanted = [sizes.get(size, size) for size in tensor.shape]
                    assert found["shape"].tolist() == wanted
    assert manifest.signatures == tuple(names)


def test_the_manifest_says_whose_the_files_are(every_format, tmp_path):
    moved = shutil.copytree(every_format, tmp_path / "moved")
    own = Manifest.load(moved / "full_int8" / "manifest.json")
    own.check_files(moved / "full_int8")
    assert (own.form, own.precision) == ("tflite_full_int8", "int8")
    assert (own.user_id, own.num_users, own.adapted_by) == ("anna", 1, "a test")
    assert own.prior_checksum == make_export("vector fusion").prior.checksum()
    assert own.rating_range == STARS
    assert own.bin_scores == tuple(range(1, 11))
    everybody = Manifest.load(moved / "on_phone" / "manifest.json")
    assert (everybody.user_id, everybody.num_users) == ("", 0)
    assert everybody.adaptation == Adaptation(LOOP.steps, LOOP.rate, PLACES)


def test_sizes_shrink_with_the_precision(every_format):
    size = {
        name: (every_format / name / "score.tflite").stat().st_size
        for name in FORMATS
        if name != "on_phone"
    }
    assert size["fp16"] < 0.55 * size["fp32"]
    assert size["dynamic_int8"] < 0.35 * size["fp32"]
    assert size["full_int8"] < 0.35 * size["fp32"]


def test_without_a_taste_the_prior_is_exported():
    export = make_export("vector head")
    bare = PhoneExport(export.prior, "head", STARS, export.adaptation)
    start = personal_score(export.prior, "head", STARS).prior_weights
    np.testing.assert_array_equal(bare.functions("fp32").user_weights, start)
    assert bare.manifest("fp32").user_id == ""


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.zeros(4), "has 5 weights.*Got 4"), (np.full(5, np.nan), "must be finite")],
)
def test_weights_that_do_not_fit_write_nothing(weights, message, tmp_path):
    export = make_export("vector fusion")
    wrong = PhoneExport(
        export.prior, "fusion", STARS, export.adaptation, "anna", weights
    )
    (tmp_path / "fp32").mkdir()
    (tmp_path / "fp32" / "earlier").touch()
    with pytest.raises(InputError, match=message):
        save.save_phone_files(wrong, ["fp32"], tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["fp32", "earlier"]


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        (["fp32", "int4"], "formats must be some of .*Got int4"),
        ([], "Got none"),
        (["full_int8"], "needs representative photos"),
    ],
)
def test_formats_that_cannot_be_are_refused(formats, message, tmp_path):
    with pytest.raises(InputError, match=message):
        save.save_phone_files(make_export("vector fusion"), formats, tmp_path)
    assert not list(tmp_path.iterdir())
