import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from piaa_tf.data import python_calls
from piaa_tf.data.python_calls import Calls, call_python


def test_a_dataset_calls_python_and_knows_the_shape():
    dataset = tf.data.Dataset.range(3).map(
        lambda i: call_python(
            lambda n: np.array([n, n * n]), [i], dtype=tf.int64, shape=[2]
        )
    )
    assert dataset.element_spec == tf.TensorSpec([2], tf.int64)
    rows = [row.tolist() for row in dataset.as_numpy_iterator()]
    assert rows == [[0, 0], [1, 1], [2, 4]]


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
