"""The gradient step that multi-task and generic training share, under any strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from piaa_tf.models.layers.dropout import dropout_key
from piaa_tf.training.loss_scale import LossScale
from piaa_tf.training.optimizers import PartOptimizer

Losses = Callable[[Mapping[str, tf.Tensor], Mapping[str, tf.Tensor]], dict]
"""(outputs, targets) -> name -> loss of each sample [batch], weighted as trained."""


class SupervisedTraining(tf.Module):
    """Several steps of stochastic gradient descent in one call into the graph."""

    def __init__(
        self,
        model: tf.keras.Model,
        optimizer: PartOptimizer,
        losses: Losses,
        *,
        strategy: tf.distribute.Strategy,
        global_batch: int,
        seed: int,
        loss_scale: LossScale | None = None,
    ) -> None:
        """Takes the parts; model and optimizer were made in the strategy's scope.

        Args:
            model: called with the first of a batch's two structures.
            optimizer: over the model's trainable variables.
            losses: of the outputs against the second structure.
            strategy: where replicas run.
            global_batch: samples per step over all replicas.
            seed: of the dropout masks.
            loss_scale: for float16.
        """
        super().__init__(name="supervised_training")
        self._model, self._optimizer, self._losses = model, optimizer, losses
        self._strategy, self._global_batch = strategy, global_batch
        self._seed, self._loss_scale = seed, loss_scale

    @tf.function
    def run(
        self, iterator: Iterator, first_step: tf.Tensor, num_steps: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Takes steps first_step .. first_step + num_steps - 1.

        Args:
            iterator: of distributed (inputs, targets).
            first_step: int32 scalar, counted from 0; keys the dropout.
            num_steps: int32 scalar, at least 1.

        Returns:
            The mean of each loss over the steps, `loss` being their sum, and the first
            step whose loss was not finite, or -1.
        """
        sums = self._step(next(iterator), first_step)
        bad_step = tf.where(tf.math.is_finite(sums["loss"]), -1, first_step)
        for i in tf.range(1, num_steps):
            step = first_step + i
            losses = self._step(next(iterator), step)
            is_bad = (bad_step < 0) & ~tf.math.is_finite(losses["loss"])
            bad_step = tf.where(is_bad, step, bad_step)
            sums = {name: sums[name] + losses[name] for name in sums}
        share = 1 / tf.cast(num_steps, tf.float32)
        return {name: value * share for name, value in sums.items()}, bad_step

    def _step(self, batch: Any, step: tf.Tensor) -> dict[str, tf.Tensor]:
        losses, finite = self._strategy.run(self._replica_step, args=(batch, step))
        if self._loss_scale is not None:
            self._loss_scale.update(
                self._strategy.experimental_local_results(finite)[0]
            )
        return {
            name: self._strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None)
            for name, value in losses.items()
        }

    def _replica_step(
        self, batch: Any, step: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        inputs, targets = batch
        context = tf.distribute.get_replica_context()
        mask_number = step * context.num_replicas_in_sync + tf.cast(
            context.replica_id_in_sync_group, tf.int32
        )
        with tf.GradientTape() as tape:
            with dropout_key(tf.stack([self._seed, mask_number])):
                outputs = self._model(inputs, training=True)
            # Replicas are summed, so each sample counts 1 / global batch, not
            # 1 / the replica's batch.
            losses = {
                name: tf.reduce_sum(values) / self._global_batch
                for name, values in self._losses(outputs, targets).items()
            }
            loss = tf.add_n(list(losses.values()))
            scaled = loss if self._loss_scale is None else loss * self._loss_scale.scale
        gradients = tape.gradient(scaled, self._optimizer.variables_in_order)
        finite = tf.constant(True)
        if self._loss_scale is not None:
            gradients, finite = self._loss_scale.unscale(gradients)
        self._optimizer.apply(gradients)
        return {**losses, "loss": loss}, finite
