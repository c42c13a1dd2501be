"""Logs, every few seconds, how fast many photos are done and how long is left."""

from __future__ import annotations

import time
from collections.abc import Callable

from absl import logging

LOG_SECONDS = 5.0

OnProgress = Callable[[int, int], None]
"""Called now and then with the number done and the total."""


class Progress:
    """Counts photos."""

    def __init__(self, total: int) -> None:
        """Starts at 0 of `total`."""
        self._total, self._done, self._new = total, 0, 0
        self._begin = self._last = time.monotonic()

    def skip(self, count: int) -> None:
        """Counts photos that were done before, which say nothing about the speed."""
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
