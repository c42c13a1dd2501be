"""Systems that fine-tune every weight of a prior: a private network for each user.

They differ in the prior. The papers' rates and numbers of fine-tuning steps are not
known here; the released code takes 20 steps of 1e-5 from ImageNet weights. Ours are for
a small network; every system chooses from the same ones, on validation users. Batch
statistics stay the prior's, whereas the released code lets them drift.

- BA-PIAA: average aesthetics. The baseline of Zhu, Li et al., IEEE TCYB 2020 (slides,
  Tables I and II).
- BLG-PIAA: meta-trained by bi-level gradients, of the same paper; the algorithm of the
  slides as in `training/meta`, starting from BA-PIAA's prior where the slides start
  from ImageNet. k = 5 and S = 5; the paper's alpha and beta are not known. Ours are
  alpha = 3e-4 and beta = 1/k falling to zero, and each inner step sees 20 fresh
  images of the user, because a network of this size memorises a fixed set.
- Reptile in BLG-PIAA's place: Nichol et al. 2018 (arXiv:1803.02999), serial version
  with Adam inside: one level of 2 S steps on all of a user's ratings, in the same loop
  and with the same numbers as BLG-PIAA, but without telling support from query. Not in
  the papers' tables.
- FOMAML in BLG-PIAA's place: the gradient on the query set, taken after the steps on
  the support set. Finn et al. 2017 (arXiv:1703.03400), section 5.2, with Adam's inner
  steps as in all of this project's adaptation, and Adam as outer optimizer. Not in the
  papers' tables.
- PA_IAA: score distribution and personality from one network, fused for a user. Li, Zhu
  et al., IEEE TIP 2020; s_b = s_a + W_b s_p, W_b a vector of the user's as on the
  slides. Here every weight adapts together with W_b, whose rate is a hundred times that
  of the rest, as in the released code; `behind_embedding.py` adapts W_b alone.
- MT_IAA: PA_IAA without the fusion of personality, of the same paper (slides,
  FLICKR-AES table). That it is the multi-task network fine-tuned on its aesthetics
  output alone is inferred from the slides' comment ("the personality prediction task
  ... has made a significant contribution"); the paper's text was not available.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.data.samples import PersonalRatings, Samples
from piaa_tf.data.streams import PixelCache
from piaa_tf.evaluation.adapted_prior import WholeNetwork
from piaa_tf.evaluation.baselines.priors import find_prior
from piaa_tf.evaluation.baselines.tuned_prior import TunedPrior
from piaa_tf.evaluation.generic import prior_outputs
from piaa_tf.evaluation.system import Training
from piaa_tf.models.prior import Prior, assign_weights, build_prior

LOOPS = (
    InnerLoop(5, 1e-4),
    InnerLoop(5, 3e-5),
    InnerLoop(10, 1e-4),
    InnerLoop(10, 3e-4),
)
"""Candidates for validation users to choose from; without such users, the first."""

PIXEL_BYTES = 2**30


class RoundedNetwork(WholeNetwork):
    """A network that keeps its images in memory as rounded pixels.

    They take a quarter of the memory of exact ones, and are what training sees.
    """

    def prepare(self, ratings: PersonalRatings) -> None:
        """Remembers the images' paths; each is decoded once, as memory allows."""
        names = list(dict.fromkeys(ratings.images))
        self._row = {name: i for i, name in enumerate(names)}
        self._cache = PixelCache(
            [ratings.photos / name for name in names],
            self.network.config.image_size,
            keep_aspect=self.network.keep_aspect,
            max_bytes=PIXEL_BYTES,
        )

    def pixels(self, images: Sequence[str]) -> np.ndarray:
        """Reads images, rounded: float32 [N, S, S, 3] in 0..255."""
        rows = np.array([self._row[image] for image in images])
        return np.stack(self._cache.pixels(rows)).astype(np.float32)


class FineTuned(TunedPrior):
    """A prior whose every weight takes a few Adam steps on a user's ratings."""

    is_costly = True
    _adapted: RoundedNetwork

    def __init__(self, name: str, role: str) -> None:
        """Takes the name in the tables and the role of the prior."""
        super().__init__(name, role, RoundedNetwork, LOOPS)


class PaIaa(FineTuned):
    """The multi-task prior with W_b, fine-tuned as a whole."""

    def __init__(self) -> None:
        """Sets the name and the role."""
        super().__init__("PA_IAA", "multitask")

    def predict_generic(self, samples: Samples) -> dict[str, np.ndarray]:
        """Predicts the distribution of scores, and traits."""
        self.prior()
        return prior_outputs(self._adapted.network, samples.paths)


class MtIaa(FineTuned):
    """The aesthetics half of the multi-task prior, fine-tuned."""

    def __init__(self) -> None:
        """Sets the name and the role."""
        super().__init__("MT_IAA", "multitask")

    def find(self, training: Training) -> Prior:
        """Returns the multi-task prior's backbone and score head."""
        return without_traits(find_prior(self.role, training, self.name))


def without_traits(prior: Prior) -> Prior:
    """Copies a multi-task prior without the part that predicts traits."""
    config = dataclasses.replace(prior.config, tasks=("distribution",))
    half = build_prior(prior.kind, config, training=prior.training)
    kept = {variable.name for variable in half.model.weights}
    weights = {name: v for name, v in prior.weights().items() if name in kept}
    assign_weights(half.model, weights)
    return half
