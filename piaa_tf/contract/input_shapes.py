"""The check that a request has the shapes of the contract.

A model server lets any shape through that a graph can compute with, and a graph that
broadcasts can compute with two users of one photo. An export must not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from piaa_tf.contract.signatures import ServedTensor, Signature
from piaa_tf.errors import InputError


def check_input_shapes(
    signature: Signature,
    sizes: Mapping[str, int],
    shapes: Mapping[str, Sequence[int]],
) -> None:
    """Checks the shapes of a request.

    >>> from piaa_tf.contract.signatures import SIGNATURES
    >>> check_input_shapes(
    ...     SIGNATURES["score"], {}, {"image_bytes": [2], "user_id": [2]}
    ... )

    Args:
        signature: of the contract.
        sizes: of the export, by their letters (`manifest.Manifest.sizes`).
        shapes: of what is sent, by the name of the input.

    Raises:
        InputError: An input has another shape, or letters that two inputs share stand
            for two sizes.
    """
    known = dict(sizes)
    for tensor in signature.inputs:
        shape = shapes[tensor.name]
        if len(shape) != len(tensor.shape):
            raise _error(tensor, known, shape)
        for wanted, size in zip(tensor.shape, shape):
            if isinstance(wanted, str):
                wanted = known.setdefault(wanted, size)
            if wanted != size:
                raise _error(tensor, known, shape)


def _error(
    tensor: ServedTensor, known: Mapping[str, int], shape: Sequence[int]
) -> InputError:
    letters = [
        f"{size} = {known[size]}"
        for size in tensor.shape
        if isinstance(size, str) and size in known
    ]
    where = f", where {', '.join(letters)}" if letters else ""
    wanted = ", ".join(map(str, tensor.shape))
    return InputError(
        f"{tensor.name} must have the shape [{wanted}]{where}. "
        f"Got [{', '.join(map(str, shape))}]."
    )
