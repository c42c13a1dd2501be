"""Keeps TensorFlow's notes about its own internals out of a program's log."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def tensorflow_notes_hidden() -> Iterator[None]:
    """Silences remarks on names in graphs, and statistics of the TFLite converter.

    Errors are exceptions, so nothing is lost but what C++ writes to stderr meanwhile.

    Yields:
        Nothing.
    """
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    sys.stderr.flush()
    # The converter's C++ knows no log level and writes to the descriptor.
    descriptor = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(descriptor, 2)
            os.close(descriptor)
            for logger, level in zip(loggers, levels):
                logger.setLevel(level)
