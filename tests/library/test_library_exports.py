import numpy as np
import pytest
import tensorflow as tf

import piaa_tf


def served_scores(version, paths, user_id):
    score = tf.saved_model.load(str(version)).signatures["score"]
    answer = score(
        image_bytes=tf.constant([path.read_bytes() for path in paths]),
        user_id=tf.constant([user_id] * len(paths)),
    )
    return answer["score"].numpy(), answer["known_user"].numpy()


def test_a_server_gives_the_scores_of_the_library(tastes, prior, album, tmp_path):
    version = prior.export(tmp_path / "served", tastes, keep=1)
    assert version.name == "1"
    paths = sorted(album.iterdir())
    for user, known in (("anna", True), ("", False)):
        scores, known_user = served_scores(version, paths, user)
        # Two decoders of JPEG round differently.
        expected = tastes.score(paths, user_id=user)
        np.testing.assert_allclose(scores, expected, atol=0.02)
        assert (known_user == known).all()


def test_a_phone_gives_the_scores_of_the_library(tastes, album, tmp_path):
    [written] = tastes.export_tflite(
        tmp_path, user_id="anna", formats=["fp32"], photos=album, num_photos=3
    )
    assert (written.name, written.folder) == ("fp32", tmp_path / "fp32")
    assert written.num_photos == 3
    assert written.difference["max_error"] < 1e-3
    assert (written.folder / "score.tflite").exists()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t, out: t.export_tflite(out, user_id="carl"), "there are anna, bert"),
        (lambda t, out: t.export_tflite(out), "user_id must say whose taste"),
        (
            lambda t, out: t.export_tflite(out, user_id="", formats=["fp8"]),
            "formats must be some of .*Got fp8",
        ),
        (
            lambda t, out: t.export_tflite(out, user_id="", formats=["full_int8"]),
            "full_int8 needs representative",
        ),
        (lambda t, out: t.export(out, steps=0), "steps and max_support >= 1"),
        (lambda t, out: t.prior.export(out, 7), r"tastes must be .* Got 7\."),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(
    tastes, tmp_path, call, message
):
    with pytest.raises(piaa_tf.InputError, match=message):
        call(tastes, tmp_path / "out")
    assert not (tmp_path / "out").exists()
