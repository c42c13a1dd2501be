"""FPMF: feature-based probabilistic matrix factorisation of users' ratings.

O'Donovan et al., *Collaborative Filtering of Color Aesthetics*, CAe 2014: as in
probabilistic matrix factorisation (Salakhutdinov and Mnih 2007) a rating is the product
of a user's and an image's latent vectors, with Gaussian priors on both; but the image's
vector follows from its features by a learned transformation, so that an image without
any rating has one, too. Ren et al. (ICCV 2017) applied it to photos, and the tables
compare with it.

    r_ui = m + b_u + x_i . a_0 + (x_i A) . q_u + noise

with x_i an image's features, q_u [K] a user's taste. As in the paper: the linear
transformation and the maximum a posteriori estimate. Different: it is found by
alternating least squares instead of gradient descent, since each half has a closed
form. Unknown: K, the priors' variances and the features of the published figures; the
first two are chosen on validation users. A new user gets b_u and q_u by a ridge
regression; A stays as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.baselines.image_features import (
    ImageFeatures,
    described,
)
from piaa_tf.evaluation.baselines.regressor import STARS
from piaa_tf.evaluation.baselines.tuning import choose_settings, nearest
from piaa_tf.evaluation.baselines.user_model import UserModel
from piaa_tf.evaluation.system import PersonalModel, Training

ROUNDS, QUICK_ROUNDS = 20, 5


@dataclasses.dataclass(frozen=True)
class Factors:
    """What FPMF depends on.

    Attributes:
        rank: K, length of the latent vectors.
        user_strength: noise over the variance of a user's entries.
        item_strength: noise over the variance of the transformation's entries.
    """

    rank: int
    user_strength: float
    item_strength: float = 10.0


SETTINGS = tuple(
    Factors(rank, strength)
    for strength in (100.0, 10.0, 30.0, 300.0)
    for rank in (5, 10)
)


@dataclasses.dataclass(frozen=True, eq=False)
class Factorisation:
    """What is learned from training users' ratings.

    Attributes:
        settings: rank and strengths.
        mean: m, the mean rating.
        shared: a_0 [F], the taste that all share.
        transformation: A [F, K], from features to latent vectors.
    """

    settings: Factors
    mean: float
    shared: np.ndarray
    transformation: np.ndarray

    def generic(self, features: np.ndarray) -> np.ndarray:
        """Scores images [N, F] for a user about whom nothing is known."""
        return self.mean + features @ self.shared

    def user(
        self, features: np.ndarray, ratings: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Estimates b_u and q_u [K] from one user's features [n, F] and ratings [n]."""
        latent = features @ self.transformation
        lack = ratings - self.generic(features)
        centred = latent - latent.mean(axis=0)
        normal = centred.T @ centred
        normal.flat[:: len(normal) + 1] += self.settings.user_strength
        taste = np.linalg.solve(normal, centred.T @ (lack - lack.mean()))
        return float(lack.mean() - latent.mean(axis=0) @ taste), taste


def factorise(
    rated: Sequence[tuple[np.ndarray, np.ndarray]],
    settings: Factors,
    *,
    rounds: int,
    seed: int,
) -> Factorisation:
    """Factorises the ratings of many users by alternating least squares.

    Args:
        rated: for each user the features [n_u, F] of the rated images, and the ratings.
        settings: rank and strengths.
        rounds: how often users and transformation are estimated in turn.
        seed: of the initial transformation.

    Returns:
        The factorisation.
    """
    num_features = rated[0][0].shape[1]
    generator = np.random.default_rng(seed)
    first = generator.normal(size=[num_features, settings.rank]) / np.sqrt(num_features)
    found = Factorisation(
        settings,
        mean=float(np.mean(np.concatenate([ratings for _, ratings in rated]))),
        shared=np.zeros(num_features),
        transformation=first,
    )
    grams = np.stack([features.T @ features for features, _ in rated])
    for _ in range(rounds):
        users = [found.user(features, ratings) for features, ratings in rated]
        found = _transform(found, rated, grams, users)
    return found


