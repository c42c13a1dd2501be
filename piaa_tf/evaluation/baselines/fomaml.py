"""First-order MAML in BLG-PIAA's place: the query gradient where support has led.

Finn et al. 2017 (arXiv:1703.03400), section 5.2, with Adam's inner steps as in all of
this project's adaptation, and Adam as outer optimizer. Not in the papers' tables.
"""

from __future__ import annotations

from piaa_tf.evaluation.baselines.whole_network import WholeNetwork


def build() -> WholeNetwork:
    """Makes the system, unfitted."""
    return WholeNetwork("FOMAML", "fomaml")
