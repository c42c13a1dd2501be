"""One task in one replica: the network at theta, a user's images, the inner steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import tensorflow as tf

from piaa_tf.adaptation.inner import AdamMoments, adapt_variables, check_gradients
from piaa_tf.losses import rating_loss
from piaa_tf.models.layers.dropout import dropout_key
from piaa_tf.models.prior import Prior
from piaa_tf.training.meta.options import MetaOptions

_fold_in = tf.random.experimental.stateless_fold_in


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """A scoring network in two parts.

    Attributes:
        body: image float32 [batch, S, S, 3] in 0..255 -> deep features [batch, D].
        head: a Dense layer of one unit, deep features -> score, its link in it.
        backbone: those of the body's variables that have the backbone's rate.
    """

    body: tf.keras.Model
    head: tf.keras.layers.Dense
    backbone: Sequence[tf.Variable] = ()

    @classmethod
    def of_prior(cls, prior: Prior) -> Network:
        """Takes a `blg_piaa` prior apart; layers and weights are shared."""
        one_image = prior.one_image()
        return cls(
            tf.keras.Model(one_image.input, one_image.output["embedding"], name="body"),
            prior.model.get_layer("score"),
            prior.model.get_layer(prior.config.backbone).trainable_variables,
        )


@dataclasses.dataclass(frozen=True, eq=False)
class FastWeight:
    """A variable of the network that changes inside a task, and where it starts.

    Attributes:
        variable: theta between meta-steps; during one, the replica's own value.
        theta: kept apart during a meta-step.
        rate_ratio: its alpha over that of the options.
    """

    variable: tf.Variable
    theta: tf.Variable | tf.Tensor
    rate_ratio: float = 1.0

    def to_theta(self) -> None:
        """Puts the variable back to where it starts."""
        self.variable.assign(self.theta)

    def difference(self) -> tf.Tensor:
        """Returns theta - theta_i."""
        return self.theta - self.variable


class Episode:
    """What a learner can do with one task; made while a replica is traced.

    Attributes:
        adapted: the variables that adapt inside; they are at theta.
        body: the variables that learn outside alone; none with scope "all".
        options: of the run.
        image: the task's images, support first, uint8 [n_s + n_q, S, S, 3].
        query_image: the query images, uint8 [n_q, S, S, 3].
        query_rating: their ratings on [0, 1], [n_q].
        features: deep features of `image` where the body is fixed inside; None where it
            adapts, or is differentiated through.
    """

    def __init__(
        self,
        network: Network,
        weights: Sequence[FastWeight],
        moments: AdamMoments,
        task: Mapping[str, tf.Tensor],
        options: MetaOptions,
        *,
        body: Sequence[tf.Variable],
        step: tf.Tensor,
        decay: tf.Tensor,
    ) -> None:
        """Takes the task; with scope "head" its features are computed here, once.

        Args:
            network: with this replica's variables.
            weights: what adapts inside.
            moments: of their variables.
            task: an element of `task_stream`.
            options: of the run.
            body: see the class.
            step: number of the meta-step, an int32 scalar.
            decay: factor of alpha at this step, a float64 scalar, so that a float64
                run is one throughout.
        """
        self.adapted = [weight.variable for weight in weights]
        self.body, self.options = list(body), options
        self._network, self._weights, self._moments = network, weights, moments
        self.image, self._rating = task["image"], task["rating"]
        self._rows, self._splits = task["batch_rows"], task["batch_splits"]
        self._num_support = task["num_support"]
        self.query_image = self.image[self._num_support :]
        self.query_rating = self._rating[self._num_support :]
        self._rates = [
            decay * (options.inner_rate * weight.rate_ratio) for weight in weights
        ]
        number = task["number"]
        # Inner steps that kept moments have already seen.
        done = (step * options.num_tasks + number) * options.steps_per_task
        self._steps_before = done
        # Of the dropout; the inner step is folded in later.
        self._key = _fold_in(tf.stack([options.seed, step]), number)
        self._is_training = options.batch_norm != "frozen"
        # maml differentiates through the features and so computes its own.
        is_embedded = bool(self.body) and options.learner != "maml"
        self.features = self.embed(self.image) if is_embedded else None

    def embed(self, image: tf.Tensor) -> tf.Tensor:
        """Computes deep features in inference mode."""
        return self._network.body(tf.cast(image, tf.float32), training=False)

    def batch(self, step: int | tf.Tensor) -> tf.Tensor:
        """Returns what an inner step sees: rows into the task's images, int32."""
        return self._rows[self._splits[step] : self._splits[step + 1]]

    def loss(self, step: int | tf.Tensor) -> tf.Tensor:
        """Computes L_tau of an inner step's batch at the present weights.

        Args:
            step: number of the inner step, counted over all levels.

        Returns:
            The mean squared error on [0, 1], a scalar.
        """
        rows = self.batch(step)
        rating = tf.gather(self._rating, rows)
        if self.features is not None:
            return self.head_loss(self._head(), tf.gather(self.features, rows), rating)
        return self._image_loss(tf.gather(self.image, rows), rating, step)

    def query_loss(self) -> tf.Tensor:
        """Computes the loss of the whole query set at the present weights."""
        if self.features is not None:
            features = self.features[self._num_support :]
            return self.head_loss(self._head(), features, self.query_rating)
        return self._query_image_loss()

    def query_gradients(
        self, variables: Sequence[tf.Variable]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Differentiates the whole query set's loss at the present weights.

        Args:
            variables: of the network.

        Returns:
            The loss and its gradient for each variable.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            value = self._query_image_loss()
            scaled = value * self.options.loss_scale
        gradients = tape.gradient(scaled, variables)
        check_gradients(gradients, variables)
        return value, [gradient / self.options.loss_scale for gradient in gradients]

    def adapt(self, first_level: int, num_levels: int) -> tf.Tensor:
        """Takes the inner steps of some levels, in place, by Adam.

        Args:
            first_level: number of the first of them.
            num_levels: how many.

        Returns:
            The loss before each step, float32 [num_levels, steps].
        """
        steps = self.options.levels[first_level][1]
        losses = tf.TensorArray(tf.float32, size=num_levels, element_shape=[steps])
        # A loop of the graph: the network is traced once for all levels.
        for level in tf.range(first_level, first_level + num_levels):
            before = level * steps
            if self.options.adam == "fresh":
                self._moments.reset()
                seen = 0
            elif self.options.adam == "task":
                seen = before
            else:
                seen = self._steps_before + before
            level_losses = adapt_variables(
                self.adapted,
                self._moments,
                # The loop ends before another `before` is bound.
                lambda step: self.loss(before + step),  # noqa: B023
                steps=steps,
                rates=self._rates,
                steps_before=seen,
                loss_scale=self.options.loss_scale,
            )
            losses = losses.write(level - first_level, level_losses)
        return losses.stack()

    def differences(self) -> list[tf.Tensor]:
        """Returns theta - theta_i for each adapted variable."""
        return [weight.difference() for weight in self._weights]

    def head_loss(
        self, weights: Sequence[tf.Tensor], features: tf.Tensor, rating: tf.Tensor
    ) -> tf.Tensor:
        """Computes the loss of the head as a pure function of its weights.

        Args:
            weights: kernel [D, 1] and bias [1].
            features: [n, D].
            rating: [n] on [0, 1].

        Returns:
            A scalar.
        """
        kernel, bias = weights
        linear = tf.matmul(tf.cast(features, kernel.dtype), kernel) + bias
        score = self._network.head.activation(linear)[:, 0]
        return tf.reduce_mean(rating_loss(score, rating))

    def descend(
        self, weights: Sequence[tf.Tensor], step: int, features: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Takes one inner step of gradient descent on the head, as pure tensors.

        Args:
            weights: of the head.
            step: number of the inner step.
            features: of the task's images, support first.

        Returns:
            The loss before the step and the new weights, differentiable in weights
            and features.
        """
        rows = self.batch(step)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            value = self.head_loss(
                weights, tf.gather(features, rows), tf.gather(self._rating, rows)
            )
        gradients = tape.gradient(value, weights)
        return value, [
            weight - tf.cast(rate, weight.dtype) * gradient
            for weight, rate, gradient in zip(weights, self._rates, gradients)
        ]

    def _head(self) -> list[tf.Tensor]:
        return [tf.convert_to_tensor(variable) for variable in self.adapted]

    def _query_image_loss(self) -> tf.Tensor:
        return self._image_loss(
            self.query_image, self.query_rating, self.options.steps_per_task
        )

    def _image_loss(
        self, image: tf.Tensor, rating: tf.Tensor, step: int | tf.Tensor
    ) -> tf.Tensor:
        with dropout_key(_fold_in(self._key, step)):
            deep = self._network.body(
                tf.cast(image, tf.float32), training=self._is_training
            )
        score = self._network.head(deep)[:, 0]
        return tf.reduce_mean(rating_loss(score, rating))
