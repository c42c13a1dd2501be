import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from piaa_tf.data import python_calls
from piaa_tf.data.python_calls import Calls, call_python, read_ahead, steady


def test_a_dataset_calls_python_and_knows_the_shape():
    dataset = tf.data.Dataset.range(3).map(
        lambda i: call_python(
            lambda n: np.array([n, n * n]), [i], tf.TensorSpec([2], tf.int64)
        )
    )
    assert dataset.element_spec == tf.TensorSpec([2], tf.int64)
    rows = [row.tolist() for row in dataset.as_numpy_iterator()]
    assert rows == [[0, 0], [1, 1], [2, 4]]


def test_a_call_may_return_several_arrays():
    specs = {"square": tf.TensorSpec([], tf.int64), "half": tf.TensorSpec([1])}

    def both(n):
        return {"half": np.array([n / 2], np.float32), "square": n * n}

    dataset = tf.data.Dataset.range(4).map(lambda i: call_python(both, [i], specs))
    assert dataset.element_spec == specs
    last = list(dataset.as_numpy_iterator())[-1]
    assert (last["square"], last["half"].tolist()) == (9, [1.5])


def test_reading_ahead_keeps_the_order():
    def late(n):
        time.sleep(0.02 * (n % 2 == 0))
        return n

    dataset = read_ahead(
        tf.data.Dataset.range(10),
        lambda i: call_python(late, [i], tf.TensorSpec([], tf.int64)),
    )
    assert list(dataset.as_numpy_iterator()) == list(range(10))


def test_reading_ahead_ends_some_elements_ahead():
    called = []

    def note(n):
        called.append(n)
        return n

    dataset = read_ahead(
        tf.data.Dataset.range(10_000),
        lambda i: call_python(note, [i], tf.TensorSpec([], tf.int64)),
        num_ahead=3,
    )
    numbers = iter(dataset)
    next(numbers)
    time.sleep(0.3)
    # What waits to be read, what the workers have done, and what they do.
    assert 3 < len(called) <= 1 + 3 + 2 * os.cpu_count() + 1


def test_an_iterator_that_is_dropped_waits_for_no_tuning():
    options = steady(tf.data.Dataset.range(3)).options()
    assert options.autotune.enabled is False
    assert read_ahead(tf.data.Dataset.range(3), abs).options() == options


def test_no_call_starts_after_the_end():
    calls = Calls()
    assert calls.run(max, 1, 2) == 2
    calls.end()
    with pytest.raises(RuntimeError, match="while the process is ending"):
        calls.run(max, 1, 2)


def test_the_end_waits_for_the_call_under_way(monkeypatch):
    monkeypatch.setattr(python_calls, "QUIET_S", 0.02)
    calls, started, release = Calls(), threading.Event(), threading.Event()

    def work():
        started.set()
        release.wait(10)

    worker = threading.Thread(target=calls.run, args=[work])
    ending = threading.Thread(target=calls.end)
    worker.start()
    assert started.wait(10)
    ending.start()
    ending.join(0.2)
    assert ending.is_alive()
    release.set()
    ending.join(10)
    worker.join(10)
    assert not ending.is_alive()


def test_the_end_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(python_calls, "LONGEST_WAIT_S", 0.05)
    calls, release = Calls(), threading.Event()
    worker = threading.Thread(target=calls.run, args=[lambda: release.wait(10)])
    worker.start()
    begin = time.monotonic()
    calls.end()
    took = time.monotonic() - begin
    release.set()
    worker.join(10)
    assert took < 5


def test_the_end_is_immediate_where_nothing_was_called():
    begin = time.monotonic()
    Calls().end()
    assert time.monotonic() - begin < python_calls.QUIET_S


def test_a_program_that_fails_while_reading_ends(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", [300, 300]).save(path)
    program = (
        "from piaa_tf.data.images import image_batches\n"
        f"batches = iter(image_batches([{str(path)!r}] * 2000, 64, 2))\n"
        "next(batches)\n"
        "raise KeyError('a bug')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], timeout=60, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert b"KeyError: 'a bug'" in ended.stderr
