"""PA_IAA: score distribution and Big-Five traits from one backbone, fused per user.

Li et al., IEEE TIP 2020; the slides "Personality-assisted Multi-task Learning". Stage
one is a Siamese network: aesthetics and personality images pass through one backbone
with one set of weights. Stage two fuses: s_b = s_a + W_b s_p.

The fusion is a pure function of tensors, because it is called with one user's weights
when adapting, with many users' rows when serving, and on a phone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from piaa_tf.models.backbones.catalog import build_backbone
from piaa_tf.models.config import PaIaaConfig
from piaa_tf.models.heads import build_trunk
from piaa_tf.ratings import TRAITS

STREAMS = {"distribution": "aesthetics", "traits": "personality"}
"""The stream of images that each task learns from."""


def build(
    config: PaIaaConfig, *, weights: str | None = None, sync_batch_norm: bool = False
) -> tf.keras.Model:
    """Builds stage one: the Siamese multi-task network.

    Args:
        config: the network's shape.
        weights: the backbone's start: None, "imagenet" or a path.
        sync_batch_norm: whether batch statistics span the replicas.

    Returns:
        A functional model with the inputs `aesthetics_image` and `personality_image`,
        float32 [batch, S, S, 3] in 0..255, and the outputs `distribution`
        [batch, bins], rows summing to one, and `traits` [batch, 5] in (-1, 1), both
        float32. With one task it has only that stream.
    """
    backbone = build_backbone(
        config.backbone,
        image_size=config.image_size,
        features=config.features,
        weights=weights,
        sync_batch_norm=sync_batch_norm,
    )
    inputs, outputs = {}, {}
    for task in config.tasks:
        stream = STREAMS[task]
        image = tf.keras.Input([config.image_size] * 2 + [3], name=f"{stream}_image")
        trunk = build_trunk(
            f"{stream}_trunk",
            input_size=backbone.output_shape[-1],
            sizes=config.head_sizes,
            dropout=config.dropout,
            sync_batch_norm=sync_batch_norm,
        )
        inputs[f"{stream}_image"] = image
        outputs[task] = _task_output(task, config)(trunk(backbone(image)))
    return tf.keras.Model(inputs, outputs, name="pa_iaa")


def _task_output(task: str, config: PaIaaConfig) -> tf.keras.layers.Layer:
    if task == "distribution":
        return tf.keras.layers.Dense(
            len(config.bin_scores),
            activation="softmax",
            name="distribution",
            dtype="float32",
        )
    return tf.keras.layers.Dense(
        len(TRAITS), activation="tanh", name="traits", dtype="float32"
    )


def one_image(model: tf.keras.Model, config: PaIaaConfig) -> tf.keras.Model:
    """Wires the same layers to one image: what is predicted of it.

    Args:
        model: the network of `build`; its layers and weights are shared, not copied.
        config: the config it was built from.

    Returns:
        A functional model `image` [batch, S, S, 3] -> the task outputs of `build`,
        and `embedding` [batch, D] (see `embedding_sizes`).
    """
    image = tf.keras.Input([config.image_size] * 2 + [3], name="image")
    features = model.get_layer(config.backbone)(image)
    outputs, embedding = {}, []
    if config.fusion == "network":
        embedding.append(features)
    for task in config.tasks:
        deep = model.get_layer(f"{STREAMS[task]}_trunk")(features)
        outputs[task] = model.get_layer(task)(deep)
        embedding.append(deep if task == "distribution" else outputs[task])
    outputs["embedding"] = (
        tf.keras.layers.Concatenate(name="embedding", dtype="float32")(embedding)
        if len(embedding) > 1
        else embedding[0]
    )
    return tf.keras.Model(image, outputs, name="pa_iaa_one_image")


def embedding_sizes(model: tf.keras.Model, config: PaIaaConfig) -> list[int]:
    """Returns the lengths of the parts of an embedding, in order.

    The backbone's features (where the fusion is a network), the aesthetic deep
    features d_a, and the traits s_p: all that any user's score is made of.

    Args:
        model: the network of `build`.
        config: its config.

    Returns:
        One length per part.
    """
    sizes = []
    if config.fusion == "network":
        sizes.append(model.get_layer(config.backbone).output_shape[-1])
    for task in config.tasks:
        part = f"{STREAMS[task]}_trunk" if task == "distribution" else "traits"
        sizes.append(model.get_layer(part).output_shape[-1])
    return sizes


def distribution_mean(
    head_weights: tf.Tensor, deep: tf.Tensor, bin_scores: Sequence[float]
) -> tf.Tensor:
    """Scores d_a by the mean of its distribution: the generic score s_a.

    The slides' softmax of W_a^T d_a, then the sum of n p_n over the bins.

    Args:
        head_weights: W_a and its bias, flat [users, D_a * bins + bins].
        deep: d_a, [users, images, D_a].
        bin_scores: the score of each bin.

    Returns:
        [users, images], within the bins' range.
    """
    bins, size = len(bin_scores), deep.shape[-1]
    kernel, bias = tf.split(head_weights, [size * bins, bins], axis=-1)
    kernel = tf.reshape(kernel, [-1, size, bins])
    probabilities = tf.nn.softmax(tf.matmul(deep, kernel) + tf.expand_dims(bias, 1))
    return tf.linalg.matvec(probabilities, tf.constant(bin_scores, deep.dtype))


def fusion_vector(weights: tf.Tensor, traits: tf.Tensor) -> tf.Tensor:
    """Computes W_b s_p with W_b a vector per user, as on the slides.

    Args:
        weights: W_b, [users, 5].
        traits: s_p, [users, images, 5].

    Returns:
        What is added to the generic score, [users, images].
    """
    return tf.linalg.matvec(traits, weights)


def fusion_network(
    weights: tf.Tensor,
    features: tf.Tensor,
    traits: tf.Tensor,
    sizes: Sequence[int],
) -> tf.Tensor:
    """Computes W_b(x) s_p with W_b a network of the image, as in the released code.

    Dense layers with ReLU and a tanh at the end. The released one also has batch norm,
    left out here: it would standardise one user's ten images against each other.

    Args:
        weights: all layers' kernels and biases, flat [users, P].
        features: the backbone's features, [users, images, F].
        traits: s_p, [users, images, 5].
        sizes: hidden widths.

    Returns:
        What is added to the generic score, [users, images].
    """
    layers = fusion_network_shapes(features.shape[-1], sizes)
    parts = tf.split(weights, [n for i, o in layers for n in (i * o, o)], axis=-1)
    hidden = features
    for k, (fan_in, fan_out) in enumerate(layers):
        kernel = tf.reshape(parts[2 * k], [-1, fan_in, fan_out])
        hidden = tf.matmul(hidden, kernel) + tf.expand_dims(parts[2 * k + 1], 1)
        hidden = tf.tanh(hidden) if k == len(layers) - 1 else _relu(hidden)
    return tf.reduce_sum(hidden * traits, axis=-1)


def _relu(values: tf.Tensor) -> tf.Tensor:
    # Not tf.nn.relu: its gradient, which a phone's inner loop computes, is not one
    # of TFLite's operators.
    return tf.where(values > 0, values, tf.zeros_like(values))


def fusion_network_shapes(num_features: int, sizes: Sequence[int]) -> list[tuple]:
    """Returns (inputs, outputs) of each dense layer of the fusion network."""
    widths = [num_features, *sizes, len(TRAITS)]
    return list(itertools.pairwise(widths))


def initial_fusion(config: PaIaaConfig, num_features: int, seed: int = 0) -> np.ndarray:
    """Returns the fusion's start, at which the personal score is the generic one.

    Zeros for the vector; for the network N(0, 0.02) as released, but a last layer of
    zeros, so that an unknown user's score is the prior's.

    Args:
        config: the network's shape.
        num_features: F, the backbone's features.
        seed: of the normal draws.

    Returns:
        Flat weights, float32 [P].
    """
    if config.fusion == "vector":
        return np.zeros(len(TRAITS), np.float32)
    generator = np.random.default_rng(seed)
    shapes = fusion_network_shapes(num_features, config.fusion_sizes)
    parts = [
        np.concatenate([generator.normal(0, 0.02, i * o), np.zeros(o)])
        for i, o in shapes[:-1]
    ]
    i, o = shapes[-1]
    return np.concatenate([*parts, np.zeros(i * o + o)]).astype(np.float32)
