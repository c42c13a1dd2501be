"""A linear ranking learned from pairs: RankSVM (Joachims, KDD 2002)."""

from __future__ import annotations

import numpy as np
from sklearn.svm import LinearSVC

from piaa_tf.errors import InputError


def rank_pairs(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    cost: float,
    min_gap: float,
    max_pairs: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Learns weights with which the better of two images scores higher by a margin.

    Args:
        features: [n, F].
        labels: [n]; higher is better.
        cost: C of the support vector machine; large values trust the pairs.
        min_gap: least difference of labels between the images of a pair; > 0.
        max_pairs: most pairs to learn from; of more, this many are drawn.
        generator: draws them.

    Returns:
        [F] weights; zeros where no image is better than another.

    Raises:
        InputError: min_gap is not > 0; equal images have no order.
    """
    if not min_gap > 0:
        raise InputError(f"min_gap must be > 0. Got {min_gap}.")
    first, second = np.triu_indices(len(labels), k=1)
    gap = labels[first] - labels[second]
    pairs = np.flatnonzero(np.abs(gap) >= min_gap)
    if not len(pairs):
        return np.zeros(features.shape[1])
    if len(pairs) > max_pairs:
        pairs = generator.choice(pairs, max_pairs, replace=False)
    differences = features[first[pairs]] - features[second[pairs]]
    differences *= np.sign(gap[pairs])[:, np.newaxis]
    # Two classes: each pair with the better image first, and each pair reversed.
    machine = LinearSVC(C=cost, fit_intercept=False, dual=False)
    machine.fit(
        np.concatenate([differences, -differences]),
        np.repeat([1, -1], len(differences)),
    )
    return machine.coef_[0]
