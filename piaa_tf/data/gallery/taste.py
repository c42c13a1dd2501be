"""What people like: shared taste, taste by personality, and taste of one's own.

A person's score of a photo is linear in 20 features of its attributes and content,
plus a few products of them. Weights by trait have the signs that studies of
personality and art or image preference report (Chamorro-Premuzic et al. 2009; Segalin
et al. 2017, the PsychoFlickr set); their magnitudes are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from piaa_tf.data.gallery.config import TasteShares
from piaa_tf.data.gallery.scene import (
    ATTRIBUTES,
    CONTENTS,
    Scene,
    attribute_table,
    draw_scene,
)
from piaa_tf.ratings import TRAITS

# feature: (shared weight, spread of personal weights,
#           weights of openness, conscientiousness, extraversion, agreeableness,
#           neuroticism). Composition counts less than light and colour, which small
# networks see better.
_WEIGHTS = {
    "thirds": (0.25, 0.4, (0.10, 0.15, 0.00, 0.05, 0.00)),
    "symmetry": (0.15, 0.5, (-0.15, 0.25, -0.10, 0.10, 0.00)),
    "depth_of_field": (0.25, 1.0, (0.20, 0.00, 0.10, 0.30, 0.40)),
    "harmony": (0.18, 0.4, (0.00, 0.15, 0.00, 0.20, -0.10)),
    "colourfulness": (0.30, 1.2, (0.40, -0.20, 0.60, 0.10, -0.40)),
    "contrast": (0.28, 1.0, (0.30, -0.10, 0.30, -0.40, 0.40)),
    "brightness": (0.12, 1.2, (-0.30, 0.20, 0.50, 0.50, -0.70)),
    "warmth": (0.08, 1.2, (-0.20, 0.00, 0.50, 0.50, -0.60)),
    "busyness": (-0.12, 0.8, (0.40, -0.60, 0.30, -0.20, 0.20)),
    "sharpness": (0.25, 0.6, (-0.30, 0.40, 0.10, 0.00, -0.20)),
    "sea": (0.20, 1.2, (0.00, 0.30, -0.40, 0.20, 0.20)),
    "mountain": (0.25, 1.2, (0.40, 0.10, -0.30, 0.00, 0.00)),
    "field": (0.00, 1.2, (-0.10, 0.20, 0.00, 0.40, -0.10)),
    "city": (-0.15, 1.2, (0.20, -0.10, 0.40, -0.50, 0.10)),
    "forest": (0.05, 1.2, (0.40, 0.00, -0.50, 0.10, 0.30)),
    "portrait": (0.15, 1.2, (-0.50, 0.10, 0.80, 0.20, 0.00)),
    "flower": (0.20, 1.2, (-0.30, 0.20, 0.00, 0.60, -0.20)),
    "night": (-0.10, 1.2, (0.50, -0.30, -0.20, -0.40, 0.60)),
    # Few like the darkest and the brightest best: squares of the two.
    "brightness_squared": (-0.25, 0.6, (0.10, 0.10, 0.00, 0.10, -0.10)),
    "contrast_squared": (-0.12, 0.4, (0.10, -0.10, 0.00, -0.10, 0.10)),
}
FEATURES = tuple(_WEIGHTS)
"""What taste is linear in, in the order of every `features` array."""

_SHARED = np.array([shared for shared, _, _ in _WEIGHTS.values()])
_SPREAD = np.array([spread for _, spread, _ in _WEIGHTS.values()])
_BY_TRAIT = np.array([weights for _, _, weights in _WEIGHTS.values()])
# Correlations between the Big Five, in the order of TRAITS: signs and order of
# magnitude as in the meta-analysis of van der Linden et al. 2010 (J. Res. Pers. 44).
_TRAIT_CORRELATIONS = np.array(
    [
        [1.00, 0.05, 0.25, 0.10, -0.10],
        [0.05, 1.00, 0.15, 0.25, -0.25],
        [0.25, 0.15, 1.00, 0.15, -0.25],
        [0.10, 0.25, 0.15, 1.00, -0.25],
        [-0.10, -0.25, -0.25, -0.25, 1.00],
    ]
)
_TRAIT_SPREAD = 0.45
_NUM_PRODUCTS = 20
_REFERENCE_SEED = 900_001
_REFERENCE_SCENES = 3000
_REFERENCE_PEOPLE = 4000


@dataclass(frozen=True)
class PhotoFeatures:
    """What people see in N photos.

    Attributes:
        features: [N, 20], each of mean 0 and variance 1 over all photos.
        products: [N, 20], products of two features, standardised alike.
    """

    features: np.ndarray
    products: np.ndarray

    def __getitem__(self, index: np.ndarray | slice) -> PhotoFeatures:
        """Picks photos."""
        return PhotoFeatures(self.features[index], self.products[index])


@dataclass(frozen=True)
class People:
    """P simulated people.

    Attributes:
        traits: [P, 5] Big Five in [-1, 1], in the order of `TRAITS`.
        own_weights: [P, 20] personal weights of the features.
        product_weights: [P, 20] personal weights of the products.
        means: [P] mean of their ratings on 1..5.
        spreads: [P] standard deviation of their ratings, before they are rounded.
    """

    traits: np.ndarray
    own_weights: np.ndarray
    product_weights: np.ndarray
    means: np.ndarray
    spreads: np.ndarray

    def __len__(self) -> int:
        """Returns the number of people."""
        return len(self.traits)


def photo_features(scenes: Sequence[Scene]) -> PhotoFeatures:
    """Computes what taste depends on.

    Args:
        scenes: N scenes.

    Returns:
        Their features and products, standardised by a reference sample of scenes.
    """
    reference = _reference()
    features = (_raw_features(scenes) - reference.feature_mean) / reference.feature_sd
    products = _raw_products(features)
    return PhotoFeatures(
        features, (products - reference.product_mean) / reference.product_sd
    )


def draw_people(count: int, rng: np.random.Generator) -> People:
    """Draws people from the one population of all galleries."""
    root = np.linalg.cholesky(_TRAIT_CORRELATIONS)
    traits = _TRAIT_SPREAD * rng.standard_normal((count, len(TRAITS))) @ root.T
    return People(
        # As many digits as the files keep.
        traits=np.round(np.clip(traits, -1, 1), 4),
        own_weights=rng.standard_normal((count, len(FEATURES))) * _SPREAD,
        product_weights=rng.standard_normal((count, _NUM_PRODUCTS)),
        means=3.1 + 0.25 * rng.standard_normal(count),
        spreads=rng.uniform(0.8, 1.2, count),
    )


def shared_scores(photos: PhotoFeatures, shares: TasteShares) -> np.ndarray:
    """Scores by the taste common to all: [N], in units of a rating's deviation."""
    scale = np.sqrt(shares.shared / _reference().shared_variance)
    return scale * (photos.features @ _SHARED)


