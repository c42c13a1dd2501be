"""Reptile in BLG-PIAA's place: one level of 2 S steps on all of a user's ratings.

Nichol et al. 2018 (arXiv:1803.02999), serial version with Adam inside, in the same loop
and with the same numbers as BLG-PIAA; what differs is that support and query are not
told apart. Not in the papers' tables.
"""

from __future__ import annotations

from piaa_tf.evaluation.baselines.whole_network import WholeNetwork


def build() -> WholeNetwork:
    """Makes the system, unfitted."""
    return WholeNetwork("Reptile", "reptile")
