"""BLG-PIAA: a prior meta-trained by bi-level gradients, fine-tuned to a user.

Zhu, Li et al., IEEE TCYB 2020; the algorithm of the slides as in `training/meta.py`,
starting from BA-PIAA's prior where the slides start from ImageNet. k = 5 and S = 5; the
paper's alpha and beta are not known. Ours are alpha = 3e-4 and beta = 1/k falling to
zero, and each inner step sees 20 fresh pictures of the user: a network of this size
learns a fixed set by heart. Fine-tuned exactly like BA-PIAA.
"""

from __future__ import annotations

from piaa_tf.evaluation.baselines.whole_network import WholeNetwork


def build() -> WholeNetwork:
    """Makes the system, unfitted."""
    return WholeNetwork("BLG-PIAA", "blg")
