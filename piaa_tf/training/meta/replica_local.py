"""Variables of which each replica keeps a value of its own: the fast weights.

A replica adapts its own person. Ordinary mirrored variables are not made for that, and
an optimizer's step would sum over replicas, that is over people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def replica_local() -> Any:
    """Opens a scope in which every new variable, of Keras too, is replica-local.

    Assignments in a replica stay there. Outside, and in checkpoints, the first
    replica's value counts; assignments outside reach all replicas. Enter it inside the
    strategy's scope: the reverse order silently gives mirrored variables.

        with strategy.scope(), replica_local():
            model = build()

    Returns:
        A context manager.
    """

    def creator(create: Callable[..., tf.Variable], **options: Any) -> tf.Variable:
        options.update(
            synchronization=tf.VariableSynchronization.ON_READ,
            # SUM would save as many times the weights as there are replicas.
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
        return create(**options)

    return tf.variable_creator_scope(creator)
