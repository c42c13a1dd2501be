import os

import pytest
from absl import logging

from export.quiet import without_notes


def test_notes_are_dropped_and_what_follows_is_heard(capfd, caplog):
    caplog.set_level("INFO", logger="absl")
    with without_notes():
        logging.info("a note")
        os.write(2, b"a statistic\n")
    logging.info("news")
    os.write(2, b"an answer\n")
    assert caplog.messages == ["news"]
    assert capfd.readouterr().err == "an answer\n"


def test_errors_pass_and_end_the_silence(capfd):
    with pytest.raises(ValueError, match="wrong"), without_notes():
        raise ValueError("wrong")
    os.write(2, b"an answer\n")
    assert capfd.readouterr().err == "an answer\n"
