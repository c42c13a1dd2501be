"""The ranking network: regresses scores and ranks pairs, with attributes and content.

Kong et al., *Photo Aesthetics Ranking Network with Attributes and Content Adaptation*,
ECCV 2016 (arXiv:1606.01621). Reg+Rank adds a hinge on pairs to the squared error. Att
predicts attributes besides the score, and uses them for the score. Cont has one scoring
branch for each kind of content, weighted by how much an image is of that kind.

As in the paper: the losses, and how attributes and content enter. Different: a small
network on a prior's frozen embedding is trained instead of AlexNet (`piaa-train-generic
--target=ranking` trains a whole network); attributes are the handcrafted ones instead
of AADB's labels; kinds of content are clusters of the embedding; pairs differ in
average scores, as AVA has them, not in one rater's. Unknown: margin and weights of the
losses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from scipy.special import softmax
from sklearn.cluster import KMeans

from piaa_tf.data.python_calls import steady
from piaa_tf.data.samples import Samples, average_scores
from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines.image_features import (
    PARTS,
    FeatureTable,
    ImageFeatures,
)
from piaa_tf.evaluation.system import Training
from piaa_tf.losses import ranking_loss, rating_loss
from piaa_tf.training.supervised.generic import RANKING_MARGIN

NUM_KINDS = 8
WIDTH = 64
ATTRIBUTE_WEIGHT = 0.01
"""Of the attributes' squared error; they are standardised, scores lie in 0..1."""

EPOCHS, QUICK_EPOCHS, BATCH_SIZE, RATE = 20, 4, 50, 3e-3


class RankingNetwork:
    """The system; see the module."""

    is_costly = False

    def __init__(self, parts: Sequence[str]) -> None:
        """Chooses what is added to Reg+Rank.

        Args:
            parts: none, "attribute", "content" or both.

        Raises:
            InputError: A part is unknown.
        """
        if not set(parts) <= set(PARTS):
            raise InputError(f"parts must be none or some of {PARTS}. Got {parts}.")
        self._parts = frozenset(parts)
        joined = [
            n for n, p in (("Att", "attribute"), ("Cont", "content")) if p in parts
        ]
        self.name = "+".join(["Reg+Rank", *joined])
        self._content = ImageFeatures(["content"])
        self.role = self._content.role
        self._attributes = ImageFeatures(["attribute"])

    def fit(self, training: Training) -> None:
        """Trains on average scores, a crowd's or else the users'."""
        samples = training.average_samples(self.name)
        images, scores = average_scores(samples)
        content = self._content.fit(training, self.name, samples)
        if "content" in self._parts:
            self._kinds = _Kinds(content.features, seed=training.seed)
        targets = {"score": scores}
        if "attribute" in self._parts:
            attributes = self._attributes.fit(training, self.name, samples)
            targets["attributes"] = attributes.features[attributes.rows(images)]
        inputs = self._inputs(content, images)
        self._model = _build(inputs, targets, seed=training.seed)
        batches = tf.data.Dataset.from_tensor_slices((inputs, targets))
        batches = batches.shuffle(len(images), seed=training.seed).batch(BATCH_SIZE)
        epochs = QUICK_EPOCHS if training.is_quick else EPOCHS
        self._model.fit(steady(batches), epochs=epochs, verbose=0)

    def predict_generic(self, samples: Samples) -> dict[str, np.ndarray]:
        """Predicts the average score of each image, in 0..1."""
        inputs = self._inputs(self._content.look(samples), samples.images)
        return {"score": self._model(inputs, training=False)["score"][:, 0].numpy()}

    def _inputs(
        self, content: FeatureTable, images: Sequence[str]
    ) -> dict[str, np.ndarray]:
        features = content.features[content.rows(images)]
        inputs = {"embedding": features.astype(np.float32)}
        if "content" in self._parts:
            inputs["kind"] = self._kinds.shares(features)
        return inputs


class _Kinds:
    """Kinds of content, and how much an image is of each."""

    def __init__(self, features: np.ndarray, *, seed: int) -> None:
        """Finds the kinds as clusters of the features [N, D]."""
        count = min(NUM_KINDS, len(features))
        self._clusters = KMeans(count, n_init=4, random_state=seed).fit(features)
        self._spread = max(self._clusters.inertia_ / len(features), 1e-9)

    def shares(self, features: np.ndarray) -> np.ndarray:
        """Returns the softmax of the nearness to each cluster, float32 [N, kinds]."""
        squares = self._clusters.transform(features) ** 2
        return softmax(-squares / self._spread, axis=1).astype(np.float32)


def _build(
    inputs: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray], *, seed: int
) -> tf.keras.Model:
    """Builds and compiles the network: embedding, kind -> score, attributes.

    Args:
        inputs: `embedding` [N, D] and, for Cont, `kind` [N, K]; only their widths are
            used.
        targets: `score` and, for Att, `attributes` [N, A].
        seed: of the initial weights.

    Returns:
        The model.
    """

    def dense(
        size: int, name: str, activation: str | None = None
    ) -> tf.keras.layers.Layer:
        # By default the initializer has no seed; each layer gets its own.
        initializer = tf.keras.initializers.GlorotUniform(seed + len(layers))
        layers.append(name)
        return tf.keras.layers.Dense(
            size, activation, name=name, kernel_initializer=initializer
        )

    layers: list[str] = []
    given = {
        name: tf.keras.Input([values.shape[1]], name=name)
        for name, values in inputs.items()
    }
    deep = dense(WIDTH, "deep", "relu")(given["embedding"])
    outputs, weights = {}, {"score": 1.0}
    losses: dict[str, str | Callable[..., tf.Tensor]] = {"score": _reg_rank}
    if "attributes" in targets:
        rules = dense(WIDTH, "rules", "relu")(given["embedding"])
        size = targets["attributes"].shape[1]
        outputs["attributes"] = dense(size, "attributes")(rules)
        losses["attributes"], weights["attributes"] = "mse", ATTRIBUTE_WEIGHT
        deep = tf.keras.layers.Concatenate(name="deep_and_rules")([deep, rules])
    if "kind" in inputs:
        branches = dense(inputs["kind"].shape[1], "score_of_kind")(deep)
        score = tf.keras.layers.Dot(axes=1, name="score")([branches, given["kind"]])
    else:
        score = dense(1, "score")(deep)
    model = tf.keras.Model(given, {**outputs, "score": score}, name="ranking_network")
    model.compile(tf.keras.optimizers.Adam(RATE), loss=losses, loss_weights=weights)
    return model


def _reg_rank(true: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Computes L_reg + L_rank of each image, [batch], from two [batch, 1]."""
    true, predicted = true[:, 0], predicted[:, 0]
    return rating_loss(predicted, true) + ranking_loss(predicted, true, RANKING_MARGIN)
