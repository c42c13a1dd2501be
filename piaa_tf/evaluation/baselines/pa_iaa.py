"""PA_IAA: score distribution and personality from one network, fused for a user.

Li, Zhu et al., IEEE TIP 2020; s_b = s_a + W_b s_p, W_b a vector of the user's as on the
slides. Two readings of "fine-tuned" stand in the tables: "PA_IAA" adapts every weight
with W_b, its rate a hundred times that of the rest, as the released code does;
"PA_IAA (W_b alone)" keeps the network and learns five numbers a user.
"""

from __future__ import annotations

import numpy as np

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.data.samples import Samples
from piaa_tf.evaluation.baselines.behind_embedding import BehindEmbedding
from piaa_tf.evaluation.baselines.whole_network import WholeNetwork
from piaa_tf.evaluation.generic import prior_outputs

FUSION_LOOPS = (InnerLoop(20, 0.02), InnerLoop(60, 0.02), InnerLoop(60, 0.05))


class PaIaa(WholeNetwork):
    """The multi-task prior with W_b, all of it fine-tuned."""

    def __init__(self) -> None:
        """Names itself."""
        super().__init__("PA_IAA", "multitask")

    def predict_generic(self, samples: Samples) -> dict[str, np.ndarray]:
        """Predicts the distribution of scores, and traits."""
        self.prior()
        return prior_outputs(self._network.prior, samples.paths)


def build() -> PaIaa:
    """Makes the system that adapts all weights, unfitted."""
    return PaIaa()


def build_fusion_alone() -> BehindEmbedding:
    """Makes the system that adapts W_b alone, unfitted."""
    return BehindEmbedding("PA_IAA (W_b alone)", "multitask", "fusion", FUSION_LOOPS)
