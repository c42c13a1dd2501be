"""Scores of a phone's files, beside those of the network they were made from."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.tflite.phone_export import PhoneExport
from export.tflite.phone_runtime import PhoneFile
from piaa_tf.metrics import srocc


def network_scores(export: PhoneExport, image: np.ndarray) -> np.ndarray:
    """Scores images by TensorFlow, in float32, for the export's user.

    Args:
        export: what was exported.
        image: float32 [n, S, S, 3] in 0..255.

    Returns:
        float32 [n], in the rating range.
    """
    score = tf.function(export.functions("fp32").score_image)
    one = (score(square[np.newaxis])["score"].numpy() for square in image)
    return np.concatenate(list(one))


def phone_scores(
    folder: str | os.PathLike[str],
    image: np.ndarray,
    user_weights: np.ndarray,
    runtime: str | None = None,
) -> np.ndarray:
    """Scores images by the files of a format.

    Args:
        folder: of the format.
        image: float32 [n, S, S, 3] in 0..255.
        user_weights: float32 [P], where the files take them: `on_phone`.
        runtime: as of `PhoneFile`.

    Returns:
        float32 [n], in the rating range.
    """
    folder = Path(folder)
    squares = [square[np.newaxis] for square in image]
    if (folder / "score.tflite").exists():
        own = PhoneFile(folder / "score.tflite", runtime=runtime)
        return np.concatenate([own("score", image=s)["score"] for s in squares])
    embed = PhoneFile(folder / "embed.tflite", runtime=runtime)
    head = PhoneFile(folder / "head.tflite", runtime=runtime)
    weights = user_weights[np.newaxis]
    embedded = (embed("embed", image=square) for square in squares)
    scores = [head("score", **e, user_weights=weights)["score"] for e in embedded]
    return np.concatenate(scores)


def difference(scores: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Compares scores of the same images.

    >>> difference(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.5]))["max_error"]
    0.5

    Args:
        scores: [n].
        reference: what they should be.

    Returns:
        Mean and largest error, and SROCC between the two orders.
    """
    error = np.abs(scores - reference)
    return {
        "mean_error": float(error.mean()),
        "max_error": float(error.max()),
        "srocc": srocc(scores, reference),
    }
