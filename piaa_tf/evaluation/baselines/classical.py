"""The systems without a network of their own, by their names on the command line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from piaa_tf.evaluation.baselines.fpmf import Fpmf
from piaa_tf.evaluation.baselines.handcrafted_svr import HandcraftedSvr
from piaa_tf.evaluation.baselines.pam import Pam
from piaa_tf.evaluation.baselines.pictures import PriorFinder
from piaa_tf.evaluation.baselines.ranking_network import RankingNetwork
from piaa_tf.evaluation.baselines.usar import Usar
from piaa_tf.evaluation.system import System


def classical_systems(find_prior: PriorFinder) -> dict[str, Callable[[], System]]:
    """Lists the systems that compute with frozen features of pictures.

    Args:
        find_prior: gives the prior of average scores that content, generic score and
            the ranking network start from.

    Returns:
        Name of the flag -> what makes the system, in the order of the tables.
    """
    attribute, content = ["attribute"], ["content"]
    both = content + attribute
    return {
        "handcrafted": HandcraftedSvr,
        "ranking": partial(RankingNetwork, [], find_prior),
        "ranking_attribute": partial(RankingNetwork, attribute, find_prior),
        "ranking_content": partial(RankingNetwork, content, find_prior),
        "ranking_both": partial(RankingNetwork, both, find_prior),
        "fpmf_attribute": partial(Fpmf, attribute),
        "fpmf_content": partial(Fpmf, content, find_prior),
        "fpmf_both": partial(Fpmf, both, find_prior),
        "pam_attribute": partial(Pam, attribute, find_prior),
        "pam_content": partial(Pam, content, find_prior),
        "pam_both": partial(Pam, both, find_prior),
        "usar_ppr": partial(Usar, ["PPR"], find_prior),
        "usar_pad": partial(Usar, ["PAD"], find_prior),
        "usar_both": partial(Usar, ["PPR", "PAD"], find_prior),
    }
