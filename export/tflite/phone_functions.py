"""What a phone asks, as TensorFlow functions that TFLite's own operators can express.

Network, personal score and inner loop are the library's, as everywhere else. A phone
decodes and turns a photo; `resize` makes it the square that training saw.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from export.typed_function import typed_function
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.adaptation.support import adapt_sound_rows
from piaa_tf.contract.manifest import Adaptation
from piaa_tf.contract.signatures import Signature
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import RatingRange

Outputs = dict[str, tf.Tensor]


class PhoneFunctions(tf.Module):
    """The functions over one network and one user's weights behind it."""

    def __init__(
        self,
        network: Prior,
        personal: PersonalScore,
        user_weights: np.ndarray,
        rating_range: RatingRange,
        adaptation: Adaptation,
    ) -> None:
        """Keeps the variables; nothing is traced yet.

        Args:
            network: the prior, or one user's own network.
            personal: the score behind its embedding.
            user_weights: of the user whose score `score.tflite` returns, float32 [P].
            rating_range: of ratings and scores.
            adaptation: the inner loop.
        """
        super().__init__(name="phone")
        self.network = list(network.model.variables)
        # Behind a function: a tracked Keras model would have each layer traced anew.
        self._predict = _inference(network)
        self._personal_score = personal.score
        self._prior_weights = personal.prior_weights[np.newaxis]
        self.user_weights = user_weights
        self._rating_range = rating_range
        self._adaptation = adaptation
        self._size = network.config.image_size
        self._keep_aspect = network.keep_aspect

    def functions(
        self, file: str, signatures: dict[str, Signature], sizes: dict[str, int]
    ) -> dict[str, Callable]:
        """Makes the functions of a phone's file, typed by the contract.

        Args:
            file: a key of `signatures.PHONE_FILES`.
            signatures: of the file, as the prior has them.
            sizes: the numbers behind the letters of their shapes.
        """
        of_file: dict[str, dict[str, Callable[..., Outputs]]] = {
            "resize.tflite": {"resize": self._resize},
            "score.tflite": {"score": self.score_image},
            "embed.tflite": {"embed": self._embed},
            "head.tflite": {"adapt": self._adapt, "score": self._score},
        }
        return {
            name: typed_function(signature, of_file[file][name], sizes)
            for name, signature in signatures.items()
        }

    def _resize(self, pixels: tf.Tensor) -> Outputs:
        """Resizes a photo to a square, as `data.decode.resize` does."""
        if self._keep_aspect:
            height, width = tf.shape(pixels)[1], tf.shape(pixels)[2]
            side = tf.minimum(height, width)
            top, left = (height - side) // 2, (width - side) // 2
            pixels = pixels[:, top : top + side, left : left + side]
        image = tf.raw_ops.ResizeBilinear(
            images=tf.cast(pixels, tf.float32),
            size=[self._size, self._size],
            half_pixel_centers=True,
        )
        return {"image": image}

    def score_image(self, image: tf.Tensor) -> Outputs:
        """Scores images for the user, beside what the network predicts of them."""
        predicted = self._predict(image)
        answer = self._score(
            predicted["embedding"], tf.constant(self.user_weights[np.newaxis])
        )
        shown = ("distribution", "traits")
        return {**answer, **{k: predicted[k] for k in shown if k in predicted}}

    def _embed(self, image: tf.Tensor) -> Outputs:
        return {"embedding": self._predict(image)["embedding"]}

    def _adapt(
        self,
        support_embedding: tf.Tensor,
        support_rating: tf.Tensor,
        support_count: tf.Tensor,
    ) -> Outputs:
        weights, support_ok = adapt_sound_rows(
            self._personal_score,
            tf.constant(self._prior_weights),
            support_embedding,
            support_rating,
            support_count,
            rating_range=self._rating_range,
            steps=self._adaptation.steps,
            rate=self._adaptation.rate,
        )
        return {"user_weights": weights, "support_ok": support_ok}

    def _score(self, embedding: tf.Tensor, user_weights: tf.Tensor) -> Outputs:
        scores = self._personal_score(user_weights, embedding[:, tf.newaxis])
        # Not squeezed: TFLite's converter fuses that wrongly with a matrix product.
        return {"score": scores[:, 0]}


def _inference(network: Prior) -> Callable[[tf.Tensor], Outputs]:
    model = network.one_image()

    def predict(image: tf.Tensor) -> Outputs:
        return model(image, training=False)

    return predict
