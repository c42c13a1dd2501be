"""TensorFlow functions that take and return what the contract says."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from piaa_tf.contract.signatures import ServedTensor, Signature


def typed_function(
    signature: Signature,
    call: Callable[..., dict[str, tf.Tensor]],
    sizes: dict[str, int],
) -> Callable:
    """Makes a TensorFlow function that takes and returns what a signature says.

    Args:
        signature: of the contract.
        call: takes the inputs in their order.
        sizes: the numbers behind the letters of the shapes; others stay open.

    Returns:
        A `tf.function`; tracing it fails where an output is missing or misshapen.
    """

    def named(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        answer = call(*inputs)
        if set(answer) != {output.name for output in signature.outputs}:
            raise ValueError(
                f"{signature.name} must answer {[o.name for o in signature.outputs]}. "
                f"Got {sorted(answer)}."
            )
        return {
            output.name: tf.ensure_shape(answer[output.name], open_shape(output, sizes))
            for output in signature.outputs
        }

    return tf.function(
        named,
        input_signature=[
            tf.TensorSpec(open_shape(tensor, sizes), tensor.dtype, name=tensor.name)
            for tensor in signature.inputs
        ],
        autograph=False,
    )


def open_shape(tensor: ServedTensor, sizes: dict[str, int]) -> list[int | None]:
    """Returns the shape in numbers, None for what a client chooses.

    >>> from piaa_tf.contract.signatures import SIGNATURES
    >>> open_shape(SIGNATURES["adapt"].inputs[0], {"D": 13})
    [None, None, 13]
    """
    return [size if isinstance(size, int) else sizes.get(size) for size in tensor.shape]
