"""Checks of arguments that many calls share; each message names its argument."""

from __future__ import annotations

from typing import Any

from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

Range = RatingRange | tuple[float, float]
"""The worst and the best rating."""


def check_type(
    name: str, value: Any, types: type | tuple[type, ...], what: str
) -> None:
    """Refuses an argument of a wrong type.

    Args:
        name: the argument.
        value: what was given.
        types: what it may be.
        what: the same in words.

    Raises:
        InputError: It is none of them.
    """
    if not isinstance(value, types) or (isinstance(value, bool) and types is int):
        raise InputError(f"{name} must be {what}. Got {value!r:.80}.")


def as_range(rating_range: Range) -> RatingRange:
    """Reads a range of ratings.

    >>> as_range((1, 10))
    RatingRange(minimum=1.0, maximum=10.0)

    Args:
        rating_range: a `RatingRange`, or its two ends.

    Returns:
        The range.

    Raises:
        InputError: It is not a range.
    """
    if isinstance(rating_range, RatingRange):
        return rating_range
    try:
        worst, best = (float(end) for end in rating_range)
    except (TypeError, ValueError) as error:
        raise InputError(
            "rating_range must be the worst and the best rating, such as (1, 5). "
            f"Got {rating_range!r}."
        ) from error
    return RatingRange(worst, best)
