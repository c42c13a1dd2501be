"""The systems by the names that `--systems` takes, in the order of the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines import (
    anil,
    ba_piaa,
    blg_piaa,
    fomaml,
    mt_iaa,
    nima,
    pa_iaa,
    reptile,
    ridge,
    single_task,
)
from piaa_tf.evaluation.baselines.classical import classical_systems
from piaa_tf.evaluation.baselines.priors import find_prior
from piaa_tf.evaluation.system import System

_CLASSICAL = classical_systems(partial(find_prior, "average"))

SYSTEMS: Mapping[str, Callable[[], System]] = {
    **_CLASSICAL,
    "nima": nima.build,
    "single_aesthetics": single_task.build_aesthetics,
    "single_personality": single_task.build_personality,
    "mt_iaa": mt_iaa.build,
    "pa_iaa": pa_iaa.build,
    "pa_iaa_fusion": pa_iaa.build_fusion_alone,
    "ba_piaa": ba_piaa.build,
    "blg_piaa": blg_piaa.build,
    "reptile": reptile.build,
    "fomaml": fomaml.build,
    "anil": anil.build,
    "ridge": ridge.build,
}
"""Name of the flag -> what makes the system, unfitted; the name it has in the tables
is its own."""

ROLES = {
    **{
        name: "average"
        for name in _CLASSICAL
        if name not in ("handcrafted", "fpmf_attribute")
    },
    "nima": "nima",
    "single_aesthetics": "aesthetics",
    "single_personality": "personality",
    "mt_iaa": "multitask",
    "pa_iaa": "multitask",
    "pa_iaa_fusion": "multitask",
    "ba_piaa": "average",
    "blg_piaa": "blg",
    "reptile": "reptile",
    "fomaml": "fomaml",
    "anil": "anil",
    "ridge": "multitask",
}
"""The role of the prior that a system starts from, of those that have one."""

COSTLY = ("mt_iaa", "pa_iaa", "ba_piaa", "blg_piaa", "reptile", "fomaml")
"""Systems that adapt a whole network: seconds a user, where others take milliseconds;
they get fewer repeats."""


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
