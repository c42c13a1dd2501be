"""Optimizers with one rate per part of a network; only here is tensorflow-addons used.

tensorflow-addons' own MultiOptimizer is not used: with two replicas it silently updates
every group but the first with the last replica's gradient, and it does not checkpoint
its parts. Here a part knows its variables by reference, and gradients are summed
over the replicas before any optimizer sees them.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import get_args

import tensorflow as tf

from piaa_tf.adaptation.inner import check_gradients
from piaa_tf.errors import InputError
from piaa_tf.training.options import OptimizerName, Schedule

try:
    with warnings.catch_warnings():
        # It announces its end of life at every import; setup.py pins the version.
        warnings.simplefilter("ignore")
        from tensorflow_addons.optimizers import SGDW
except ModuleNotFoundError:
    # Its last release is for TensorFlow 2.15.
    from piaa_tf.training.sgdw import SGDW

MOMENTUM = 0.9


def make_schedule(
    name: Schedule, rate: float, *, decay: float, steps_per_epoch: int, steps: int
) -> tf.keras.optimizers.schedules.LearningRateSchedule:
    """Makes a rate that falls as training goes on.

    Args:
        name: "exponential", times `decay` after each epoch (the slides), or "cosine",
            down to zero at the last step.
        rate: at the first step.
        decay: factor per epoch; 0.9 on the slides.
        steps_per_epoch: steps that make an epoch.
        steps: of the whole run.

    Returns:
        The schedule, a function of the step.

    Raises:
        InputError: The name is unknown.
    """
    if name == "exponential":
        return tf.keras.optimizers.schedules.ExponentialDecay(
            rate, steps_per_epoch, decay, staircase=True
        )
    if name == "cosine":
        return tf.keras.optimizers.schedules.CosineDecay(rate, steps)
    raise InputError(f"schedule must be one of {get_args(Schedule)}. Got {name!r}.")


def make_optimizer(
    name: OptimizerName,
    schedule: tf.keras.optimizers.schedules.LearningRateSchedule,
    *,
    weight_decay: float,
) -> tf.keras.optimizers.legacy.Optimizer:
    """Makes one part's optimizer.

    Args:
        name: "sgdw", momentum 0.9 with decoupled weight decay (the slides), or "adam".
        schedule: of the rate.
        weight_decay: share of each weight taken off per step; not multiplied by the
            rate and not following its schedule. With "adam" it must be 0.

    Returns:
        The optimizer.

    Raises:
        InputError: The name is unknown, or a decay is asked of adam.
    """
    if name == "sgdw":
        return SGDW(weight_decay, learning_rate=schedule, momentum=MOMENTUM)
    if name == "adam":
        if weight_decay:
            raise InputError(
                f"adam takes no weight decay here. Got weight_decay={weight_decay}. "
                "Pass --weight_decay=0, or --optimizer=sgdw."
            )
        return tf.keras.optimizers.legacy.Adam(schedule)
    raise InputError(
        f"optimizer must be one of {get_args(OptimizerName)}. Got {name!r}."
    )


class PartOptimizer(tf.Module):
    """Applies to each part of a network the optimizer of that part."""

    def __init__(
        self,
        parts: Sequence[
            tuple[tf.keras.optimizers.legacy.Optimizer, Sequence[tf.Variable]]
        ],
    ) -> None:
        """Takes the parts and creates every slot, so that checkpoints are complete.

        Args:
            parts: (optimizer, its variables); no variable in two parts. Call it in the
                scope of the strategy.

        Raises:
            ValueError: A variable is in two parts.
        """
        super().__init__(name="part_optimizer")
        self.optimizers = [optimizer for optimizer, _ in parts]
        self._parts = [list(variables) for _, variables in parts]
        self.variables_in_order = [v for part in self._parts for v in part]
        references = [v.ref() for v in self.variables_in_order]
        if len(set(references)) != len(references):
            raise ValueError("A variable must be in one part. Got one in two parts.")
        for optimizer, variables in parts:
            # Slots made later, inside a tf.function, fail under several workers.
            _ = optimizer.iterations
            optimizer._create_all_weights(list(variables))

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Steps every part; call it in a replica.

        Args:
            gradients: this replica's share of the global gradient, in the order of
                `variables_in_order`; the shares are summed over the replicas here.

        Raises:
            ValueError: A gradient is None.
        """
        check_gradients(gradients, self.variables_in_order)
        context = tf.distribute.get_replica_context()
        summed = context.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients))
        for optimizer, variables in zip(self.optimizers, self._parts):
            own, summed = summed[: len(variables)], summed[len(variables) :]
            if variables:
                optimizer.apply_gradients(
                    zip(own, variables), experimental_aggregate_gradients=False
                )
