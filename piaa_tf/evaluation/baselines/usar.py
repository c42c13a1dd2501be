"""USAR: a ranking by a user's own set of images and by photography's rules.

Lv et al., *USAR: an Interactive User-specific Aesthetic Ranking Framework for Images*,
ACM MM 2018 (arXiv:1805.01091), in two modules. PPR, primary personalized ranking:
images most similar to those that the user chose are retrieved into the user's own set,
on which a ranking is learned. PAD, personalized aesthetic distribution: on that set a
model of handcrafted attributes is learned, which combines preference and rules.

As in the paper: the two modules, the retrieval by deep features, and that PPR feeds
PAD. Different: PPR is a linear ranking of frozen features instead of a fine-tuned
AlexNet; the user chooses and corrects nothing, since the protocol provides ratings
alone. Unknown: how the retrieved images are labelled, how many there are, PAD's model
and its attributes. Here the label of a retrieved image is its generic score plus the
rated image's deviation from its own generic score, PAD is a support vector regressor of
the deviation, and the constants are chosen on validation users.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from sklearn.neighbors import NearestNeighbors

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines.image_features import (
    FeatureTable,
    ImageFeatures,
)
from piaa_tf.evaluation.baselines.pair_ranking import rank_pairs
from piaa_tf.evaluation.baselines.regressor import (
    REGRESSORS,
    STARS,
    Regressor,
    num_weights,
)
from piaa_tf.evaluation.baselines.tuning import choose_settings, nearest
from piaa_tf.evaluation.baselines.user_model import UserModel
from piaa_tf.evaluation.system import PersonalModel, Training

MODULES = ("PPR", "PAD")
NUM_RETRIEVED = 5
"""Training images retrieved for each rated one."""

MIN_GAP, MAX_PAIRS = 0.5, 1000
"""Least difference of labels in a pair, in stars; most pairs that are learned from."""


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """What is known about N images.

    Attributes:
        content: [N, D].
        attributes: [N, A].
        generic: [N], generic scores in stars, 0..4.
    """

    content: np.ndarray
    attributes: np.ndarray
    generic: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Seen:
        """Selects images."""
        return Seen(self.content[rows], self.attributes[rows], self.generic[rows])

    def __add__(self, other: Seen) -> Seen:
        """Appends other images."""
        return Seen(
            np.concatenate([self.content, other.content]),
            np.concatenate([self.attributes, other.attributes]),
            np.concatenate([self.generic, other.generic]),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class LinearRank:
    """A linear ranking of images, with mean 0 and deviation 1 where it was learned.

    Attributes:
        weights: [D + 1], of content and generic score.
        mean: subtracted from the scores.
        spread: what they are divided by.
    """

    weights: np.ndarray
    mean: float = 0.0
    spread: float = 1.0

    def __call__(self, seen: Seen) -> np.ndarray:
        """Scores N images."""
        linear = seen.content @ self.weights[:-1] + seen.generic * self.weights[-1]
        return (linear - self.mean) / self.spread


@dataclasses.dataclass(frozen=True)
class Ranker:
    """Constants of PPR's ranking.

    Attributes:
        cost: C of the support vector machine; large values trust the pairs, small ones
            stay with the generic order.
        trust: how many times less the generic score's weight is shrunk than the
            content's; so large that it barely shrinks at any of the costs tried.
    """

    cost: float
    trust: float = 300.0

    def fit(
        self, own: Seen, labels: np.ndarray, *, generator: np.random.Generator
    ) -> LinearRank:
        """Learns to rank pairs of the user's own set.

        Args:
            own: n images.
            labels: [n], in stars.
            generator: draws pairs if there are too many.

        Returns:
            The ranking; the generic one where no image is clearly better.
        """
        weights = rank_pairs(
            np.column_stack([own.content, self.trust * own.generic]),
            labels,
            cost=self.cost,
            min_gap=MIN_GAP,
            max_pairs=MAX_PAIRS,
            generator=generator,
        )
        weights[-1] *= self.trust
        if not weights.any():
            weights[-1] = 1.0
        scores = LinearRank(weights)(own)
        return LinearRank(weights, scores.mean(), max(scores.std(), 1e-9))


RANKERS = tuple(Ranker(cost) for cost in (1e-5, 1e-6, 1e-7, 1e-4))


class Usar:
    """The system; see the module."""

    is_costly = False

    def __init__(self, modules: Sequence[str]) -> None:
        """Chooses the modules.

        Args:
            modules: "PPR", "PAD" or both, in this order.

        Raises:
            InputError: The modules are anything else.
        """
        if tuple(modules) not in (("PPR",), ("PAD",), MODULES):
            raise InputError(
                f"modules must be PPR, PAD or both in this order. Got {modules}."
            )
        self.name = f"USAR_{'&'.join(modules)}"
        self._modules = tuple(modules)
        self._content = ImageFeatures(["content"])
        self.role = self._content.role
        self._attributes = ImageFeatures(["attribute"])

    def fit(self, training: Training) -> None:
        """Prepares the images to retrieve from, and chooses the constants."""
        ratings = training.samples(PersonalRatings, self.name)
        content = self._content.fit(training, self.name, ratings)
        attributes = self._attributes.fit(training, self.name, ratings)
        self._seed = training.seed
        self._database = _seen(content, attributes)
        count = min(NUM_RETRIEVED, len(self._database.content))
        self._nearest = NearestNeighbors(n_neighbors=count, algorithm="brute")
        self._nearest.fit(self._database.content)
        validation = training.validation.get(PersonalRatings)
        if validation is not None:
            self.prepare(validation)
        self._rankers: dict[int, Ranker] = {}
        self._regressors: dict[int, Regressor] = {}
        if "PPR" in self._modules:
            self._rankers = choose_settings(
                self._ranked, RANKERS, training, system=self.name
            )
        if "PAD" in self._modules:
            self._regressors = choose_settings(
                self._regressed, REGRESSORS, training, system=self.name
            )

    def prepare(self, ratings: PersonalRatings) -> None:
        """Computes the images' features, and retrieves what is most similar to each."""
        self._range = ratings.rating_range
        self._table = self._content.look(ratings)
        self._prepared = _seen(self._table, self._attributes.look(ratings))
        self._retrieved = self._nearest.kneighbors(
            self._prepared.content, return_distance=False
        )

    def prior(self) -> PersonalModel:
        """Returns the generic score."""
        return UserModel(0, lambda images: self._ratings(self._of(images).generic))

    def adapt(self, support: PersonalRatings) -> PersonalModel:
        """Collects the user's own set and learns the modules on it."""
        if not self._regressors:
            return self._ranked(support, nearest(self._rankers, len(support)))
        return self._regressed(support, nearest(self._regressors, len(support)))

    def _ranked(self, support: PersonalRatings, ranker: Ranker) -> PersonalModel:
        """Learns PPR alone."""
        rank = self._rank(ranker, *self._own_set(support))
        return UserModel(len(rank.weights), lambda images: rank(self._of(images)))

    def _regressed(
        self, support: PersonalRatings, regressor: Regressor
    ) -> PersonalModel:
        """Learns PAD, on top of PPR if that is used."""
        own, deviation = self._own_set(support)
        rank = None
        if self._rankers:
            ranker = nearest(self._rankers, len(support))
            rank = self._rank(ranker, own, deviation)
        svr = regressor.fit(_rules(own, rank), deviation)

        def predict(images: Sequence[str]) -> np.ndarray:
            seen = self._of(images)
            return self._ratings(seen.generic + svr.predict(_rules(seen, rank)))

        ranking = 0 if rank is None else len(rank.weights)
        return UserModel(num_weights(svr) + ranking, predict)

    def _own_set(self, support: PersonalRatings) -> tuple[Seen, np.ndarray]:
        """Returns rated and retrieved images, and how far each deviates, [n]."""
        rows = self._table.rows(support.images)
        stars = STARS * self._range.to_unit(support.ratings)
        deviation = stars - self._prepared.generic[rows]
        retrieved = self._retrieved[rows]
        passed_on = np.repeat(deviation, retrieved.shape[1])
        return (
            self._prepared[rows] + self._database[retrieved.ravel()],
            np.concatenate([deviation, passed_on]),
        )

    def _rank(self, ranker: Ranker, own: Seen, deviation: np.ndarray) -> LinearRank:
        generator = np.random.default_rng(self._seed)
        return ranker.fit(own, own.generic + deviation, generator=generator)

    def _ratings(self, stars: np.ndarray) -> np.ndarray:
        return self._range.from_unit(stars / STARS)

    def _of(self, images: Sequence[str]) -> Seen:
        return self._prepared[self._table.rows(images)]


def _seen(content: FeatureTable, attributes: FeatureTable) -> Seen:
    return Seen(content.features, attributes.features, STARS * content.generic)


def _rules(seen: Seen, rank: LinearRank | None) -> np.ndarray:
    """Returns what PAD learns from: attributes and, if PPR is used, its ranking."""
    if rank is None:
        return seen.attributes
    return np.column_stack([seen.attributes, rank(seen)])
