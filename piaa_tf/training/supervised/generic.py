"""Generic training of BLG-PIAA's network: the average score, the prior of BA-PIAA.

"Average aesthetics" of the slides: one target per image, the mean over its raters,
regressed as L_b, or regressed and ranked as by Kong et al. 2016. Distributions or
traits alone are trained with parts of `multitask.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from piaa_tf.data.samples import (
    PersonalRatings,
    ScoreDistributions,
    average_scores,
)
from piaa_tf.losses import ranking_loss, rating_loss
from piaa_tf.training.supervised.fit import StreamPart

RANKING_MARGIN = 0.1
"""alpha of the ranking loss on [0, 1], half a star of five; the paper's is unknown."""


def average_stream(
    samples: PersonalRatings | ScoreDistributions, part: StreamPart
) -> tf.data.Dataset:
    """Draws images with their average score: image, {score}."""
    images, scores = average_scores(samples)
    paths = [samples.photos / image for image in images]
    batches = part.batches(paths, scores)
    return batches.map(lambda image, target: (image, {"score": target}))


def score_losses(outputs: Mapping, targets: Mapping) -> dict[str, tf.Tensor]:
    """Computes the squared error of each sample's score on [0, 1]: {score: [batch]}."""
    return {"score": rating_loss(outputs["score"][:, 0], targets["score"])}


def ranking_losses(outputs: Mapping, targets: Mapping) -> dict[str, tf.Tensor]:
    """Adds to each sample's squared error how it is ranked in its replica's batch.

    L_reg + L_rank of the ranking network (Kong et al. 2016), each with weight one.
    """
    score = outputs["score"][:, 0]
    rank = ranking_loss(score, targets["score"], RANKING_MARGIN)
    return {**score_losses(outputs, targets), "rank": rank}
