"""A prior on disk: weights, config, metrics; enough to rebuild it without its run.

`weights.npz` holds every variable under its name, `config.json` the kind, the model's
config and how it was trained, `metrics.json` what was measured.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import atomic_folder
from piaa_tf.models import blg_piaa, pa_iaa
from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig

KINDS = {
    "pa_iaa": (PaIaaConfig, pa_iaa),
    "blg_piaa": (BlgPiaaConfig, blg_piaa),
}
FORMAT = 1


@dataclasses.dataclass(frozen=True, eq=False)
class Prior:
    """A trained network that knows taste in general.

    Attributes:
        kind: a key of `KINDS`.
        config: the model's config, of the kind's class.
        model: the network as trained (`pa_iaa.build` or `blg_piaa.build`).
        training: how it was trained, as plain data.
        metrics: what was measured on it, name -> number.
    """

    kind: str
    config: Any
    model: tf.keras.Model
    training: dict[str, Any] = dataclasses.field(default_factory=dict)
    metrics: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def keep_aspect(self) -> bool:
        """Whether images are cropped to the square, as in training, or squeezed."""
        return bool(self.training.get("keep_aspect", False))

    def one_image(self) -> tf.keras.Model:
        """Wires one image to the outputs and the `embedding`; weights are shared."""
        return self._one_image

    @functools.cached_property
    def _one_image(self) -> tf.keras.Model:
        return KINDS[self.kind][1].one_image(self.model, self.config)

    def weights(self) -> dict[str, np.ndarray]:
        """Returns every variable's value under its name."""
        return named_weights(self.model)

    def checksum(self) -> str:
        """Returns the SHA-256 of kind, config and weights: the prior's identity."""
        digest = hashlib.sha256(
            json.dumps(
                [self.kind, dataclasses.asdict(self.config)], sort_keys=True
            ).encode()
        )
        for name, value in sorted(self.weights().items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()


def build_prior(
    kind: str,
    config: Any,
    *,
    weights: str | None = None,
    sync_batch_norm: bool = False,
    training: dict[str, Any] | None = None,
) -> Prior:
    """Builds an untrained prior.

    Args:
        kind: a key of `KINDS`.
        config: of that kind's class.
        weights: the backbone's start: None, "imagenet", a file, or the folder of a
            prior of any kind with the same backbone.
        sync_batch_norm: whether batch statistics span the replicas.
        training: how it is trained, or will be.

    Returns:
        The prior.

    Raises:
        InputError: The weights do not fit.
    """
    prior_dir = weights if weights is not None and os.path.isdir(weights) else None
    model = KINDS[kind][1].build(
        config,
        weights=weights if prior_dir is None else None,
        sync_batch_norm=sync_batch_norm,
    )
    if prior_dir is not None:
        source = load_prior(prior_dir)
        if source.config.backbone != config.backbone:
            raise InputError(
                f"The prior in {prior_dir} must have the backbone {config.backbone}. "
                f"Got {source.config.backbone}. Pass --backbone, or another prior."
            )
        backbone = source.model.get_layer(config.backbone)
        assign_weights(model.get_layer(config.backbone), named_weights(backbone))
    return Prior(kind, config, model, training=training or {})


def named_weights(model: tf.keras.Model) -> dict[str, np.ndarray]:
    """Reads every variable of a model under its name.

    Raises:
        ValueError: Two variables share a name.
    """
    names = [variable.name for variable in model.weights]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Every variable needs its own name. Got twice: {twice}.")
    return dict(zip(names, model.get_weights()))


def assign_weights(model: tf.keras.Model, values: dict[str, np.ndarray]) -> None:
    """Writes named values into a model's variables, all of them or none.

    Raises:
        InputError: A variable is missing, unexpected, or of another shape.
    """
    shapes = {v.name: tuple(v.shape) for v in model.weights}
    problems = [f"missing {name}" for name in shapes if name not in values]
    problems += [f"unexpected {name}" for name in values if name not in shapes]
    problems += [
        f"{name} of shape {values[name].shape} where {shape} is needed"
        for name, shape in shapes.items()
        if name in values and values[name].shape != shape
    ]
    if problems:
        raise InputError(
            f"Weights must fit the {len(shapes)} variables of {model.name}. "
            f"Got {len(problems)} that do not: {'; '.join(problems[:3])}. "
            "Load them into the model whose config was saved with them."
        )
    model.set_weights([values[v.name] for v in model.weights])


def save_prior(prior: Prior, directory: str | os.PathLike[str]) -> None:
    """Writes a prior; the directory appears, or is replaced, as a whole.

    Args:
        prior: the prior.
        directory: where; an earlier prior there is replaced.
    """
    described = {
        "format": FORMAT,
        "kind": prior.kind,
        "model": dataclasses.asdict(prior.config),
        "training": prior.training,
        "checksum": prior.checksum(),
    }
    with atomic_folder(directory, replace=True) as folder:
        np.savez(folder / "weights.npz", **prior.weights())
        for name, content in (("config", described), ("metrics", prior.metrics)):
            (folder / f"{name}.json").write_text(
                json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8"
            )


def load_prior(directory: str | os.PathLike[str]) -> Prior:
    """Reads a prior back and checks that it is whole.

    Args:
        directory: what `save_prior` wrote.

    Returns:
        The prior, its model rebuilt from the config.

    Raises:
        InputError: Files are missing or broken, the config has an unknown kind or
            key, or the weights do not fit it or its checksum.
    """
    directory = Path(directory)
    described = _read_json(directory / "config.json")
    metrics = _read_json(directory / "metrics.json")
    kind = described.get("kind")
    if kind not in KINDS or described.get("format") != FORMAT:
        raise InputError(
            f"{directory}/config.json must be of format {FORMAT} and a kind in "
            f"{sorted(KINDS)}. Got format {described.get('format')!r}, kind {kind!r}."
        )
    config = config_from_dict(KINDS[kind][0], described.get("model", {}))
    prior = dataclasses.replace(
        build_prior(kind, config, training=described.get("training", {})),
        metrics=metrics,
    )
    try:
        with np.load(directory / "weights.npz", allow_pickle=False) as weights:
            assign_weights(prior.model, dict(weights))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{directory}/weights.npz must hold this prior's weights. Got: {error}"
        ) from error
    if prior.checksum() != described.get("checksum"):
        raise InputError(
            f"The weights in {directory} must have the checksum in its config.json. "
            f"Got {prior.checksum()[:12]} instead of "
            f"{str(described.get('checksum'))[:12]}. Copy the whole folder again."
        )
    return prior


def config_from_dict(config_class: type, values: dict[str, Any]) -> Any:
    """Builds a config dataclass from plain data; lists become tuples.

    Raises:
        InputError: A key is unknown.
    """
    known = {field.name for field in dataclasses.fields(config_class)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(
            f"A {config_class.__name__} has the keys {sorted(known)}. Got {unknown}."
        )
    return config_class(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            "A prior is a folder with config.json, metrics.json and weights.npz. "
            f"Got {path}: {reason}. Give the folder `prior` of a finished run."
        ) from error
