import threading

import grpc
import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.contract.manifest import MANIFEST_NAME, Adaptation, Manifest
from piaa_tf.ratings import RatingRange
from serving.server.servable import MOST_CHOICES, Call, load_servable
from serving.server.status import ServingError


@pytest.fixture
def servable(halves):
    servable = load_servable("m", 1, halves(2))
    yield servable
    servable.retire(lambda: None)


X = np.array([1.0, 3.0], np.float32)


def test_outputs_that_are_wanted_are_answered(servable):
    answer = servable.run("serving_default", {"x": X}, ["y"])
    assert {name: value.tolist() for name, value in answer.items()} == {"y": [2.5, 3.5]}


def test_signatures_run_together(servable):
    calls = {
        "serving_default": Call({"x": X}, ["twice"]),
        "pick": Call({"index": np.array([1], np.int32)}, ["picked"]),
    }
    answer = servable.run_together(calls)
    assert answer["serving_default"]["twice"].tolist() == [5, 7]
    assert answer["pick"]["picked"].tolist() == [20]


def test_many_choices_run_one_by_one_with_all_outputs(servable):
    servable._choices[()] = {(n,) for n in range(MOST_CHOICES)}
    servable._choices["serving_default",] = {(n,) for n in range(MOST_CHOICES)}
    runs = []
    run = servable._session.run
    servable._session.run = lambda *given: runs.append(given[1]) or run(*given)
    test_signatures_run_together(servable)
    assert [len(fetches) for fetches in runs] == [2, 1]


def test_no_time_is_no_run(servable):
    with pytest.raises(ServingError, match="DEADLINE_EXCEEDED: The deadline had passe"):
        servable.run("serving_default", {"x": X}, ["y"], timeout_s=0.0)


def test_a_tensor_that_the_graph_does_not_have_is_named(servable):
    servable.signatures["pick"].outputs["picked"].name = "nobody:0"
    with pytest.raises(ServingError, match="must have the tensor 'nobody:0'"):
        servable.run("pick", {"index": np.array([1], np.int32)}, ["picked"])


class Loop(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="turns")])
    def turn(self, turns):
        value = 0.0
        for _ in tf.range(turns):
            value = tf.math.cos(value)
        return {"value": value}


def test_what_runs_when_the_server_ends_is_unavailable(tmp_path):
    module = Loop()
    tf.saved_model.save(module, str(tmp_path), signatures=module.turn)
    servable = load_servable("m", 1, tmp_path)
    inputs = {"turns": np.array(2**31 - 1, np.int32)}
    # In one it may not have begun.
    timer = threading.Timer(0.3, servable.cancel)
    timer.start()
    with pytest.raises(ServingError, match="The server is ending") as raised:
        servable.run("serving_default", inputs, ["value"])
    assert raised.value.code == grpc.StatusCode.UNAVAILABLE
    timer.join()
    servable.retire(lambda: None)


def test_the_last_user_closes_a_retired_one(halves):
    servable = load_servable("m", 1, halves(2))
    closed = threading.Event()
    servable.acquire()
    servable.retire(closed.set)
    assert not closed.is_set()
    servable.release()
    assert closed.wait(10)


class Lengths(tf.Module):
    """Has the inputs of `score`, and broadcasts."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image_bytes"),
            tf.TensorSpec([None], tf.string, name="user_id"),
        ]
    )
    def score(self, image_bytes, user_id):
        lengths = [tf.strings.length(text) for text in (image_bytes, user_id)]
        return {"score": tf.cast(sum(lengths), tf.float32)}


def manifest_of(signatures):
    return Manifest(
        form="saved_model",
        precision="float32",
        prior_kind="pa_iaa",
        prior_config={},
        prior_checksum="",
        prior_metrics={},
        scope="fusion",
        adapted_by="",
        rating_range=RatingRange(1.0, 5.0),
        num_users=0,
        user_id="",
        image_size=8,
        keep_aspect=False,
        embedding_size=4,
        num_weights=2,
        bin_scores=(),
        traits=(),
        adaptation=Adaptation(1, 0.1, 5),
        signatures=signatures,
        files={},
    )


@pytest.fixture
def lengths(tmp_path):
    module = Lengths()
    signatures = {"score": module.score, "serving_default": module.score}
    tf.saved_model.save(module, str(tmp_path), signatures=signatures)
    return tmp_path


ONE_PHOTO_OF_TWO = {
    "image_bytes": np.array([b"abc"], object),
    "user_id": np.array([b"a", b"bc"], object),
}


@pytest.mark.parametrize("signature", ["score", "serving_default"])
def test_an_export_keeps_its_contract(lengths, signature):
    manifest_of(("score",)).save(lengths / MANIFEST_NAME)
    servable = load_servable("m", 1, lengths)
    with pytest.raises(ServingError, match=r"user_id must have the shape .* Got \[2\]"):
        servable.run(signature, ONE_PHOTO_OF_TWO, ["score"])
    both = {alias: array[:1] for alias, array in ONE_PHOTO_OF_TWO.items()}
    assert servable.run(signature, both, ["score"])["score"].tolist() == [4]


def test_another_model_may_broadcast(lengths):
    servable = load_servable("m", 1, lengths)
    answer = servable.run("score", ONE_PHOTO_OF_TWO, ["score"])
    assert answer["score"].tolist() == [4, 5]


def test_a_manifest_of_another_contract_is_told(lengths, logged):
    (lengths / MANIFEST_NAME).write_text("{}")
    servable = load_servable("m", 1, lengths)
    assert len(servable.run("score", ONE_PHOTO_OF_TWO, ["score"])["score"]) == 2
    assert any("without checks of the contract" in line for line in logged)
