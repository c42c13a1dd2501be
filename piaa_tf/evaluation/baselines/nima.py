"""NIMA: score distributions by the earth mover's distance.

Talebi and Milanfar 2018 (arXiv:1709.05424): softmax over the ten scores, EMD with r = 2
as loss. The paper's networks are VGG16 and Inception-v2 with ImageNet weights, dropout
of 0.75 and crops of 224; here it is the backbone of all rows, trained alike.
"""

from __future__ import annotations

from piaa_tf.evaluation.baselines.prior_outputs import GenericPrior


def build() -> GenericPrior:
    """Makes the system, unfitted."""
    return GenericPrior("NIMA", "nima")
