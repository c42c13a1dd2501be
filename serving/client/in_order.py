"""Work ahead: a few things under way at once, their results in order."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")


def in_order(
    items: Iterable[Item], begin: Callable[[Item], Any], max_under_way: int
) -> Iterator[tuple[Item, Any]]:
    """Begins work on items before the results of earlier ones are asked for.

    Args:
        items: read no further ahead than `max_under_way`, so that the rest of a long
            list costs no memory.
        begin: starts the work on an item and returns a future.
        max_under_way: how many futures there are at once.

    Yields:
        Each item and its future, which may not be done, in the order of the items. What
        is under way when the reader stops is cancelled.
    """
    under_way: collections.deque = collections.deque()
    try:
        for item in items:
            under_way.append((item, begin(item)))
            if len(under_way) == max_under_way:
                yield under_way.popleft()
        while under_way:
            yield under_way.popleft()
    finally:
        for _, future in under_way:
            future.cancel()
