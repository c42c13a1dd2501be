"""What a model server answers: one dataclass per signature, named by the contract.

Arrays have a row per photo, in the order of the request. Where `image_ok` is false
the photo could not be read, and every number of its row is NaN.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """Of `score`.

    Attributes:
        score: float32 [batch], in the export's rating range.
        known_user: bool [batch]; where false, the score is the prior's.
        image_ok: bool [batch].
    """

    score: np.ndarray
    known_user: np.ndarray
    image_ok: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Generic:
    """Of `generic`: what people in general are expected to say.

    Attributes:
        mean_score: float32 [batch], in the export's rating range.
        image_ok: bool [batch].
        distribution: float32 [batch, bins], or None where the prior predicts none.
    """

    mean_score: np.ndarray
    image_ok: np.ndarray
    distribution: np.ndarray | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Personality:
    """Of `personality`: of those who like the photo.

    Attributes:
        traits: float32 [batch, 5], in the order of `ratings.TRAITS`, in [-1, 1].
        image_ok: bool [batch].
    """

    traits: np.ndarray
    image_ok: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Embeddings:
    """Of `embed`.

    Attributes:
        embedding: float32 [batch, D], of this version of the model alone.
        image_ok: bool [batch].
    """

    embedding: np.ndarray
    image_ok: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class EmbeddingScores:
    """Of `score_embedding`.

    Attributes:
        score: float32 [batch].
        known_user: bool [batch]; where false, the score is the prior's.
    """

    score: np.ndarray
    known_user: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class WeightScores:
    """Of `score_with_weights`.

    Attributes:
        score: float32 [batch].
    """

    score: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Saliency:
    """Of `explain`.

    Attributes:
        saliency: float32 [batch, H, W], how much the score depends on each pixel of the
            network's input.
        image_ok: bool [batch].
    """

    saliency: np.ndarray
    image_ok: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class AdaptedWeights:
    """Of `adapt`, for one user.

    Attributes:
        user_weights: float32 [P]; the prior's where there is a problem.
        problem: why the ratings could not be adapted to, in a sentence; empty where
            they could (`support_ok`).
    """

    user_weights: np.ndarray
    problem: str


@dataclasses.dataclass(frozen=True, eq=False)
class AdaptedScores:
    """Of `adapt_and_score`, for one user.

    Attributes:
        score: float32 [M], by the prior where there is a problem.
        image_ok: bool [M].
        user_weights: float32 [P]; the prior's where there is a problem.
        problem: as of `AdaptedWeights`.
    """

    score: np.ndarray
    image_ok: np.ndarray
    user_weights: np.ndarray
    problem: str


RESULTS = {
    "score": Scores,
    "generic": Generic,
    "personality": Personality,
    "embed": Embeddings,
    "score_embedding": EmbeddingScores,
    "score_with_weights": WeightScores,
    "explain": Saliency,
}
"""The result of each signature whose rows are photos."""


def joined(results: list[Any]) -> Any:
    """Puts the rows of results of one kind one after the other.

    Args:
        results: at least one; all of one version's shapes.
    """
    kind = type(results[0])
    columns = {}
    for field in dataclasses.fields(kind):
        parts = [getattr(result, field.name) for result in results]
        columns[field.name] = None if parts[0] is None else np.concatenate(parts)
    return kind(**columns)
