"""MT_IAA: PA_IAA without the fusion of personality.

The baseline of Li, Zhu et al., IEEE TIP 2020 (slides, FLICKR-AES table). That it is the
multi-task network fine-tuned on its aesthetics output alone is read from the slides'
comment ("the personality prediction task ... has made a significant contribution"); the
paper's text was not at hand. It shares PA_IAA's prior, and steps and rates to choose
from.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.evaluation.baselines.priors import find_prior
from piaa_tf.evaluation.baselines.whole_network import WholeNetwork
from piaa_tf.evaluation.system import Training
from piaa_tf.models.prior import Prior, assign_weights, build_prior


class MtIaa(WholeNetwork):
    """The aesthetics half of the multi-task prior, fine-tuned."""

    def __init__(self) -> None:
        """Names itself."""
        super().__init__("MT_IAA", "multitask")

    def find(self, training: Training) -> Prior:
        """Takes the multi-task prior's backbone and score head."""
        return without_traits(find_prior("multitask", training, self.name))


def without_traits(prior: Prior) -> Prior:
    """Copies a multi-task prior, but for what predicts traits."""
    config = dataclasses.replace(prior.config, tasks=("distribution",))
    half = build_prior(prior.kind, config, training=prior.training)
    wanted = {variable.name for variable in half.model.weights}
    weights = {name: v for name, v in prior.weights().items() if name in wanted}
    assign_weights(half.model, weights)
    return half


def build() -> MtIaa:
    """Makes the system, unfitted."""
    return MtIaa()
