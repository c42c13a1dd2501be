"""Rows of results: what was measured of one system on one user in one repeat.

Other programs may rely on `results.csv`: its columns are the fields of `Result`, and
the same seed gives the same bytes. It holds no times, which differ from run to run.
"""

from __future__ import annotations

import csv
import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from piaa_tf.data.csv_table import write_table
from piaa_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class Result:
    """One system on one user in one repeat.

    Attributes:
        system: its name in the tables.
        num_images: n, the number of ratings it adapted to.
        repeat: number of the split.
        user_id: the user.
        srocc: SROCC of the user's scores on the test images.
        prior_srocc: SROCC of the system's scores without personal data on the same
            images.
        num_tested: number of test images.
        num_weights: how many numbers are kept for this user alone.
    """

    system: str
    num_images: int
    repeat: int
    user_id: str
    srocc: float
    prior_srocc: float
    num_tested: int
    num_weights: int


COLUMNS = tuple(field.name for field in dataclasses.fields(Result))
_TYPES: dict[str, Callable[[str], Any]] = {
    "num_images": int,
    "repeat": int,
    "num_tested": int,
    "num_weights": int,
    "srocc": float,
    "prior_srocc": float,
}


def write_results(path: str | os.PathLike[str], results: Iterable[Result]) -> None:
    """Writes results.csv, whole or not at all; correlations get six digits."""
    rows = (
        [
            f"{value:.6f}" if isinstance(value, float) else value
            for value in dataclasses.astuple(result)
        ]
        for result in results
    )
    write_table(path, COLUMNS, rows)


def read_results(path: str | os.PathLike[str]) -> list[Result]:
    """Reads what `write_results` wrote.

    Raises:
        InputError: It is not such a file.
    """
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise InputError(
                f"{path} must have the columns {','.join(COLUMNS)}. "
                f"Got {rows.fieldnames}. Remove it, and evaluate again."
            )
        return [
            Result(**{name: _TYPES.get(name, str)(row[name]) for name in COLUMNS})
            for row in rows
        ]


def by_num_images(results: Iterable[Result]) -> dict[int, list[Result]]:
    """Groups results by n, ascending; their order within a group stays."""
    found: dict[int, list[Result]] = {}
    for result in sorted(results, key=lambda result: result.num_images):
        found.setdefault(result.num_images, []).append(result)
    return found


def mean_by_user(results: Sequence[Result], field: str) -> dict[str, float]:
    """Averages one field of the results over the repeats of each user."""
    users = dict.fromkeys(result.user_id for result in results)
    return {
        user: float(np.mean([getattr(r, field) for r in results if r.user_id == user]))
        for user in users
    }


@dataclasses.dataclass(frozen=True)
class Summary:
    """A cell of a table: mean over users, spread over repeats.

    Attributes:
        mean: over users and repeats.
        std: sample standard deviation, over repeats, of the mean over users; the
            published plus-minus. NaN for a single repeat.
        num_repeats: how many.
        num_users: how many.
    """

    mean: float
    std: float
    num_repeats: int
    num_users: int


def table_of(
    results: Sequence[Result], field: str = "srocc"
) -> tuple[list[str], np.ndarray]:
    """Arranges one system's results for one n by user and repeat.

    Args:
        results: of one system and one n, each user with the same repeats.
        field: "srocc" or "prior_srocc".

    Returns:
        The users, and [users, repeats] in ascending order of the repeats.

    Raises:
        ValueError: A user lacks a repeat.
    """
    by_user: dict[str, dict[int, float]] = {}
    for result in results:
        by_user.setdefault(result.user_id, {})[result.repeat] = getattr(result, field)
    repeats = sorted({result.repeat for result in results})
    for user, own in by_user.items():
        if sorted(own) != repeats:
            raise ValueError(f"User {user!r} must have the repeats {repeats}.")
    return list(by_user), np.array(
        [[own[repeat] for repeat in repeats] for own in by_user.values()]
    )


def summarise(results: Sequence[Result], field: str = "srocc") -> Summary:
    """Averages one system's results for one n, as the published tables do."""
    users, values = table_of(results, field)
    by_repeat = values.mean(axis=0)
    std = by_repeat.std(ddof=1) if len(by_repeat) > 1 else float("nan")
    return Summary(float(values.mean()), float(std), len(by_repeat), len(users))
