"""Scores pictures for one user: the user's score beside the prior's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from piaa_tf.adaptation.adapt import score_users
from piaa_tf.adaptation.predict import predict, predict_pixels
from piaa_tf.adaptation.private_network import user_directory
from piaa_tf.adaptation.scopes import default_scope, personal_score
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.models.prior import Prior, load_prior
from piaa_tf.ratings import RatingRange


class UserScorer:
    """One user's scores under a prior; a user without a taste gets the prior's.

    Attributes:
        is_known_user: whether there is a taste of the user.
        rating_range: the range of the scores.
    """

    def __init__(
        self,
        prior: Prior,
        tastes: Tastes | None,
        user_id: str,
        rating_range: RatingRange,
        tastes_path: Path,
    ) -> None:
        """Finds the user's weights.

        Args:
            prior: the prior.
            tastes: adapted from it; None for the prior's own scores.
            user_id: whose.
            rating_range: of the scores, where no tastes are given.
            tastes_path: the tastes' file; networks of scope `all` lie beside it.

        Raises:
            InputError: The tastes are another prior's, or the network of a user of
                scope `all` is missing.
        """
        if tastes is not None:
            tastes.check_prior(prior.checksum())
        row = -1 if tastes is None else int(tastes.rows([user_id])[0])
        self.is_known_user = row >= 0
        self.rating_range = tastes.rating_range if tastes else rating_range
        scope = tastes.scope if tastes else default_scope(prior)
        self._prior = self._private = prior
        self._personal = personal_score(prior, scope, self.rating_range)
        self._weights = tastes.weights[row] if self.is_known_user else None
        if self.is_known_user and scope == "all":
            adapted = user_directory(tastes_path.parent / "adapted", user_id)
            self._private = load_prior(adapted)

    def score(self, paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
        """Scores pictures.

        Args:
            paths: of N pictures.

        Returns:
            The user's scores and the prior's, both float32 [N] in `rating_range`'s
            units; equal for a user without a taste.
        """
        return self._score(lambda prior: predict(prior, paths))

    def score_pixels(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores pictures in memory.

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
        if not self.is_known_user:
            return generic, generic
        if self._private is not self._prior:
            embedding = outputs(self._private)["embedding"]
        own = score_users(self._personal, self._weights[np.newaxis], embedding)[0]
        return own, generic

    def score_function(
        self, *, is_generic: bool = False
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        """Gives the score as a function of pixels that can be differentiated.

        Args:
            is_generic: whether the prior's score is meant; without a taste it is
                meant anyway.

        Returns:
            A graph: image float32 [N, S, S, 3], 0..255 -> scores [N] in
            `rating_range`'s units.
        """
        is_own = self.is_known_user and not is_generic
        weights = self._weights if is_own else self._personal.prior_weights
        prior = self._private if is_own else self._prior
        model, size = prior.one_image(), prior.config.image_size

        @tf.function(input_signature=[tf.TensorSpec([None, size, size, 3])])
        def score(image: tf.Tensor) -> tf.Tensor:
            embedding = model(image, training=False)["embedding"]
            return self._personal.score(
                tf.constant(weights[np.newaxis]), embedding[tf.newaxis]
            )[0]

        return score