def _transform(
    found: Factorisation,
    rated: Sequence[tuple[np.ndarray, np.ndarray]],
    grams: np.ndarray,
    users: Sequence[tuple[float, np.ndarray]],
) -> Factorisation:
    """Estimates a_0 and A, given the users: one ridge regression for all ratings.

    The rows of its design matrix are x_i (x) [1, q_u]. Their normal matrix is a sum of
    Kronecker products over users, so no row needs to be formed.
    """
    tastes = np.stack([taste for _, taste in users])
    # The prior's mean is 0: what all users have in common belongs to a_0.
    tastes -= tastes.mean(axis=0)
    own = np.column_stack([np.ones(len(tastes)), tastes])
    size = grams.shape[1] * own.shape[1]
    outer = own[:, :, np.newaxis] * own[:, np.newaxis]
    normal = np.einsum("uij,ukl->ikjl", grams, outer, optimize=True)
    normal = normal.reshape(size, size)
    normal.flat[:: size + 1] += found.settings.item_strength
    lacks = [
        features.T @ (ratings - found.mean - offset)
        for (features, ratings), (offset, _) in zip(rated, users)
    ]
    right = np.stack(lacks).T @ own
    solved = np.linalg.solve(normal, right.ravel()).reshape(right.shape)
    return dataclasses.replace(found, shared=solved[:, 0], transformation=solved[:, 1:])


class Fpmf:
    """The system; see the module."""

    is_costly = False

    def __init__(self, parts: Sequence[str]) -> None:
        """Chooses the features: "content", "attribute" or both."""
        self.name = f"FPMF ({described(parts)})"
        self._features = ImageFeatures(parts)
        self.role = self._features.role

    def fit(self, training: Training) -> None:
        """Factorises the training ratings, and chooses rank and strength."""
        ratings = training.samples(PersonalRatings, self.name)
        table = self._features.fit(training, self.name, ratings)
        rated = []
        for user in ratings.user_ids():
            own = ratings.of_user(user)
            rows = table.rows(own.images)
            rated.append((table.features[rows], _stars(own)))
        self._factorisations = {
            settings: factorise(
                rated,
                settings,
                rounds=QUICK_ROUNDS if training.is_quick else ROUNDS,
                seed=training.seed,
            )
            for settings in (SETTINGS[:1] if training.is_quick else SETTINGS)
        }
        validation = training.validation.get(PersonalRatings)
        if validation is not None:
            self.prepare(validation)
        self._chosen = choose_settings(
            self._adapt, tuple(self._factorisations), training, system=self.name
        )

    def prepare(self, ratings: PersonalRatings) -> None:
        """Computes the features of the images."""
        self._table = self._features.look(ratings)
        self._range = ratings.rating_range

    def prior(self) -> PersonalModel:
        """Returns the taste that all users share."""
        found = self._factorisations[self._chosen[min(self._chosen)]]
        return UserModel(0, lambda images: self._score(images, found, found.shared))

    def adapt(self, support: PersonalRatings) -> PersonalModel:
        """Learns the user's offset and latent vector."""
        return self._adapt(support, nearest(self._chosen, len(support)))

    def _adapt(self, support: PersonalRatings, settings: Factors) -> PersonalModel:
        found = self._factorisations[settings]
        rows = self._table.rows(support.images)
        offset, taste = found.user(self._table.features[rows], _stars(support))
        own = found.shared + found.transformation @ taste
        return UserModel(
            1 + len(taste), lambda images: self._score(images, found, own, offset)
        )

    def _score(
        self,
        images: Sequence[str],
        found: Factorisation,
        weights: np.ndarray,
        offset: float = 0.0,
    ) -> np.ndarray:
        features = self._table.features[self._table.rows(images)]
        stars = found.mean + offset + features @ weights
        return self._range.from_unit(stars / STARS)


def _stars(ratings: PersonalRatings) -> np.ndarray:
    """Maps ratings of any range to 0..4, so that strengths mean the same."""
    unit = ratings.rating_range.to_unit(ratings.ratings.astype(np.float64))
    return STARS * unit
