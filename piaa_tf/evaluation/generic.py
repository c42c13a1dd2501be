"""Generic aesthetics: how well a prior predicts what people give on average."""

from __future__ import annotations

import numpy as np

from piaa_tf.adaptation.predict import predict
from piaa_tf.data.samples import PersonalRatings, ScoreDistributions
from piaa_tf.metrics import accuracy, mean_emd, plcc, srocc
from piaa_tf.models.prior import Prior
from piaa_tf.training.generic import average_scores


def score_metrics(
    prior: Prior,
    samples: ScoreDistributions | PersonalRatings,
) -> dict[str, float]:
    """Measures generic scores against the mean over raters.

    Args:
        prior: predicts a distribution or a score.
        samples: pictures held out from its training.

    Returns:
        `score_srocc`, `score_plcc`, `score_acc` (threshold: the middle of the range)
        and, for distributions, `score_emd` (r = 1, the published evaluation).
    """
    images, truth = average_scores(samples)
    outputs = predict(prior, [samples.photos / image for image in images])
    if "distribution" in outputs:
        mean = outputs["distribution"] @ np.array(prior.config.bin_scores, np.float32)
        predicted = prior.config.score_range.to_unit(mean)
    else:
        predicted = outputs["score"][:, 0]
    metrics = {
        "score_srocc": srocc(predicted, truth),
        "score_plcc": plcc(predicted, truth),
        "score_acc": accuracy(predicted, truth, threshold=0.5),
    }
    if "distribution" in outputs and isinstance(samples, ScoreDistributions):
        metrics["score_emd"] = mean_emd(
            outputs["distribution"], samples.probabilities, r=1
        )
    return metrics
