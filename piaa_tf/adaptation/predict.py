"""What a prior says of pictures on disk, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from piaa_tf.data.images import image_batches, input_errors
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
