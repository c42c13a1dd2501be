"""Networks of Keras Applications, made to fit in: names, preprocessing, randomness.

What comes from there differs from the other backbones in three ways, mended here. Its
preprocessing is outside, or inside for some. Some layers are named by a counter of the
process, so that the second network of a kind has other variable names than the first.
And EfficientNet-V2 drops by a hidden state (see `dropout`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

import tensorflow as tf

from piaa_tf.models.backbones.preprocessing import Scaling, preprocess
from piaa_tf.models.backbones.pretrained import explained_download
from piaa_tf.models.layers.dropout import StatelessDropout


def build(
    builder: Callable[..., tf.keras.Model],
    *,
    name: str,
    scaling: Scaling,
    options: dict[str, Any],
    image_size: int,
    features: Literal["pooled", "logits"] = "pooled",
    download: bool = False,
    sync_batch_norm: bool = False,
) -> tf.keras.Model:
    """Builds one of the networks from pixels to features.

    Args:
        builder: the function of `tf.keras.applications`.
        name: name of the model.
        scaling: the preprocessing it was trained with.
        options: arguments of the builder beside the usual ones.
        image_size: S, height and width of the input in pixels.
        features: "pooled" is the global average of the last feature map; "logits" is
            the 1000-way classifier without its softmax.
        download: whether to start from ImageNet weights, fetched through Keras.
        sync_batch_norm: whether batch statistics span the replicas.

    Returns:
        A functional model `image` RGB float32 [batch, S, S, 3] in 0..255 ->
        `features` float32 [batch, D].

    Raises:
        InputError: The weights cannot be downloaded.
    """
    image = tf.keras.Input([image_size, image_size, 3], name="image")
    ending = (
        {"include_top": False, "pooling": "avg"}
        if features == "pooled"
        else {"include_top": True, "classifier_activation": None}
    )
    with explained_download(name):
        published = builder(
            input_tensor=preprocess(image, scaling),
            weights="imagenet" if download else None,
            **ending,
            **options,
        )
    network = adapt_layers(published, sync_batch_norm=sync_batch_norm)
    output = tf.keras.layers.Activation("linear", name="features", dtype="float32")(
        network.output
    )
    return tf.keras.Model(network.input, output, name=name)


def adapt_layers(
    model: tf.keras.Model, *, sync_batch_norm: bool = False
) -> tf.keras.Model:
    """Copies a model with stable names, stateless dropout and, if asked, synced norms.

    Args:
        model: a functional model.
        sync_batch_norm: whether batch statistics span the replicas.

    Returns:
        A functional model with the same weights; `model` itself where nothing had to
        change.
    """
    names = stable_names([(layer.name, type(layer)) for layer in model.layers])
    copies = {}

    def changes(layer: tf.keras.layers.Layer) -> bool:
        return (
            names[layer.name] != layer.name
            or isinstance(layer, tf.keras.layers.Dropout)
            or (sync_batch_norm and _is_batch_norm(layer))
        )

    def copy(layer: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
        config = {**layer.get_config(), "name": names[layer.name]}
        if sync_batch_norm and _is_batch_norm(layer):
            config["synchronized"] = True
        if isinstance(layer, tf.keras.layers.Dropout):
            copies[layer.name] = StatelessDropout(
                layer.rate, layer.noise_shape, name=names[layer.name]
            )
        else:
            copies[layer.name] = type(layer).from_config(config)
        return copies[layer.name]

    if not any(changes(layer) for layer in model.layers):
        return model
    adapted = tf.keras.models.clone_model(model, clone_function=copy)
    for layer in model.layers:
        if layer.weights:
            copies[layer.name].set_weights(layer.get_weights())
    return adapted


def stable_names(layers: list[tuple[str, type]]) -> dict[str, str]:
    """Numbers the layers that Keras named by its counter afresh from zero.

    >>> conv = tf.keras.layers.Conv2D
    >>> stable_names([("conv2d_9", conv), ("stem", conv), ("conv2d_10", conv)])
    {'conv2d_9': 'conv2d', 'stem': 'stem', 'conv2d_10': 'conv2d_1'}

    Args:
        layers: (name, class) of each layer.

    Returns:
        Each name -> the name in a process that built nothing else; names that someone
        chose stay.
    """
    counted = defaultdict(list)
    for name, layer_class in layers:
        base, number = re.findall(r"^(.+?)(?:_(\d+))?$", name)[0]
        if base == _snake_case(layer_class.__name__) or base.startswith("tf."):
            counted[base].append((int(number or 0), name))
    stable = {name: name for name, _ in layers}
    for base, numbered in counted.items():
        for i, (_, name) in enumerate(sorted(numbered)):
            stable[name] = f"{base}_{i}" if i else base
    return stable


def _snake_case(class_name: str) -> str:
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def _is_batch_norm(layer: tf.keras.layers.Layer) -> bool:
    return isinstance(layer, tf.keras.layers.BatchNormalization)
