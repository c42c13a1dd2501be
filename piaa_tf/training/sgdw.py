"""Momentum with decoupled weight decay, where there is no tensorflow-addons."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class SGDW(tf.keras.optimizers.legacy.SGD):
    """Takes a share off each weight, then steps it by its gradient.

    The share is per step and follows no schedule, as in tensorflow-addons' optimizer of
    this name: same weights after each step, to the bit, and the same names in a
    checkpoint, so a run begun with one continues with the other. Keras' own
    SGD(weight_decay=share / rate) would decay the same only at a constant rate, and
    keeps its momenta under other names.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019,
    Algorithm 1, with a share that is not scheduled.
    """

    def __init__(
        self,
        weight_decay: float,
        learning_rate: float | tf.keras.optimizers.schedules.LearningRateSchedule,
        momentum: float = 0.0,
        name: str = "SGDW",
        **kwargs: Any,
    ) -> None:
        """Takes the settings.

        Args:
            weight_decay: share of each weight taken off per step, in [0, 1).
            learning_rate: a number, or a schedule.
            momentum: share of the last step that is taken again, in [0, 1].
            name: of the optimizer.
            **kwargs: further arguments of the base class.
        """
        super().__init__(learning_rate, momentum=momentum, name=name, **kwargs)
        self._set_hyper("weight_decay", weight_decay)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` makes the same optimizer of."""
        decay = self._serialize_hyperparameter("weight_decay")
        return {**super().get_config(), "weight_decay": decay}

    def _resource_apply_dense(
        self,
        grad: tf.Tensor,
        var: tf.Variable,
        apply_state: dict[Any, Any] | None = None,
    ) -> tf.Operation:
        share = self._get_hyper("weight_decay", var.dtype.base_dtype)
        with tf.control_dependencies([var.assign_sub(share * var, self._use_locking)]):
            return super()._resource_apply_dense(grad, var, apply_state=apply_state)

    def _resource_apply_sparse(
        self,
        grad: tf.Tensor,
        var: tf.Variable,
        indices: tf.Tensor,
        apply_state: dict[Any, Any] | None = None,
    ) -> tf.Operation:
        raise NotImplementedError(
            f"SGDW takes dense gradients. Got a sparse one for {var.name}. "
            "Pass tf.convert_to_tensor(gradient)."
        )
