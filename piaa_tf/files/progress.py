"""A line of the log now and then while many photos pass: how fast, how long still."""

from __future__ import annotations

import time
from collections.abc import Callable

from absl import logging

LOG_SECONDS = 5.0

OnProgress = Callable[[int, int], None]
"""Is called now and then with how much is done, and of how much."""


class Progress:
    """Counts photos."""

    def __init__(self, total: int) -> None:
        """Begins to count at 0 of `total`."""
        self._total, self._done, self._new = total, 0, 0
        self._begin = self._last = time.monotonic()

    def skip(self, count: int) -> None:
        """Counts photos that were done before: they say nothing of the speed."""
        self._done += count

    def step(self, count: int = 1) -> None:
        """Counts some; logs if some seconds have passed, or if they are the last."""
        self._done, self._new = self._done + count, self._new + count
        now = time.monotonic()
        if now - self._last < LOG_SECONDS and self._done < self._total:
            return
        self._last = now
        rate = self._new / max(now - self._begin, 1e-6)
        logging.info(
            "photo %d/%d  %.0f photos/s  eta %.0f s",
            self._done,
            self._total,
            rate,
            (self._total - self._done) / rate,
        )
