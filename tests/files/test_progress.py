import pytest

from piaa_tf.files import progress
from piaa_tf.files.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_comes_after_some_seconds_and_at_the_end(clock, logged):
    counted = Progress(100)
    counted.skip(40)
    for second in range(12):
        clock[0] = 101.0 + second
        counted.step(5)
    # 5 photos a second, of the new ones alone.
    assert logged == [
        "photo 65/100  5 photos/s  eta 7 s",
        "photo 90/100  5 photos/s  eta 2 s",
        "photo 100/100  5 photos/s  eta 0 s",
    ]
