"""From rows to requests: how many go into one, and what a tensor of them looks like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from piaa_tf.contract.signatures import ServedTensor, Signature
from piaa_tf.errors import InputError
from serving.client.request_limits import RequestLimits

Row = Mapping[str, Any]
"""An input's value of one row, by its name: bytes, or an array."""


def in_requests(rows: Iterable[Row], limits: RequestLimits) -> Iterator[list[Row]]:
    """Groups rows in their order into requests of at most so many bytes and rows.

    >>> rows = [{"image_bytes": bytes(size)} for size in (6, 3, 9, 40, 1)]
    >>> limits = RequestLimits(max_request_bytes=10, max_rows=2)
    >>> [[len(r["image_bytes"]) for r in group] for group in in_requests(rows, limits)]
    [[6, 3], [9], [40], [1]]
    """
    group: list[Row] = []
    group_bytes = 0
    for row in rows:
        size = sum(_num_bytes(value) for value in row.values())
        is_full = len(group) == limits.max_rows
        if group and (is_full or group_bytes + size > limits.max_request_bytes):
            yield group
            group, group_bytes = [], 0
        group.append(row)
        group_bytes += size
    if group:
        yield group


def _num_bytes(value: Any) -> int:
    return len(value) if isinstance(value, bytes) else np.asarray(value).nbytes


def encode_inputs(signature: Signature, rows: Sequence[Row]) -> dict[str, TensorProto]:
    """Writes rows as the inputs of a signature.

    Args:
        signature: of the contract.
        rows: at least one, each with all of the signature's inputs.
    """
    return {
        tensor.name: _tensor(tensor, [row[tensor.name] for row in rows])
        for tensor in signature.inputs
    }


def _tensor(tensor: ServedTensor, values: Sequence[Any]) -> TensorProto:
    if tensor.dtype == "string":
        # Not through a numpy array of bytes, which drops zeros at their ends.
        return tf.make_tensor_proto(list(values), tf.string)
    return tf.make_tensor_proto(np.stack(values).astype(tensor.dtype))


def decode_outputs(
    signature: Signature, outputs: Mapping[str, TensorProto], num_rows: int
) -> dict[str, np.ndarray]:
    """Reads the outputs of a signature.

    Raises:
        InputError: An output is missing, of another type, or has other rows.
    """
    arrays = {}
    for tensor in signature.outputs:
        if tensor.name not in outputs:
            raise InputError(
                f"{signature.name} must be answered with {tensor.name}. Got "
                f"{', '.join(sorted(outputs)) or 'nothing'}. Export again."
            )
        array = tf.make_ndarray(outputs[tensor.name])
        if array.dtype != tensor.dtype or array.shape[:1] != (num_rows,):
            raise InputError(
                f"{signature.name} must be answered with {tensor.name} of "
                f"{tensor.dtype} [{num_rows}, ...]. Got {array.dtype} "
                f"{list(array.shape)}. Export again."
            )
        arrays[tensor.name] = array
    return arrays
