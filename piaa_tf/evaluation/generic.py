"""Generic aesthetics: how well a prior predicts what people give on average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from piaa_tf.adaptation.predict import predict, unit_scores
from piaa_tf.data.samples import PersonalRatings, ScoreDistributions, average_scores
from piaa_tf.metrics import accuracy, mean_emd, plcc, srocc
from piaa_tf.models.prior import Prior


def prior_outputs(prior: Prior, paths: Sequence[Path]) -> dict[str, np.ndarray]:
    """Predicts everything that needs no user.

    Args:
        prior: of any kind.
        paths: of N images.

    Returns:
        Those of `score` [N] on [0, 1] (a distribution's mean, mapped), `distribution`
        [N, bins] and `traits` [N, 5] that the prior predicts.
    """
    outputs = predict(prior, paths)
    found: dict[str, np.ndarray] = {
        name: outputs[name] for name in ("distribution", "traits") if name in outputs
    }
    if "distribution" in outputs or "score" in outputs:
        found["score"] = unit_scores(prior, outputs)
    return found


def compare_scores(
    outputs: Mapping[str, np.ndarray], samples: ScoreDistributions | PersonalRatings
) -> dict[str, float]:
    """Measures predicted scores against the mean over raters.

    Args:
        outputs: `score` [N] on [0, 1] and perhaps `distribution` [N, bins], one row
            for each image of `average_scores(samples)`.
        samples: the scores that people gave.

    Returns:
        `score_srocc`, `score_plcc`, `score_acc` (threshold: the middle of the range)
        and, for distributions, `score_emd` (r = 1, the published evaluation).
    """
    truth = average_scores(samples)[1]
    metrics = {
        "score_srocc": srocc(outputs["score"], truth),
        "score_plcc": plcc(outputs["score"], truth),
        "score_acc": accuracy(outputs["score"], truth, threshold=0.5),
    }
    if "distribution" in outputs and isinstance(samples, ScoreDistributions):
        metrics["score_emd"] = mean_emd(
            outputs["distribution"], samples.probabilities, r=1
        )
    return metrics


def score_metrics(
    prior: Prior,
    samples: ScoreDistributions | PersonalRatings,
) -> dict[str, float]:
    """Measures a prior's scores against the mean over raters.

    Args:
        prior: predicts a distribution or a score.
        samples: images held out from its training.

    Returns:
        What `compare_scores` returns.
    """
    images, _ = average_scores(samples)
    outputs = prior_outputs(prior, [samples.photos / image for image in images])
    return compare_scores(outputs, samples)
