"""The systems by their names in `--systems`, in the order of the tables.

A new system is a class that fulfils `System` and `PersonalSystem`, `GenericSystem` or
both; and a line in this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines.behind_embedding import anil, fusion_alone, ridge
from piaa_tf.evaluation.baselines.fine_tuned import FineTuned, MtIaa, PaIaa
from piaa_tf.evaluation.baselines.fpmf import Fpmf
from piaa_tf.evaluation.baselines.generic_prior import GenericPrior
from piaa_tf.evaluation.baselines.handcrafted_svr import HandcraftedSvr
from piaa_tf.evaluation.baselines.pam import Pam
from piaa_tf.evaluation.baselines.ranking_network import RankingNetwork
from piaa_tf.evaluation.baselines.usar import Usar
from piaa_tf.evaluation.system import System

SYSTEMS: Mapping[str, Callable[[], System]] = {
    "handcrafted": HandcraftedSvr,
    "ranking": partial(RankingNetwork, []),
    "ranking_attribute": partial(RankingNetwork, ["attribute"]),
    "ranking_content": partial(RankingNetwork, ["content"]),
    "ranking_both": partial(RankingNetwork, ["content", "attribute"]),
    "fpmf_attribute": partial(Fpmf, ["attribute"]),
    "fpmf_content": partial(Fpmf, ["content"]),
    "fpmf_both": partial(Fpmf, ["content", "attribute"]),
    "pam_attribute": partial(Pam, ["attribute"]),
    "pam_content": partial(Pam, ["content"]),
    "pam_both": partial(Pam, ["content", "attribute"]),
    "usar_ppr": partial(Usar, ["PPR"]),
    "usar_pad": partial(Usar, ["PAD"]),
    "usar_both": partial(Usar, ["PPR", "PAD"]),
    "nima": partial(GenericPrior, "NIMA", "nima"),
    "single_aesthetics": partial(
        GenericPrior, "Single task (aesthetics)", "aesthetics"
    ),
    "single_personality": partial(
        GenericPrior, "Single task (personality)", "personality"
    ),
    "mt_iaa": MtIaa,
    "pa_iaa": PaIaa,
    "pa_iaa_fusion": fusion_alone,
    "ba_piaa": partial(FineTuned, "BA-PIAA", "average"),
    "blg_piaa": partial(FineTuned, "BLG-PIAA", "blg"),
    "reptile": partial(FineTuned, "Reptile", "reptile"),
    "fomaml": partial(FineTuned, "FOMAML", "fomaml"),
    "anil": anil,
    "ridge": ridge,
}
"""Name in `--systems` -> what makes the system, unfitted.

A system itself has its name in the tables, the role of its prior, and whether it is
costly.
"""


def served_by(role: str) -> list[str]:
    """Lists the systems that start from the prior of a role."""
    return [key for key, make in SYSTEMS.items() if make().role == role]


def check_names(names: Sequence[str]) -> None:
    """Refuses unknown and repeated names.

    Raises:
        InputError: A name is not a key of `SYSTEMS`, or is given twice.
    """
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown:
        raise InputError(
            f"systems must be among {', '.join(SYSTEMS)}. Got {', '.join(unknown)}."
        )
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise InputError(f"Each system is evaluated once. Got twice: {twice}.")
