"""Which weights of a prior belong to the user, and the score they give.

- `fusion`: PA_IAA's W_b, five weights a user (or its network).
- `head`: the last linear layer of the score head.
- `all`: every weight. The part behind the embedding, head and fusion together, is
  described here too; the rest is a private copy of the network
  (`private_network.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from piaa_tf.adaptation.inner import ScoreFunction
from piaa_tf.errors import InputError
from piaa_tf.models import blg_piaa, pa_iaa
from piaa_tf.models.config import PaIaaConfig
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import RatingRange

SCOPES = ("fusion", "head", "all")


@dataclass(frozen=True, eq=False)
class PersonalScore:
    """A user's score as a pure function of the user's weights.

    Attributes:
        scope: one of `SCOPES`.
        prior_weights: the weights at which the score is the prior's, float32 [P].
        score: (weights [users, P], embedding [users, images, D]) -> [users, images],
            in the user's rating range.
        num_head: how many of the weights, from the first, are the linear layer's; the
            others are the fusion's.
    """

    scope: str
    prior_weights: np.ndarray
    score: ScoreFunction
    num_head: int


def personal_score(
    prior: Prior, scope: str, rating_range: RatingRange
) -> PersonalScore:
    """Describes the user's part of a prior.

    Args:
        prior: the prior.
        scope: one of `SCOPES`.
        rating_range: the range in which the user rates.

    Returns:
        The `PersonalScore`.

    Raises:
        InputError: The scope is unknown, or the prior has no such weights.
    """
    check_scope(scope)
    describe = {"pa_iaa": _pa_iaa_score, "blg_piaa": _blg_piaa_score}[prior.kind]
    return describe(prior, scope, rating_range)


def check_scope(scope: str) -> None:
    """Refuses a scope that does not exist.

    Raises:
        InputError: The scope is unknown.
    """
    if scope not in SCOPES:
        raise InputError(f"scope must be one of {SCOPES}. Got {scope!r}.")


def default_scope(prior: Prior) -> str:
    """Returns the cheapest scope of a prior: fusion if it has traits, else head."""
    has_traits = prior.kind == "pa_iaa" and "traits" in prior.config.tasks
    return "fusion" if has_traits else "head"


def head_layer(prior: Prior) -> tf.keras.layers.Layer:
    """Returns the last linear layer of the score head.

    Raises:
        InputError: The prior predicts traits alone.
    """
    name = {"pa_iaa": "distribution", "blg_piaa": "score"}[prior.kind]
    if prior.kind == "pa_iaa" and name not in prior.config.tasks:
        raise InputError(
            "A personal score needs a prior that predicts scores. Got one that "
            f"predicts {prior.config.tasks} alone. Train with --target=distribution or "
            "piaa-train-multitask."
        )
    return prior.model.get_layer(name)


def head_weights(prior: Prior) -> np.ndarray:
    """Returns the last linear layer, kernel then bias, flat float32."""
    kernel, bias = head_layer(prior).get_weights()
    return np.concatenate([kernel.reshape(-1), bias])


def _pa_iaa_score(prior: Prior, scope: str, rating_range: RatingRange) -> PersonalScore:
    config = prior.config
    head = head_weights(prior)
    has_traits = "traits" in config.tasks
    if scope == "fusion" and not has_traits:
        raise InputError(
            "scope 'fusion' needs a prior that predicts traits. Got one that predicts "
            f"{config.tasks} alone. Use --scope=head, or piaa-train-multitask's prior."
        )
    sizes = pa_iaa.embedding_sizes(prior.model, config)
    num_features = sizes[0] if config.fusion == "network" else 0
    fusion = (
        pa_iaa.initial_fusion(config, num_features)
        if has_traits and scope != "head"
        else np.zeros(0, np.float32)
    )

    def score(weights: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        features, deep, traits = _parts(embedding, sizes, config)
        if scope == "fusion":
            user_head, user_fusion = tf.constant(head)[tf.newaxis], weights
        else:
            user_head, user_fusion = tf.split(weights, [head.size, fusion.size], -1)
        mean = pa_iaa.distribution_mean(user_head, deep, config.bin_scores)
        generic = rating_range.from_unit(config.score_range.to_unit(mean))
        if fusion.size == 0:
            return generic
        if config.fusion == "vector":
            return generic + pa_iaa.fusion_vector(user_fusion, traits)
        return generic + pa_iaa.fusion_network(
            user_fusion, features, traits, config.fusion_sizes
        )

    start = fusion if scope == "fusion" else np.concatenate([head, fusion])
    num_head = 0 if scope == "fusion" else head.size
    return PersonalScore(scope, prior_weights=start, score=score, num_head=num_head)


def _parts(
    embedding: tf.Tensor, sizes: list[int], config: PaIaaConfig
) -> list[tf.Tensor | None]:
    """Splits an embedding into features, d_a and traits; None where it has none."""
    parts = tf.split(embedding, sizes, axis=-1)
    features = parts.pop(0) if config.fusion == "network" else None
    return [features, parts[0], parts[1] if len(parts) > 1 else None]


def _blg_piaa_score(
    prior: Prior, scope: str, rating_range: RatingRange
) -> PersonalScore:
    if scope == "fusion":
        raise InputError(
            "scope 'fusion' belongs to a pa_iaa prior. Got a blg_piaa prior. "
            "Use --scope=head or --scope=all."
        )
    link = prior.config.link

    def score(weights: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        return rating_range.from_unit(blg_piaa.unit_score(weights, embedding, link))

    head = head_weights(prior)
    return PersonalScore(scope, prior_weights=head, score=score, num_head=head.size)
