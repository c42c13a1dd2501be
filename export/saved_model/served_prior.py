"""The signatures of the contract over one prior and a table of users.

Every function here has a row of the batch per request and mixes no rows. The personal
score and the inner loop are the library's; this module reads their inputs and answers
bad ones.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from export.saved_model.image_bytes import decode_images
from export.saved_model.user_table import UserTable
from export.typed_function import typed_function
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.adaptation.support import adapt_sound_rows
from piaa_tf.contract.manifest import Adaptation
from piaa_tf.contract.signatures import Signature
from piaa_tf.explain.gradients import pixel_gradients
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import RatingRange

IMAGES_AT_ONCE = 16
"""Images in the network at a time, where a request holds many; bounds the memory."""

Outputs = dict[str, tf.Tensor]


class ServedPrior(tf.Module):
    """What a SavedModel holds: the network's variables, the users, the functions."""

    def __init__(
        self,
        prior: Prior,
        personal: PersonalScore,
        users: UserTable,
        rating_range: RatingRange,
        adaptation: Adaptation,
    ) -> None:
        """Keeps the variables; nothing is traced before `functions`."""
        super().__init__(name="served_prior")
        self.network = list(prior.model.variables)
        self.users = users
        # Behind a function: a tracked Keras model would have each layer traced anew.
        self._predict: Callable[[tf.Tensor], Outputs] = _inference(prior)
        self._personal_score = personal.score
        self._rating_range = rating_range
        self._adaptation = adaptation
        self._size = prior.config.image_size
        self._keep_aspect = prior.keep_aspect
        self._width = prior.one_image().output_shape["embedding"][-1]

    def functions(
        self, served: dict[str, Signature], sizes: dict[str, int]
    ) -> dict[str, Callable]:
        """Makes a function of each signature, typed by the contract.

        Args:
            served: the contract's signatures, as the prior has them.
            sizes: the numbers behind the letters of their shapes.
        """
        answers: dict[str, Callable[..., Outputs]] = {
            "score": self._score,
            "generic": self._generic,
            "personality": self._personality,
            "embed": self._embed,
            "score_embedding": self._score_embedding,
            "adapt": self._adapt,
            "score_with_weights": self._score_with_weights,
            "adapt_and_score": self._adapt_and_score,
            "explain": self._explain,
        }
        return {
            name: typed_function(signature, answers[name], sizes)
            for name, signature in served.items()
        }

    def function_of_user(self, user_id: str, score: Signature, sizes: dict) -> Callable:
        """Makes the function of one user: `score` without a user id."""

        def score_user(image_bytes: tf.Tensor) -> Outputs:
            count = tf.shape(image_bytes)
            answer = self._score(image_bytes, tf.fill(count, user_id))
            return {name: answer[name] for name in ("score", "image_ok")}

        outputs = tuple(t for t in score.outputs if t.name != "known_user")
        return typed_function(
            Signature(score.name, score.inputs[:1], outputs), score_user, sizes
        )

    def _decode(self, image_bytes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return decode_images(image_bytes, self._size, self._keep_aspect)

    def _row_score(self, weights: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        """Scores one image per row: [n, P], [n, D] -> [n]."""
        return self._personal_score(weights, embedding[:, tf.newaxis])[:, 0]

    def _score(self, image_bytes: tf.Tensor, user_id: tf.Tensor) -> Outputs:
        image, image_ok = self._decode(image_bytes)
        weights, known_user = self.users.lookup(user_id)
        score = self._row_score(weights, self._predict(image)["embedding"])
        return {
            "score": _nan_unless(image_ok, score),
            "known_user": known_user,
            "image_ok": image_ok,
        }

    def _generic(self, image_bytes: tf.Tensor) -> Outputs:
        image, image_ok = self._decode(image_bytes)
        predicted = self._predict(image)
        weights = self.users.prior_weights(tf.shape(image_ok)[0])
        mean_score = self._row_score(weights, predicted["embedding"])
        answer = {
            "mean_score": _nan_unless(image_ok, mean_score),
            "image_ok": image_ok,
        }
        if "distribution" in predicted:
            answer["distribution"] = _nan_unless(image_ok, predicted["distribution"])
        return answer

    def _personality(self, image_bytes: tf.Tensor) -> Outputs:
        image, image_ok = self._decode(image_bytes)
        traits = self._predict(image)["traits"]
        return {"traits": _nan_unless(image_ok, traits), "image_ok": image_ok}

    def _embed(self, image_bytes: tf.Tensor) -> Outputs:
        image, image_ok = self._decode(image_bytes)
        embedding = self._predict(image)["embedding"]
        return {"embedding": _nan_unless(image_ok, embedding), "image_ok": image_ok}

    def _score_embedding(self, embedding: tf.Tensor, user_id: tf.Tensor) -> Outputs:
        weights, known_user = self.users.lookup(user_id)
        return {
            "score": self._row_score(weights, embedding),
            "known_user": known_user,
        }

    def _score_with_weights(
        self, embedding: tf.Tensor, user_weights: tf.Tensor
    ) -> Outputs:
        return {"score": self._row_score(user_weights, embedding)}

    def _explain(self, image_bytes: tf.Tensor, user_id: tf.Tensor) -> Outputs:
        image, image_ok = self._decode(image_bytes)
        weights, _ = self.users.lookup(user_id)
        gradients = pixel_gradients(
            lambda pixels: self._row_score(weights, self._predict(pixels)["embedding"]),
            image,
        )
        saliency = tf.reduce_max(tf.abs(gradients), axis=-1)
        return {"saliency": _nan_unless(image_ok, saliency), "image_ok": image_ok}

    def _adapt(
        self,
        support_embedding: tf.Tensor,
        support_rating: tf.Tensor,
        support_count: tf.Tensor,
    ) -> Outputs:
        """Adapts each row from the prior; an unusable row keeps the prior's weights."""
        most = self._adaptation.max_support
        user_weights, support_ok = adapt_sound_rows(
            self._personal_score,
            self.users.prior_weights(tf.shape(support_count)[0]),
            support_embedding[:, :most],
            support_rating[:, :most],
            support_count,
            rating_range=self._rating_range,
            steps=self._adaptation.steps,
            rate=self._adaptation.rate,
        )
        return {"user_weights": user_weights, "support_ok": support_ok}

    def _adapt_and_score(
        self,
        support_image_bytes: tf.Tensor,
        support_rating: tf.Tensor,
        support_count: tf.Tensor,
        image_bytes: tf.Tensor,
    ) -> Outputs:
        most = self._adaptation.max_support
        support, _ = self._embed_rows(support_image_bytes[:, :most])
        adapted = self._adapt(support, support_rating, support_count)
        embedding, image_ok = self._embed_rows(image_bytes)
        score = self._personal_score(adapted["user_weights"], embedding)
        return {
            "score": _nan_unless(image_ok, score),
            "image_ok": image_ok,
            **adapted,
        }

    def _embed_rows(self, image_bytes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Embeds images [batch, n], a few at a time.

        Returns:
            [batch, n, D], NaN for what cannot be read, and whether it can, [batch, n].
        """
        image, image_ok = self._decode(tf.reshape(image_bytes, [-1]))
        embedding = _in_chunks(
            lambda chunk: self._predict(chunk)["embedding"], image, self._width
        )
        embedding = _nan_unless(image_ok, embedding)
        rows = tf.shape(image_bytes)
        embedding = tf.reshape(embedding, [rows[0], rows[1], self._width])
        return embedding, tf.reshape(image_ok, rows)


def _inference(prior: Prior) -> Callable[[tf.Tensor], Outputs]:
    model = prior.one_image()

    def predict(image: tf.Tensor) -> Outputs:
        return model(image, training=False)

    return predict


def _nan_unless(is_ok: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Puts NaN in rows that are not ok; `values` may have more axes than `is_ok`."""
    axes = values.shape.rank - is_ok.shape.rank
    is_ok = tf.reshape(is_ok, tf.concat([tf.shape(is_ok), [1] * axes], 0))
    return tf.where(is_ok, values, float("nan"))


def _in_chunks(
    function: Callable[[tf.Tensor], tf.Tensor], values: tf.Tensor, width: int
) -> tf.Tensor:
    """Applies a function to a few rows at a time and puts its rows together.

    Args:
        function: [n, ...] -> float32 [n, width], for any n >= 1.
        values: [N, ...].
        width: of the function's rows.

    Returns:
        [N, width].
    """
    count = tf.shape(values)[0]
    num_chunks = -(-count // IMAGES_AT_ONCE)
    parts = tf.TensorArray(
        tf.float32, num_chunks, infer_shape=False, element_shape=[None, width]
    )

    def step(i: tf.Tensor, parts: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        first = i * IMAGES_AT_ONCE
        return i + 1, parts.write(i, function(values[first : first + IMAGES_AT_ONCE]))

    _, parts = tf.while_loop(
        lambda i, _: i < num_chunks, step, (0, parts), parallel_iterations=1
    )
    return parts.concat()
