"""BA-PIAA: the network of average aesthetics, fine-tuned to a user.

The baseline of Zhu, Li et al., IEEE TCYB 2020 (slides, Tables I and II): the prior is
trained on average scores, then adapted like BLG-PIAA's. The paper's rate and number of
fine-tuning steps are not known here; the released code takes 20 steps of 1e-5 from
ImageNet weights. Ours, from a small network, are chosen on validation users. Batch
statistics stay the prior's, where the released code lets them drift.
"""

from __future__ import annotations

from piaa_tf.evaluation.baselines.whole_network import WholeNetwork


def build() -> WholeNetwork:
    """Makes the system, unfitted."""
    return WholeNetwork("BA-PIAA", "average")
