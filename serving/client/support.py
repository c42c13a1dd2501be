"""A user's rated photos: checks before and after they are sent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from piaa_tf.errors import InputError


def check_support(num_photos: int, ratings: Sequence[float]) -> np.ndarray:
    """Returns a rating per photo, float32 [N].

    Raises:
        InputError: There is none, or not one for each photo.
    """
    array = np.asarray(ratings, np.float32)
    if array.shape != (num_photos,) or not num_photos:
        raise InputError(
            "A user's taste needs one rating for each rated photo, and at least one. "
            f"Got {num_photos} photos and ratings of shape {list(array.shape)}."
        )
    return array


def problem_of(
    support_ok: bool, ratings: np.ndarray, is_finite: np.ndarray | None = None
) -> str:
    """Explains why an export could not adapt to ratings.

    >>> problem_of(True, np.array([4.0]))
    ''

    Args:
        support_ok: what it answered.
        ratings: [N] that were sent.
        is_finite: [N] of each embedding that was sent; None for photos.

    Returns:
        A sentence, empty where it could.
    """
    if support_ok:
        return ""
    found = f"{len(ratings)} ratings from {ratings.min():g} to {ratings.max():g}"
    photos = "each photo readable" if is_finite is None else "each embedding finite"
    if is_finite is not None and not is_finite.all():
        found += f", {np.sum(~is_finite)} of {len(ratings)} embeddings that are not"
    return (
        "Ratings must be within the export's rating range, at most its max_support, "
        f"and {photos}. Got {found}. The prior's weights are used."
    )
