"""Priors in another precision than they were trained in, and what that changes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import logging

from export.saved_model.save import Export
from piaa_tf.adaptation.adapt import score_users
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.metrics import srocc
from piaa_tf.models.prior import Prior, load_prior


def load_prior_in(precision: str, directory: str | os.PathLike[str]) -> Prior:
    """Loads a prior whose backbone computes in a precision.

    Weights, heads and outputs are float32 whatever the precision, and so is the
    checksum that tastes are compared with.

    Args:
        precision: a Keras policy, such as "mixed_bfloat16".
        directory: of the prior.

    Returns:
        The prior.
    """
    before = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy(precision)
    try:
        return load_prior(directory)
    finally:
        tf.keras.mixed_precision.set_global_policy(before)


def log_difference(
    export: Export, reference: Prior, tastes: Tastes | None, paths: Sequence[Path]
) -> dict[str, float]:
    """Logs how far an export's scores are from those of the prior in float32.

    Args:
        export: in its precision.
        reference: the same prior in float32.
        tastes: users whose scores are compared; the prior's are, too.
        paths: of photos.

    Returns:
        Largest and mean difference of scores, and the lowest SROCC between the two
        rankings that a user gets.
    """
    personal = export.personal()
    weights = personal.prior_weights[np.newaxis]
    if tastes is not None:
        weights = np.concatenate([weights, tastes.weights])
    ours, theirs = (
        score_users(personal, weights, predict(prior, paths)["embedding"])
        for prior in (export.prior, reference)
    )
    difference = np.abs(ours - theirs)
    found = {
        "max_difference": float(difference.max()),
        "mean_difference": float(difference.mean()),
        "min_srocc": min(srocc(own, other) for own, other in zip(ours, theirs)),
    }
    logging.info(
        "%s: scores of %d photos differ from float32's by %.4f at most, %.4f on "
        "average; SROCC with its ranking >= %.4f",
        export.precision,
        len(paths),
        *found.values(),
    )
    return found