def personal_scores(
    photos: PhotoFeatures, people: People, shares: TasteShares
) -> np.ndarray:
    """Scores by each person's whole taste, without the noise of rating.

    Args:
        photos: N photos.
        people: P people.
        shares: how much each part of taste counts.

    Returns:
        [N, P]; with noise of variance `shares.noise` added the variance over photos
        is 1 on average over people.
    """
    reference = _reference()
    weights = (
        np.sqrt(shares.trait / reference.trait_variance) * people.traits @ _BY_TRAIT.T
        + np.sqrt(shares.idiosyncratic / reference.own_variance) * people.own_weights
    )
    own_products = (
        np.sqrt(shares.interaction / reference.product_variance)
        * people.product_weights
    )
    return (
        shared_scores(photos, shares)[:, None]
        + photos.features @ weights.T
        + photos.products @ own_products.T
    )


@dataclass(frozen=True)
class _Reference:
    """Means and variances over the reference sample, which set all scales."""

    feature_mean: np.ndarray
    feature_sd: np.ndarray
    product_mean: np.ndarray
    product_sd: np.ndarray
    shared_variance: float
    trait_variance: float
    own_variance: float
    product_variance: float


@cache
def _reference() -> _Reference:
    """Draws the reference sample; the mean variance of w'f is trace(cov(f) E[ww'])."""
    scenes = [draw_scene(_REFERENCE_SEED, i) for i in range(_REFERENCE_SCENES)]
    raw = _raw_features(scenes)
    features = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    products = _raw_products(features)
    covariance = np.cov(features.T, bias=True)
    rng = np.random.default_rng(_REFERENCE_SEED)
    traits = draw_people(_REFERENCE_PEOPLE, rng).traits
    by_trait = traits @ _BY_TRAIT.T
    spread = products.std(axis=0)
    standard = (products - products.mean(axis=0)) / spread
    return _Reference(
        feature_mean=raw.mean(axis=0),
        feature_sd=raw.std(axis=0),
        product_mean=products.mean(axis=0),
        product_sd=spread,
        shared_variance=float(_SHARED @ covariance @ _SHARED),
        trait_variance=float(np.mean(((by_trait @ covariance) * by_trait).sum(axis=1))),
        own_variance=float(np.sum(np.diag(covariance) * _SPREAD**2)),
        product_variance=float(np.sum(standard.var(axis=0))),
    )


def _raw_features(scenes: Sequence[Scene]) -> np.ndarray:
    """Returns attributes, content as one of eight, and two squares: [N, 20]."""
    attributes = attribute_table(scenes)
    content = np.array([CONTENTS.index(scene.content) for scene in scenes], int)
    middle = attributes - 0.5
    squares = middle[:, [ATTRIBUTES.index(n) for n in ("brightness", "contrast")]] ** 2
    return np.concatenate([attributes, np.eye(len(CONTENTS))[content], squares], axis=1)


def _raw_products(features: np.ndarray) -> np.ndarray:
    """Returns products of attributes with an attribute or content, fixed by a seed."""
    rng = np.random.default_rng((_REFERENCE_SEED, 1))
    first = rng.integers(0, len(ATTRIBUTES), _NUM_PRODUCTS)
    second = rng.integers(0, len(ATTRIBUTES) + len(CONTENTS), _NUM_PRODUCTS)
    return features[:, first] * features[:, second]
