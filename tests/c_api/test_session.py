import gc
import pickle
import threading

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.c_api.session import (
    INIT_SIGNATURE,
    SavedModelSession,
    SessionError,
    unoptimized_config,
)


class Halves(tf.Module):
    """y = x / 2 + 2 and a little of every type."""

    def __init__(self):
        super().__init__()
        self.offset = tf.Variable(2.0)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 1], tf.float32, name="x"),
            tf.TensorSpec([None], tf.string, name="text"),
        ]
    )
    def halve(self, x, text):
        return {
            "y": x / 2 + self.offset,
            "echo": text,
            "length": tf.strings.length(text),
            "is_large": x > 1,
            "coarse": tf.cast(x, tf.bfloat16),
            "nothing": tf.zeros([0, 3], tf.int64),
            "word": tf.constant("hi"),
        }

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="turns")])
    def turn(self, turns):
        value = 0.0
        for _ in tf.range(turns):
            value = tf.math.cos(value)
        return {"value": value}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("halves")
    module = Halves()
    signatures = {"serving_default": module.halve, "turn": module.turn}
    tf.saved_model.save(module, str(directory), signatures=signatures)
    return directory


@pytest.fixture(scope="module")
def session(directory):
    session = SavedModelSession(directory)
    yield session
    session.close()


def test_every_type_goes_in_and_out(session):
    text = [b"ab\x00", "ü", b"x" * 50, b""]
    answer = session.answer("serving_default", {"x": np.ones([4, 1]), "text": text})
    assert answer["y"].tolist() == [[1 / 2 + 2]] * 4
    assert answer["y"].dtype == np.float32
    assert answer["echo"].tolist() == [b"ab\x00", "ü".encode(), b"x" * 50, b""]
    assert answer["length"].tolist() == [3, 2, 50, 0]
    assert answer["is_large"].tolist() == [[False]] * 4
    assert answer["coarse"].dtype == tf.bfloat16.as_numpy_dtype
    assert answer["nothing"].shape == (0, 3)
    assert answer["word"][()] == b"hi"


def names(session, *fetches):
    signature = session.signatures["serving_default"]
    inputs = {alias: info.name for alias, info in signature.inputs.items()}
    return inputs, [signature.outputs[alias].name for alias in fetches]


@pytest.mark.parametrize("x", [[2.0, 3.0], 2.0, [[[2.0]]], []])
def test_any_shape_that_the_graph_can_compute_with_is_computed(session, x):
    inputs, fetches = names(session, "y")
    x = np.array(x, np.float32)
    text = np.array([b""], object)
    (y,) = session.run({inputs["x"]: x, inputs["text"]: text}, fetches)
    np.testing.assert_array_equal(y, x / 2 + 2)


def test_arrays_need_not_be_contiguous(session):
    inputs, fetches = names(session, "y", "echo")
    x = np.arange(6, dtype=np.float32).reshape(3, 2).T
    text = np.array([b"a", b"b", b"c", b"d"], object)[::2]
    y, echo = session.run({inputs["x"]: x, inputs["text"]: text}, fetches)
    np.testing.assert_array_equal(y, x / 2 + 2)
    assert echo.tolist() == [b"a", b"c"]


@pytest.mark.parametrize(
    ("feeds", "fetches", "message"),
    [
        ({"nobody:0": np.ones(1)}, [], "The graph must have the tensor 'nobody:0'"),
        ({}, ["NoOp"], "The graph must have the tensor 'NoOp'"),
        ({}, ["Variable:0"], "The tensor 'Variable:0' must hold values. Got resource"),
        ({}, ["Variable:7"], "The graph must have the tensor 'Variable:7'"),
    ],
)
def test_tensors_that_are_not_there_are_refused(session, feeds, fetches, message):
    with pytest.raises(SessionError, match=message) as raised:
        session.run(feeds, fetches)
    assert raised.value.code == tf.errors.INVALID_ARGUMENT


def test_another_type_is_refused_by_the_runtime(session):
    inputs, fetches = names(session, "y")
    feeds = {inputs["x"]: np.ones(1, np.int32), inputs["text"]: np.array([b""], object)}
    with pytest.raises(SessionError, match="to be float but int32 is provided"):
        session.run(feeds, fetches)


def test_a_signature_takes_its_own_inputs(session):
    with pytest.raises(SessionError, match=r"takes \['text', 'x'\]. Got \['x'\]"):
        session.answer("serving_default", {"x": [1.0]})


def test_a_run_ends_at_its_time(session):
    turn = session.signatures["turn"]
    feeds = {turn.inputs["turns"].name: np.array(2**31 - 1, np.int32)}
    with pytest.raises(SessionError, match=r"Timed out|deadline|cancel") as raised:
        session.run(feeds, [turn.outputs["value"].name], timeout_ms=50)
    assert raised.value.code == tf.errors.DEADLINE_EXCEEDED


def test_threads_share_a_session(session):
    inputs, fetches = names(session, "y")
    wrong = []

    def ask(number):
        x = np.full([3], number, np.float32)
        feeds = {inputs["x"]: x, inputs["text"]: np.array([b""], object)}
        for _ in range(50):
            (y,) = session.run(feeds, fetches, timeout_ms=10_000)
            wrong.extend(y[y != number / 2 + 2])

    threads = [threading.Thread(target=ask, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_session_may_leave_the_graph_as_it_is(directory):
    session = SavedModelSession(directory, config=unoptimized_config())
    assert INIT_SIGNATURE in session.signatures
    answer = session.answer("serving_default", {"x": [[1.0]], "text": ["a"]})
    assert answer["y"].tolist() == [[1 / 2 + 2]]
    session.close()


def test_a_folder_without_a_saved_model_is_refused(tmp_path):
    with pytest.raises(SessionError, match=r"Could not find SavedModel \.pb") as raised:
        SavedModelSession(tmp_path)
    assert raised.value.code == tf.errors.NOT_FOUND


def test_tags_that_are_not_there_are_refused(directory):
    with pytest.raises(SessionError, match=r"supplied tags: { other }"):
        SavedModelSession(directory, tags=["other"])


def test_an_error_travels_between_processes():
    error = pickle.loads(pickle.dumps(SessionError(5, "not there")))
    assert (error.code, str(error)) == (5, "not there")


def test_a_closed_session_leaves_nothing_to_collect(directory):
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(3):
        SavedModelSession(directory).close()
    assert len(gc.get_objects()) - before < 100
