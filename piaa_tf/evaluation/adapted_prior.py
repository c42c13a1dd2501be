"""A prior that adapts to users in a given way, behind its embedding or as a whole.

Both classes are a `PersonalSystem`, so that one loop measures them and every other:

    system = BehindEmbedding("W_b", prior, rating_range, method, scope="fusion")
    system.prepare(ratings)
    results = measure(system, user_splits(ratings, {10: 5}, seed=0))
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from piaa_tf.adaptation.adapt import InnerLoop, SupportAdapter, score_users
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.private_network import PrivateNetwork
from piaa_tf.adaptation.ridge import RidgeFit, ridge_supports
from piaa_tf.adaptation.scopes import PersonalScore, personal_score
from piaa_tf.data.images import load_images
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import RatingRange

Method = InnerLoop | RidgeFit

SCORED_AT_ONCE = 64


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
    """A prior of which only the weights of a scope adapt.

    Attributes:
        name: its name in results and tables.
        rating_range: of the users.
        method: how the weights adapt; may be changed between users.
    """

    def __init__(
        self,
        name: str,
        prior: Prior,
        rating_range: RatingRange,
        method: Method,
        scope: str,
    ) -> None:
        """Takes the prior, and which of its weights are a user's."""
        self.name, self.rating_range, self.method = name, rating_range, method
        self._prior = prior
        self._personal = personal_score(prior, scope, rating_range)
        self._embeddings: dict[str, np.ndarray] = {}
        self._by_adam: SupportAdapter | None = None

    def prepare(self, ratings: PersonalRatings) -> None:
        """Embeds each image once."""
        names = list(dict.fromkeys(ratings.images))
        outputs = predict(self._prior, [ratings.photos / n for n in names])
        self._embeddings = dict(zip(names, outputs["embedding"]))

    def prior(self) -> EmbeddingModel:
        """Returns the model that all users start from."""
        return self._model(self._personal.prior_weights, 0)

    def adapt(self, support: PersonalRatings) -> EmbeddingModel:
        """Adapts the scope's weights to one user."""
        embedding = np.stack([self._embeddings[image] for image in support.images])
        weights = self._adapted_weights(embedding, support.ratings)
        return self._model(weights, weights.size)

    def _adapted_weights(self, embedding: np.ndarray, rating: np.ndarray) -> np.ndarray:
        """Computes one user's weights [P] from embeddings [n, D] and ratings [n]."""
        if isinstance(self.method, RidgeFit):
            support = [(embedding, rating)]
            return ridge_supports(self._personal, support, self.method)[0]
        return self._stepped_weights(embedding, rating, self.method)

    def _stepped_weights(
        self, embedding: np.ndarray, rating: np.ndarray, loop: InnerLoop
    ) -> np.ndarray:
        """Computes the same weights [P] by the steps of an inner loop with Adam."""
        if self._by_adam is None:
            self._by_adam = SupportAdapter(self._personal, embedding.shape[1])
        return self._by_adam([(embedding, rating)], loop)[0]

    def _model(self, weights: np.ndarray, num_weights: int) -> EmbeddingModel:
        return EmbeddingModel(self._personal, weights, self._embeddings, num_weights)


@dataclasses.dataclass(frozen=True)
class NetworkModel:
    """The scores of a network in its present state; valid until the next user."""

    system: WholeNetwork
    num_weights: int

    def predict(self, images: Sequence[str]) -> np.ndarray:
        """Scores images by their names, [N]."""
        return self.system.scores(images)


class WholeNetwork:
    """A prior whose every weight takes a few Adam steps on a user's ratings.

    Attributes:
        name: its name in results and tables.
    """

    def __init__(
        self, name: str, prior: Prior, rating_range: RatingRange, method: InnerLoop
    ) -> None:
        """Copies the prior."""
        self.name = name
        self._network = PrivateNetwork(prior, rating_range, method)
        self._images: dict[str, np.ndarray] = {}

    @property
    def method(self) -> InnerLoop:
        """How the network adapts; may be changed between users."""
        return self._network.loop

    @method.setter
    def method(self, method: InnerLoop) -> None:
        self._network.loop = method

    @property
    def network(self) -> Prior:
        """The network in its present state."""
        return self._network.prior

    def restart(self, prior: Prior) -> None:
        """Makes the next users start from a prior of the same config as the first."""
        self._network.restart(prior)

    def prepare(self, ratings: PersonalRatings) -> None:
        """Remembers the folder of the images; each is read when first needed."""
        self._photos, self._images = ratings.photos, {}

    def prior(self) -> NetworkModel:
        """Returns the network as it was before any user."""
        self._network.forget()
        return NetworkModel(self, 0)

    def adapt(self, support: PersonalRatings) -> NetworkModel:
        """Adapts the network, from the prior, to one user."""
        self._network.adapt(self.pixels(support.images), support.ratings)
        return NetworkModel(self, self._network.num_weights)

    def scores(self, images: Sequence[str]) -> np.ndarray:
        """Scores images with the network in its present state."""
        return np.concatenate(
            [
                self._network.score(self.pixels(images[i : i + SCORED_AT_ONCE]))
                for i in range(0, len(images), SCORED_AT_ONCE)
            ]
        )

    def pixels(self, images: Sequence[str]) -> np.ndarray:
        """Reads images exactly, and keeps them: float32 [N, S, S, 3] in 0..255."""
        new = [image for image in images if image not in self._images]
        paths = [self._photos / image for image in new]
        size, keep_aspect = self.network.config.image_size, self.network.keep_aspect
        read = load_images(paths, size, keep_aspect)
        self._images.update(zip(new, read))
        return np.stack([self._images[image] for image in images])
