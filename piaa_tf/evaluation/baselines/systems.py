"""The systems by the names that `--systems` takes, in the order of the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Callable

from piaa_tf.contract import InputError
from piaa_tf.evaluation.system import System

SYSTEMS: Mapping[str, Callable[[], System]] = {}
"""Name of the flag -> what makes the system, unfitted; the name it has in the tables
is its own."""


def check_names(names: Sequence[str]) -> None:
    """Refuses unknown names.

    Raises:
        InputError: A name is no key of `SYSTEMS`, or comes twice.
    """
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown:
        raise InputError(
            f"systems must be among {', '.join(SYSTEMS)}. Got {', '.join(unknown)}."
        )
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise InputError(f"Each system is evaluated once. Got twice: {twice}.")
