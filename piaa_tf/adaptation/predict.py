"""What a prior says of pictures, in batches: of files, or of pixels in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from piaa_tf.data.images import image_batches, input_errors
from piaa_tf.errors import InputError
from piaa_tf.models.prior import Prior


def predict(
    prior: Prior,
    paths: Sequence[Path],
    *,
    batch_size: int = 64,
) -> dict[str, np.ndarray]:
    """Runs the prior, in inference mode, over each picture once.

    Args:
        prior: the prior.
        paths: of N pictures.
        batch_size: pictures per batch; bounds the memory.

    Returns:
        The outputs of `Prior.one_image` as float32 arrays [N, ...], `embedding`
        [N, D] among them.

    Raises:
        InputError: A picture cannot be read.
    """
    model = prior.one_image()
    batches = image_batches(
        paths, prior.config.image_size, batch_size, keep_aspect=prior.keep_aspect
    )
    with input_errors():
        return model.predict(batches, verbose=0)


def predict_pixels(
    prior: Prior, image: np.ndarray, *, batch_size: int = 64
) -> dict[str, np.ndarray]:
    """Runs the prior, in inference mode, over pictures in memory.

    Args:
        prior: the prior.
        image: float32 [N, S, S, 3], 0..255, of the prior's size.
        batch_size: pictures per batch; bounds the memory.

    Returns:
        As `predict`.
    """
    return prior.one_image().predict(image, batch_size=batch_size, verbose=0)


def unit_scores(prior: Prior, outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Reads generic scores out of what a prior predicts.

    Args:
        prior: the prior.
        outputs: of `predict`, for N pictures.

    Returns:
        [N], in 0..1 of the range of scores.

    Raises:
        InputError: The prior predicts traits alone.
    """
    if "distribution" in outputs:
        mean = outputs["distribution"] @ np.array(prior.config.bin_scores, np.float32)
        return prior.config.score_range.to_unit(mean)
    if "score" not in outputs:
        raise InputError(
            "A generic score needs a prior that predicts scores. Got one that predicts "
            "traits alone. Train with --target=score or --target=distribution."
        )
    return outputs["score"][:, 0]
