"""Ridge on frozen embeddings: the score head of the multi-task prior in closed form.

Of the kind that Ren et al.'s residual, and lately one ridge per user on embeddings of
large frozen networks, are reported as hard to beat. Here the weights of the last linear
layer are shrunk to the prior's (`adaptation/ridge.py`); the strength is chosen on
validation users. It shares PA_IAA's prior. Not in the papers' tables.
"""

from __future__ import annotations

from piaa_tf.adaptation.ridge import STRENGTH, RidgeFit
from piaa_tf.evaluation.baselines.behind_embedding import BehindEmbedding

STRENGTHS = (STRENGTH, 1.0, 3.0, 30.0)


def build() -> BehindEmbedding:
    """Makes the system, unfitted."""
    fits = [RidgeFit(strength) for strength in STRENGTHS]
    return BehindEmbedding("Ridge on embeddings", "multitask", "head", fits)
