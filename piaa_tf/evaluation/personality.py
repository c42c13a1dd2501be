"""Personality: how well a prior predicts the traits of those who like a picture."""

from __future__ import annotations

from piaa_tf.adaptation.predict import predict
from piaa_tf.contract import TRAITS
from piaa_tf.data.samples import LikedImages
from piaa_tf.metrics import srocc
from piaa_tf.models.prior import Prior


def trait_metrics(prior: Prior, samples: LikedImages) -> dict[str, float]:
    """Correlates predicted traits with the likers', picture by picture.

    Args:
        prior: predicts traits.
        samples: likes of people held out from its training.

    Returns:
        `srocc_TRAIT` for each of the five.
    """
    predicted = predict(prior, samples.paths)["traits"]
    return {
        f"srocc_{trait}": srocc(predicted[:, i], samples.traits[:, i])
        for i, trait in enumerate(TRAITS)
    }
