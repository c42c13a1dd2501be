"""The trunk between a backbone's features and a linear output, shared by both systems.

Dense, batch norm, PReLU, dropout, as often as there are sizes: the heads of the code
released with PA_IAA (2048, 1024) and BLG-PIAA (1024, 512). An empty list of sizes is
the identity, which suits small backbones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from piaa_tf.models.layers.dropout import StatelessDropout


@tf.keras.utils.register_keras_serializable("piaa_tf")
class SharedPReLU(tf.keras.layers.PReLU):
    """One slope for all units, as torch.nn.PReLU() has; spread before it is used.

    The fast kernels of TFLite 2.15 take a slope per unit and read on past the end of
    a single one, silently.
    """

    def call(self, inputs: Any) -> Any:
        """Computes max(x, 0) - slope max(-x, 0).

        Args:
            inputs: [batch, units].

        Returns:
            A tensor of the same shape.
        """
        slope = tf.broadcast_to(self.alpha, inputs.shape[1:])
        return tf.nn.relu(inputs) + -slope * tf.nn.relu(-inputs)


def build_trunk(
    name: str,
    *,
    input_size: int,
    sizes: Sequence[int],
    dropout: float,
    sync_batch_norm: bool = False,
) -> tf.keras.Model:
    """Builds features -> deep features (d_a or d_p of the slides).

    Args:
        name: name of the model and prefix of its layers.
        input_size: F, the number of features of the backbone.
        sizes: width of each dense layer; empty for the identity.
        dropout: share of units dropped after each layer while training.
        sync_batch_norm: whether batch statistics span the replicas.

    Returns:
        A functional model [batch, F] -> [batch, sizes[-1]], float32.
    """
    features = tf.keras.Input([input_size], name=f"{name}_features")
    deep = features
    for i, size in enumerate(sizes, start=1):
        deep = tf.keras.layers.Dense(size, name=f"{name}_dense{i}", dtype="float32")(
            deep
        )
        deep = tf.keras.layers.BatchNormalization(
            name=f"{name}_norm{i}",
            momentum=0.9,
            epsilon=1e-5,
            synchronized=sync_batch_norm,
            dtype="float32",
        )(deep)
        deep = SharedPReLU(
            alpha_initializer=tf.keras.initializers.Constant(0.25),
            shared_axes=[1],
            name=f"{name}_prelu{i}",
            dtype="float32",
        )(deep)
        deep = StatelessDropout(dropout, name=f"{name}_dropout{i}", dtype="float32")(
            deep
        )
    return tf.keras.Model(features, deep, name=name)
