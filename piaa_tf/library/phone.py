"""Tastes on a phone: TFLite files, and how far their scores are from TensorFlow's."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from export.tflite.phone_export import PhoneExport
from export.tflite.phone_scores import difference, network_scores, phone_scores
from export.tflite.save import check_formats, save_phone_files
from piaa_tf.data.images import load_images
from piaa_tf.errors import InputError
from piaa_tf.library.albums import Photos, open_album
from piaa_tf.library.methods import graph_adaptation

if TYPE_CHECKING:
    from piaa_tf.library.tastes import Tastes
    from piaa_tf.models.prior import Prior


@dataclasses.dataclass(frozen=True)
class PhoneFormat:
    """One format of a phone's files.

    Attributes:
        name: such as fp16.
        folder: with its files and its manifest.
        num_photos: how many photos its scores were compared on.
        difference: mean_error, max_error and srocc of its scores against TensorFlow's;
            empty if there were fewer than two photos.
    """

    name: str
    folder: Path
    num_photos: int
    difference: dict[str, float]


def write_phone_files(
    tastes: Tastes,
    out: str | os.PathLike[str],
    *,
    user_id: str,
    formats: Sequence[str],
    photos: Photos | None,
    num_photos: int,
    steps: int | None,
    rate: float | None,
    max_support: int,
) -> list[PhoneFormat]:
    """Writes a folder of files for each format, and compares their scores.

    Args:
        tastes: the prior, and the tastes of users.
        out: folder of the folders.
        user_id: whose taste; empty for the prior's.
        formats: any of fp32, fp16, dynamic_int8, full_int8, on_phone.
        photos: representative ones; full_int8 needs them, all are compared on them.
        num_photos: how many of them at most, evenly spread.
        steps: of adam in on_phone; None for the scope's.
        rate: of adam in on_phone; None for the scope's.
        max_support: the most ratings that on_phone adapts to.

    Returns:
        What was written, in the order of the formats.

    Raises:
        InputError: A format is unknown or needs photos, the user has no taste, or a
            photo cannot be read.
    """
    check_formats(formats, photos is not None)
    prior, adapted = tastes.prior.trained, tastes.adapted
    [row] = adapted.rows([user_id])
    if user_id and row < 0:
        raise InputError(
            f"user_id must have a taste. Got {user_id!r}; there are "
            f"{tastes.some_users()}. Adapt with piaa-adapt, or leave user_id out."
        )
    export = PhoneExport(
        prior,
        adapted.scope,
        adapted.rating_range,
        graph_adaptation(
            adapted.scope, steps=steps, rate=rate, max_support=max_support
        ),
        user_id=user_id,
        user_weights=adapted.weights[row] if user_id else None,
        user_network=adapted.network(user_id, prior) if user_id else None,
        adapted_by=adapted.adapted_by,
    )
    image = _representative(prior, photos, num_photos)
    save_phone_files(export, formats, out, image)
    return [
        PhoneFormat(
            name, Path(out) / name, len(image), _difference(export, name, out, image)
        )
        for name in formats
    ]


def _representative(prior: Prior, photos: Photos | None, num_photos: int) -> np.ndarray:
    """Loads some photos, evenly spread, as the prior sees them; none where none are."""
    size = prior.config.image_size
    if photos is None:
        return np.zeros([0, size, size, 3], np.float32)
    paths = open_album(photos).paths
    chosen = np.linspace(0, len(paths) - 1, min(len(paths), num_photos))
    return load_images([paths[int(i)] for i in chosen], size, prior.keep_aspect)


def _difference(
    export: PhoneExport,
    format_name: str,
    out: str | os.PathLike[str],
    image: np.ndarray,
) -> dict[str, float]:
    if len(image) < 2:
        return {}
    if format_name == "on_phone":
        # It holds the prior's network: with scope `all`, not the user's.
        export = dataclasses.replace(export, user_network=None)
    weights = export.functions("fp32").user_weights
    return difference(
        phone_scores(Path(out) / format_name, image, weights),
        network_scores(export, image),
    )
