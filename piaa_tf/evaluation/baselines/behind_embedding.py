"""Systems that adapt the weights behind a frozen embedding: head or fusion."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from piaa_tf.adaptation.adapt import InnerLoop, SupportAdapter, score_users
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.ridge import RidgeFit, ridge_supports
from piaa_tf.adaptation.scopes import PersonalScore, personal_score
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.baselines.priors import find_prior
from piaa_tf.evaluation.baselines.tuning import choose_settings, nearest
from piaa_tf.evaluation.system import Training
from piaa_tf.models.prior import Prior

Method = InnerLoop | RidgeFit


@dataclasses.dataclass(frozen=True, eq=False)
class EmbeddingModel:
    """One user's weights over embeddings that all users share."""

    personal: PersonalScore
    weights: np.ndarray
    embeddings: dict[str, np.ndarray]
    num_weights: int

    def predict(self, images: Sequence[str]) -> np.ndarray:
        """Scores images by their names, [N]."""
        embedding = np.stack([self.embeddings[image] for image in images])
        return score_users(self.personal, self.weights[np.newaxis], embedding)[0]


class BehindEmbedding:
    """A prior that stays as it is, but for the weights of a scope."""

    def __init__(
        self, name: str, role: str, scope: str, methods: Sequence[Method]
    ) -> None:
        """Takes its name in the tables, its prior's role and what to choose from."""
        self.name, self._role, self._scope = name, role, scope
        self._methods = methods
        self._embeddings: dict[str, np.ndarray] = {}

    def fit(self, training: Training) -> None:
        """Finds or trains the prior, and chooses how to adapt."""
        self._prior = find_prior(self._role, training, self.name)
        held_out = training.samples(PersonalRatings, self.name, "validation")
        self.rating_range = held_out.rating_range
        self._personal = personal_score(self._prior, self._scope, self.rating_range)
        self.prepare(held_out)
        size = len(next(iter(self._embeddings.values())))
        self._adapter = self.adapter(self._prior, self._personal, size)
        self._chosen = choose_settings(
            self._adapted, self._methods, training, system=self.name
        )

    def adapter(self, prior: Prior, personal: PersonalScore, size: int) -> Callable:
        """Gives what adapts: (embedding [n, D], rating [n], method) -> weights [P].

        Args:
            prior: the frozen network.
            personal: the scope's score.
            size: D.
        """
        by_adam = SupportAdapter(personal, size)

        def adapt(embedding, rating, method: Method) -> np.ndarray:
            if isinstance(method, RidgeFit):
                return ridge_supports(personal, [(embedding, rating)], method)[0]
            return by_adam([(embedding, rating)], method)[0]

        return adapt

    def prepare(self, ratings: PersonalRatings) -> None:
        """Embeds each picture once."""
        names = list(dict.fromkeys(ratings.images))
        outputs = predict(self._prior, [ratings.photos / name for name in names])
        self._embeddings = dict(zip(names, outputs["embedding"]))

    def prior(self) -> EmbeddingModel:
        """Returns the model that all users start from."""
        return self._model(self._personal.prior_weights, 0)

    def adapt(self, support: PersonalRatings) -> EmbeddingModel:
        """Adapts the scope's weights to one user."""
        return self._adapted(support, nearest(self._chosen, len(support)))

    def _adapted(self, support: PersonalRatings, method: Method) -> EmbeddingModel:
        embedding = np.stack([self._embeddings[image] for image in support.images])
        weights = self._adapter(embedding, support.ratings, method)
        return self._model(weights, weights.size)

    def _model(self, weights: np.ndarray, num_weights: int) -> EmbeddingModel:
        return EmbeddingModel(self._personal, weights, self._embeddings, num_weights)
