"""What the classical systems know about an image: content, attributes, generic score.

- `content`: the first principal components of a frozen prior's deep features. Ren et
  al. (ICCV 2017) and Kong et al. (ECCV 2016) use features of an image classifier.
- `attribute`: the handcrafted features. Both papers use attributes of AADB, predicted
  by a network that learned them from people's labels; no set here has such labels.
- the generic score: what the prior predicts for people in general.
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
"""Most principal components of the content; ten ratings say little about more."""

ROLE = "average"
"""Role of the prior that content and generic score come from."""


def described(parts: Sequence[str]) -> str:
    """Returns the name of features in the tables.

    >>> described(["content"]), described(["content", "attribute"])
    ('only content', 'content and attribute')
    """
    return f"only {parts[0]}" if len(parts) == 1 else " and ".join(parts)


@dataclasses.dataclass(frozen=True, eq=False)
class FeatureTable:
    """The numbers that a system computes with, one row for each of N distinct images.

    Attributes:
        row_of: image -> row.
        features: float64 [N, F], scaled as the training images'.
        generic: float64 [N], the prior's score in 0..1; zeros without a prior.
    """

    row_of: Mapping[str, int]
    features: np.ndarray
    generic: np.ndarray

    def rows(self, images: Sequence[str]) -> np.ndarray:
        """Returns the row of each image.

        Raises:
            InputError: An image is not in the table.
        """
        missing = [image for image in images if image not in self.row_of]
        if missing:
            raise InputError(
                f"Images must be among the {len(self.row_of)} that were prepared. "
                f"Got {missing[0]!r}."
            )
        return np.array([self.row_of[image] for image in images], np.int64)


class ImageFeatures:
    """Computes a `FeatureTable` of images on disk, scaled as the training images.

    Attributes:
        role: of the prior that it uses, or None.
    """

    def __init__(self, parts: Sequence[str], *, with_generic: bool = False) -> None:
        """Chooses the parts.

        Args:
            parts: some of `PARTS`, each once.
            with_generic: whether the generic score is computed even without the
                content; both come from one prior.

        Raises:
            InputError: A part is unknown or given twice.
        """
        if not parts or not set(parts) <= set(PARTS) or len(set(parts)) < len(parts):
            raise InputError(f"parts must be some of {PARTS}, each once. Got {parts}.")
        self._parts = tuple(parts)
        self.role = ROLE if with_generic or "content" in parts else None
        self._prior: Prior | None = None

    def fit(self, training: Training, system: str, samples: Samples) -> FeatureTable:
        """Learns means and deviations.

        Args:
            training: gives the prior, and the folder in which numbers are kept.
            system: name of the system, for messages.
            samples: of the training split.

        Returns:
            The table of their distinct images.
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

    def look(self, samples: Samples) -> FeatureTable:
        """Returns the table of any samples' distinct images, scaled as in `fit`."""
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
    ) -> FeatureTable:
        features = [self._scalers[part].transform(raw[part]) for part in self._parts]
        return FeatureTable(
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
