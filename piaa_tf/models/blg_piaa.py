"""BLG-PIAA's network: image -> score, every weight of which a user may adapt.

Zhu et al., IEEE TCYB 2020; the slides "Personalized Image Aesthetics Assessment via
Meta-learning". The same network, trained on average scores instead, is the prior of the
baseline BA-PIAA.
"""

from __future__ import annotations

import tensorflow as tf

from piaa_tf.models.backbones.catalog import build_backbone
from piaa_tf.models.config import BlgPiaaConfig
from piaa_tf.models.heads import build_trunk


def build(
    config: BlgPiaaConfig, *, weights: str | None = None, sync_batch_norm: bool = False
) -> tf.keras.Model:
    """Builds f_theta.

    Args:
        config: the network's shape.
        weights: the backbone's start: None, "imagenet" or a path.
        sync_batch_norm: whether batch statistics span the replicas.

    Returns:
        A functional model `image` float32 [batch, S, S, 3] in 0..255 -> `score`
        [batch, 1] float32, in [0, 1] where the link is a sigmoid.
    """
    backbone = build_backbone(
        config.backbone,
        image_size=config.image_size,
        features=config.features,
        weights=weights,
        sync_batch_norm=sync_batch_norm,
    )
    trunk = build_trunk(
        "score_trunk",
        input_size=backbone.output_shape[-1],
        sizes=config.head_sizes,
        dropout=config.dropout,
        sync_batch_norm=sync_batch_norm,
    )
    image = tf.keras.Input([config.image_size] * 2 + [3], name="image")
    score = tf.keras.layers.Dense(
        1, activation=config.link, name="score", dtype="float32"
    )(trunk(backbone(image)))
    return tf.keras.Model(image, {"score": score}, name="blg_piaa")


def one_image(model: tf.keras.Model, config: BlgPiaaConfig) -> tf.keras.Model:
    """Wires the same layers to give the embedding beside the score.

    Args:
        model: the network of `build`; its layers and weights are shared, not copied.
        config: the config it was built from.

    Returns:
        A functional model `image` -> `score` [batch, 1] and `embedding` [batch, D],
        the deep features before the linear unit.
    """
    image = tf.keras.Input([config.image_size] * 2 + [3], name="image")
    deep = model.get_layer("score_trunk")(model.get_layer(config.backbone)(image))
    return tf.keras.Model(
        image,
        {"score": model.get_layer("score")(deep), "embedding": deep},
        name="blg_piaa_one_image",
    )


def unit_score(head_weights: tf.Tensor, deep: tf.Tensor, link: str) -> tf.Tensor:
    """Scores deep features by the last linear unit.

    Args:
        head_weights: kernel and bias, flat [users, D + 1].
        deep: [users, images, D].
        link: "sigmoid" or "linear".

    Returns:
        [users, images], in [0, 1] where the link is a sigmoid.
    """
    kernel, bias = tf.split(head_weights, [deep.shape[-1], 1], axis=-1)
    linear = tf.linalg.matvec(deep, kernel) + bias
    return tf.sigmoid(linear) if link == "sigmoid" else linear
