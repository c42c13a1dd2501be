"""What the classical systems know of a picture: content, attributes, generic score.

- `content`: deep features of a frozen prior, as their first principal components. Ren
  et al. (ICCV 2017) and Kong et al. (ECCV 2016) have features of an image classifier.
- `attribute`: the handcrafted features. Both papers have attributes of AADB, predicted
  by a network that learned them from people's labels; no set here has such labels.
- the generic score: what the prior gives for people in general.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from piaa_tf.adaptation.predict import predict, unit_scores
from piaa_tf.data.samples import Samples
from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines.feature_cache import cached
from piaa_tf.evaluation.baselines.priors import find_prior
from piaa_tf.evaluation.handcrafted import FEATURES, describe_files
from piaa_tf.evaluation.system import Training
from piaa_tf.models.prior import Prior

PARTS = ("content", "attribute")
MAX_CONTENT = 32
"""Principal components of the content; ten ratings tell little of more."""

ROLE = "average"
"""Of the prior that content and generic score come from."""


def described(parts: Sequence[str]) -> str:
    """Names features as the tables do.

    >>> described(["content"]), described(["content", "attribute"])
    ('only content', 'content and attribute')
    """
    return f"only {parts[0]}" if len(parts) == 1 else " and ".join(parts)


@dataclasses.dataclass(frozen=True, eq=False)
class Pictures:
    """The numbers that a system computes with, of N distinct pictures.

    Attributes:
        row_of: image -> row.
        features: float64 [N, F], scaled as the training pictures'.
        generic: float64 [N], the prior's score in 0..1; zeros where there is no prior.
    """

    row_of: Mapping[str, int]
    features: np.ndarray
    generic: np.ndarray

    def rows(self, images: Sequence[str]) -> np.ndarray:
        """Returns the row of each image.

        Raises:
            InputError: An image is not among them.
        """
        missing = [image for image in images if image not in self.row_of]
        if missing:
            raise InputError(
                f"Pictures must be among the {len(self.row_of)} that were prepared. "
                f"Got {missing[0]!r}."
            )
        return np.array([self.row_of[image] for image in images], np.int64)


class PictureFeatures:
    """Turns pictures on disk into `Pictures`, scaled as the training pictures are.

    Attributes:
        role: of the prior that it looks with, or None.
    """

    def __init__(self, parts: Sequence[str], *, with_generic: bool = False) -> None:
        """Chooses what is looked at.

        Args:
            parts: some of `PARTS`, each once.
            with_generic: whether the generic score is wanted of pictures without
                content, too; both come from one prior.

        Raises:
            InputError: A part is unknown or comes twice.
        """
        if not parts or not set(parts) <= set(PARTS) or len(set(parts)) < len(parts):
            raise InputError(f"parts must be some of {PARTS}, each once. Got {parts}.")
        self._parts = tuple(parts)
        self.role = ROLE if with_generic or "content" in parts else None
        self._prior: Prior | None = None

    def fit(self, training: Training, system: str, samples: Samples) -> Pictures:
        """Learns means and deviations.

        Args:
            training: gives the prior, and the folder in which numbers are kept.
            system: who asks.
            samples: of the training split.

        Returns:
            Their distinct pictures.
        """
        self._work_dir = training.work_dir
        if self.role is not None:
            self._prior = find_prior(self.role, training, system)
        paths = _distinct_paths(samples)
        raw = self._raw(paths)
        self._scalers = {
            part: StandardScaler() if part == "attribute" else Components()
            for part in self._parts
        }
        for part, scaler in self._scalers.items():
            scaler.fit(raw[part])
        return self._scaled(paths, raw)

    def look(self, samples: Samples) -> Pictures:
        """Gives the distinct pictures of any samples, scaled as those of `fit`."""
        paths = _distinct_paths(samples)
        return self._scaled(paths, self._raw(paths))

    def _raw(self, paths: Mapping[str, Path]) -> dict[str, np.ndarray]:
        files = list(paths.values())
        raw = {"generic": np.zeros(len(files))}
        if "attribute" in self._parts:
            raw |= cached(
                self._work_dir / "handcrafted",
                (*FEATURES,),
                files,
                lambda: {"attribute": describe_files(files)},
            )
        if self._prior is not None:
            raw |= cached(
                self._work_dir / "content",
                (self._prior.checksum(),),
                files,
                functools.partial(_predicted, self._prior, files),
            )
        return raw

    def _scaled(
        self, paths: Mapping[str, Path], raw: Mapping[str, np.ndarray]
    ) -> Pictures:
        features = [self._scalers[part].transform(raw[part]) for part in self._parts]
        return Pictures(
            row_of={image: row for row, image in enumerate(paths)},
            features=np.concatenate(features, axis=1, dtype=np.float64),
            generic=raw["generic"].astype(np.float64),
        )


def _distinct_paths(samples: Samples) -> dict[str, Path]:
    return dict(zip(samples.images, samples.paths))


def _predicted(prior: Prior, files: Sequence[Path]) -> dict[str, np.ndarray]:
    outputs = predict(prior, files)
    return {
        "content": outputs["embedding"],
        "generic": unit_scores(prior, outputs),
    }


class Components:
    """Principal components, with mean 0 and, on average over them, variance 1."""

    def fit(self, raw: np.ndarray) -> Components:
        """Learns the components of [N, D]."""
        # "full" has no random start: the same components on every run.
        components = PCA(min(MAX_CONTENT, *raw.shape), svd_solver="full")
        self._pipeline = make_pipeline(StandardScaler(), components).fit(raw)
        self._spread = np.sqrt(max(components.explained_variance_.mean(), 1e-12))
        return self

    def transform(self, raw: np.ndarray) -> np.ndarray:
        """Projects [N, D] onto the components, [N, C]."""
        return self._pipeline.transform(raw) / self._spread
