"""What a prior says of photos, in batches: of files, or of pixels in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from piaa_tf.data.images import image_batches, input_errors
from piaa_tf.data.photo import Photo
from piaa_tf.errors import InputError
from piaa_tf.files.progress import OnProgress
from piaa_tf.models.prior import Prior


def predict(
    prior: Prior,
    photos: Sequence[Photo],
    *,
    batch_size: int = 64,
    progress: OnProgress | None = None,
) -> dict[str, np.ndarray]:
    """Runs the prior, in inference mode, over each photo once.

    Args:
        prior: the prior.
        photos: N of them, in any forms.
        batch_size: photos per batch; bounds the memory.
        progress: called after each batch.

    Returns:
        The outputs of `Prior.one_image` as float32 arrays [N, ...], `embedding`
        [N, D] among them.

    Raises:
        InputError: A photo cannot be read.
    """
    model = prior.one_image()
    batches = image_batches(
        photos, prior.config.image_size, batch_size, keep_aspect=prior.keep_aspect
    )
    report = _Report(progress, len(photos), batch_size) if progress else None
    with input_errors():
        return model.predict(batches, verbose=0, callbacks=report)


class _Report(tf.keras.callbacks.Callback):
    """Reports after each batch how many photos have passed."""

    def __init__(self, progress: OnProgress, total: int, batch_size: int) -> None:
        super().__init__()
        self._progress, self._total, self._batch_size = progress, total, batch_size

    def on_predict_batch_end(self, batch: int, logs: object = None) -> None:
        self._progress(min((batch + 1) * self._batch_size, self._total), self._total)


def predict_pixels(
    prior: Prior, image: np.ndarray, *, batch_size: int = 64
) -> dict[str, np.ndarray]:
    """Runs the prior, in inference mode, over images in memory.

    Args:
        prior: the prior.
        image: float32 [N, S, S, 3], 0..255, of the prior's size.
        batch_size: images per batch; bounds the memory.

    Returns:
        As `predict`.
    """
    return prior.one_image().predict(image, batch_size=batch_size, verbose=0)


def unit_scores(prior: Prior, outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Reads generic scores out of what a prior predicts.

    Args:
        prior: the prior.
        outputs: of `predict`, for N images.

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
