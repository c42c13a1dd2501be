"""Scores photos for one user: the user's score beside the prior's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from piaa_tf.adaptation.adapt import score_users
from piaa_tf.adaptation.predict import predict, predict_pixels
from piaa_tf.adaptation.scopes import default_scope, personal_score
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.data.photo import Photo
from piaa_tf.files.progress import OnProgress
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import RatingRange


class UserScorer:
    """One user's scores under a prior; a user without a taste gets the prior's.

    Attributes:
        rating_range: the range of the scores.
    """

    def __init__(
        self,
        prior: Prior,
        tastes: Tastes | None,
        user_id: str,
        rating_range: RatingRange,
    ) -> None:
        """Finds the user's weights.

        Args:
            prior: the prior.
            tastes: adapted from it; None for the prior's own scores.
            user_id: whose.
            rating_range: of the scores, where no tastes are given.

        Raises:
            InputError: The tastes are another prior's, or the network of a user of
                scope `all` is missing.
        """
        if tastes is not None:
            tastes.check_prior(prior.checksum())
        self.rating_range = tastes.rating_range if tastes else rating_range
        scope = tastes.scope if tastes else default_scope(prior)
        self._prior = prior
        self._private = tastes.network(user_id, prior) if tastes else prior
        self._personal = personal_score(prior, scope, self.rating_range)
        row = int(tastes.rows([user_id])[0]) if tastes else -1
        self._weights = tastes.weights[row] if tastes and row >= 0 else None

    @property
    def is_known_user(self) -> bool:
        """Whether there is a taste of the user."""
        return self._weights is not None

    def score(
        self, photos: Sequence[Photo], *, progress: OnProgress | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores photos.

        Args:
            photos: N of them, in any forms.
            progress: called with how many have passed; each photo passes twice for a
                user with a network of their own.

        Returns:
            The user's scores and the prior's, both float32 [N] in `rating_range`'s
            units; equal for a user without a taste.
        """
        is_private = self._private is not self._prior
        total = len(photos) * (2 if is_private else 1)

        def outputs(prior: Prior) -> dict[str, np.ndarray]:
            first = 0 if prior is self._prior else len(photos)
            report = progress and (lambda done, _: progress(first + done, total))
            return predict(prior, photos, progress=report)

        return self._score(outputs)

    def score_pixels(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores images in memory.

        Args:
            image: float32 [N, S, S, 3], 0..255, of the prior's size.

        Returns:
            As `score`.
        """
        return self._score(lambda prior: predict_pixels(prior, image))

    def _score(self, outputs: Callable[[Prior], dict]) -> tuple[np.ndarray, np.ndarray]:
        start = self._personal.prior_weights[np.newaxis]
        embedding = outputs(self._prior)["embedding"]
        generic = score_users(self._personal, start, embedding)[0]
        if self._weights is None:
            return generic, generic
        if self._private is not self._prior:
            embedding = outputs(self._private)["embedding"]
        own = score_users(self._personal, self._weights[np.newaxis], embedding)[0]
        return own, generic

    def score_function(
        self, *, is_generic: bool = False
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        """Returns the score as a differentiable function of pixels.

        Args:
            is_generic: whether to return the prior's score although the user has a
                taste.

        Returns:
            A graph: image float32 [N, S, S, 3], 0..255 -> scores [N] in
            `rating_range`'s units.
        """
        if self._weights is None or is_generic:
            prior, weights = self._prior, self._personal.prior_weights
        else:
            prior, weights = self._private, self._weights
        model, size = prior.one_image(), prior.config.image_size

        @tf.function(input_signature=[tf.TensorSpec([None, size, size, 3])])
        def score(image: tf.Tensor) -> tf.Tensor:
            embedding = model(image, training=False)["embedding"]
            return self._personal.score(
                tf.constant(weights[np.newaxis]), embedding[tf.newaxis]
            )[0]

        return score
