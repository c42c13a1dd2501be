"""Stage one of PA_IAA: two streams of images, one backbone, two losses.

Slides, "PA_IAA": L_a on the aesthetics stream, L_p on the personality stream. The
streams are drawn independently of each other. The paper does not say how the two are
weighted; the default is one to one, as the released code alternates them.
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from piaa_tf.data.samples import LikedImages, ScoreDistributions
from piaa_tf.losses import distribution_loss, emd_loss, trait_loss
from piaa_tf.training.supervised.fit import StreamPart
from piaa_tf.training.supervised.options import LossOptions
from piaa_tf.training.supervised.step import Losses

DISTRIBUTION_LOSSES = {"mse": distribution_loss, "emd": emd_loss}


def task_losses(options: LossOptions) -> Losses:
    """Makes the weighted losses of whichever tasks a network has.

    Args:
        options: which distribution loss, and the weights.

    Returns:
        (outputs, targets) -> name -> loss of each sample [batch].
    """
    aesthetics_loss = DISTRIBUTION_LOSSES[options.distribution_loss]

    def losses(outputs: Mapping, targets: Mapping) -> dict[str, tf.Tensor]:
        values = {}
        if "distribution" in targets:
            values["distribution"] = options.distribution_weight * aesthetics_loss(
                outputs["distribution"], targets["distribution"]
            )
        if "traits" in targets:
            values["traits"] = options.traits_weight * trait_loss(
                outputs["traits"], targets["traits"]
            )
        return values

    return losses


def aesthetics_stream(samples: ScoreDistributions, part: StreamPart) -> tf.data.Dataset:
    """Draws the aesthetics stream: {aesthetics_image}, {distribution}."""
    batches = part.batches(samples.paths, samples.probabilities)
    return batches.map(
        lambda image, target: ({"aesthetics_image": image}, {"distribution": target})
    )


def personality_stream(samples: LikedImages, part: StreamPart) -> tf.data.Dataset:
    """Draws the personality stream: {personality_image}, {traits}."""
    batches = part.batches(samples.paths, samples.traits)
    return batches.map(
        lambda image, target: ({"personality_image": image}, {"traits": target})
    )


def both_streams(
    aesthetics: ScoreDistributions, personality: LikedImages, part: StreamPart
) -> tf.data.Dataset:
    """Draws both, each in its own order: all inputs, all targets."""
    streams = (
        aesthetics_stream(aesthetics, part),
        personality_stream(personality, part.other_order()),
    )
    return tf.data.Dataset.zip(streams).map(
        lambda a, p: ({**a[0], **p[0]}, {**a[1], **p[1]})
    )
