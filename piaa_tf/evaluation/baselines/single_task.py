"""The single-task networks: aesthetics alone, personality alone.

Slides, AVA table and personality table: "DenseNet121(aesthetics)",
"Inception-v3(personality)" and so on, what PA_IAA's generic stage is measured against.
Same losses, same number of passes as the multi-task network has, one output each.
"""

from __future__ import annotations

from piaa_tf.evaluation.baselines.prior_outputs import GenericPrior


def build_aesthetics() -> GenericPrior:
    """Makes the network of score distributions, unfitted."""
    return GenericPrior("Single task (aesthetics)", "aesthetics")


def build_personality() -> GenericPrior:
    """Makes the network of traits, unfitted."""
    return GenericPrior("Single task (personality)", "personality")
