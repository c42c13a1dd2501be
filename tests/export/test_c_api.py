import numpy as np
import pytest


@pytest.fixture(scope="module")
def exported(worlds):
    return worlds("pa_iaa-fusion").base


def test_inputs_must_be_those_of_the_signature(exported, c_api):
    with pytest.raises(RuntimeError, match=r"score takes \['image_bytes', 'user_id'\]"):
        c_api.run(exported, "score", {"image_bytes": [b""]})


def test_an_error_of_the_session_keeps_its_words(exported, c_api):
    wrong = np.zeros([1, 3], np.float32)
    with pytest.raises(RuntimeError, match=r"must .* match input shape .* Got: 13"):
        c_api.run(exported, "score_embedding", {"embedding": wrong, "user_id": ["a"]})


def test_a_folder_without_a_saved_model_is_refused(tmp_path, c_api):
    with pytest.raises(RuntimeError, match="Could not find"):
        c_api.run(tmp_path, "score", {})


def test_bytes_pass_whatever_they_are(exported, c_api, jpegs):
    # numpy's own byte strings would lose the zeros at the end of a photo.
    padded = jpegs[0] + bytes(1000)
    answer = c_api.run(exported, "embed", {"image_bytes": [jpegs[0], padded]})
    assert answer["image_ok"].all()
    np.testing.assert_array_equal(*answer["embedding"])
