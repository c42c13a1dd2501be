import os

import pytest
from absl import logging

from piaa_tf.tensorflow_log import tensorflow_notes_hidden


def test_notes_are_dropped_and_what_follows_is_heard(capfd, caplog):
    caplog.set_level("INFO", logger="absl")
    with tensorflow_notes_hidden():
        logging.info("a note")
        os.write(2, b"a statistic\n")
    logging.info("news")
    os.write(2, b"an answer\n")
    assert caplog.messages == ["news"]
    assert capfd.readouterr().err == "an answer\n"


def test_errors_pass_and_end_the_silence(capfd):
    with pytest.raises(ValueError, match="wrong"), tensorflow_notes_hidden():
        raise ValueError("wrong")
    os.write(2, b"an answer\n")
    assert capfd.readouterr().err == "an answer\n"
