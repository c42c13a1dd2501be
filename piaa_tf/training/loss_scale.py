"""Loss scaling for float16: keeps small gradients, drops those that overflow."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

INITIAL, GROWTH_STEPS, FACTOR = 2.0**15, 2000, 2.0


class LossScale(tf.Module):
    """A scale that doubles after many finite steps and halves after a bad one.

    Micikevicius et al. 2018 (arXiv:1710.03740), section 3.2. A step with a non-finite
    gradient counts as one of zero gradients.
    """

    def __init__(self) -> None:
        """Starts at 2^15; create it in the scope of the strategy."""
        super().__init__(name="loss_scale")
        self.scale = tf.Variable(INITIAL, trainable=False, name="loss_scale")
        self.good_steps = tf.Variable(0, trainable=False, name="good_steps")

    def unscale(
        self, gradients: Sequence[tf.Tensor]
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Undoes the scale; zeros where any replica's gradient is not finite.

        Args:
            gradients: of the scaled loss, in a replica.

        Returns:
            The gradients of the loss and whether they were finite everywhere, bool [].
        """
        finite = tf.reduce_all(
            [tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients]
        )
        context = tf.distribute.get_replica_context()
        bad = context.all_reduce(
            tf.distribute.ReduceOp.SUM, tf.cast(~finite, tf.float32)
        )
        finite = tf.equal(bad, 0.0)
        return [
            tf.where(finite, g / self.scale, tf.zeros_like(g)) for g in gradients
        ], finite

    def update(self, finite: tf.Tensor) -> None:
        """Moves the scale after a step; call it across replicas."""
        good = tf.where(finite, self.good_steps + 1, 0)
        grow = good >= GROWTH_STEPS
        factor = tf.where(finite, tf.where(grow, FACTOR, 1.0), 1 / FACTOR)
        self.scale.assign(tf.maximum(self.scale * factor, 1.0))
        self.good_steps.assign(tf.where(grow, 0, good))
