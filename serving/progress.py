"""Tells how far a long run of requests is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from absl import logging

INTERVAL_S = 5.0


def with_progress(
    results: Iterable[Any],
    num_rows: int,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Any]:
    """Hands results on, and logs every few seconds how many rows they held.

    Args:
        results: dataclasses of `results` with `image_ok`.
        num_rows: of all results.
        clock: in seconds.

    Yields:
        The results.
    """
    begun = logged = clock()
    done = 0
    for result in results:
        done += len(result.image_ok)
        now = clock()
        if now - logged >= INTERVAL_S or (done == num_rows and now > begun):
            logged, speed = now, done / (now - begun)
            logging.info(
                "photograph %*d/%d  %.1f photographs/s  eta %.0f s",
                len(str(num_rows)),
                done,
                num_rows,
                speed,
                (num_rows - done) / speed,
            )
        yield result
