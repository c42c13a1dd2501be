"""Between TensorProto and numpy: what a request carries, and what an answer does.

Answers use the typed fields (`float_val`, `string_val`, ...), as TensorFlow Serving's
do and as many clients read them; requests may use these or `tensor_content`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.framework.tensor_pb2 import TensorProto

from serving.server.status import ServingError, invalid_argument

FIELDS = {
    types_pb2.DT_FLOAT: "float_val",
    types_pb2.DT_DOUBLE: "double_val",
    types_pb2.DT_INT8: "int_val",
    types_pb2.DT_INT16: "int_val",
    types_pb2.DT_INT32: "int_val",
    types_pb2.DT_UINT8: "int_val",
    types_pb2.DT_UINT16: "int_val",
    types_pb2.DT_INT64: "int64_val",
    types_pb2.DT_UINT32: "uint32_val",
    types_pb2.DT_UINT64: "uint64_val",
    types_pb2.DT_BOOL: "bool_val",
    types_pb2.DT_HALF: "half_val",
    types_pb2.DT_BFLOAT16: "half_val",
    types_pb2.DT_COMPLEX64: "scomplex_val",
    types_pb2.DT_COMPLEX128: "dcomplex_val",
    types_pb2.DT_STRING: "string_val",
}
"""The field of each type that may travel; handles to resources, for one, may not."""

# How the values of a type lie in a field that does not hold them as they are.
_VIEWS = {
    types_pb2.DT_HALF: np.uint16,
    types_pb2.DT_BFLOAT16: np.uint16,
    types_pb2.DT_COMPLEX64: np.float32,
    types_pb2.DT_COMPLEX128: np.float64,
}

# A proto may give one value for a whole shape. A few bytes must not become gigabytes.
MOST_FILLED_IN = 1 << 20


def dtype_name(dtype: int) -> str:
    """Returns the name that TensorFlow's messages use: float, string, int64.

    >>> dtype_name(types_pb2.DT_FLOAT)
    'float'
    """
    return types_pb2.DataType.Name(dtype)[len("DT_") :].lower()


def dtype_of(array: np.ndarray) -> int:
    """Returns the DataType of an array; arrays of objects hold strings."""
    if array.dtype == object:
        return types_pb2.DT_STRING
    return tf.as_dtype(array.dtype).as_datatype_enum


def read_tensor(proto: TensorProto, alias: str) -> np.ndarray:
    """Reads one tensor of a request.

    Args:
        proto: as the client sent it; nothing about it is taken for granted.
        alias: the name of the input, for the message.

    Returns:
        The array, of `object` dtype for strings; it may be a view of the proto's
        bytes, which cannot be written to.

    Raises:
        ServingError: INVALID_ARGUMENT; the proto contradicts itself.
    """
    try:
        return _read(proto)
    except (ValueError, TypeError, OverflowError) as error:
        raise _parsing_error(alias) from error


def _read(proto: TensorProto) -> np.ndarray:
    """Reads a proto, and raises ValueError where it is invalid."""
    if proto.dtype not in FIELDS:
        raise ValueError("This type does not travel.")
    if proto.tensor_shape.unknown_rank:
        raise ValueError("The shape is unknown.")
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if any(size < 0 for size in shape):
        raise ValueError("A size is negative.")
    num_elements = math.prod(shape)
    values = getattr(proto, FIELDS[proto.dtype])
    if proto.tensor_content:
        if proto.dtype == types_pb2.DT_STRING:
            raise ValueError("Strings do not travel as content.")
        dtype = tf.as_dtype(proto.dtype).as_numpy_dtype
        return np.frombuffer(proto.tensor_content, dtype).reshape(shape)
    if num_elements > max(len(values), MOST_FILLED_IN):
        raise ValueError("The shape is larger than what was sent.")
    if proto.dtype == types_pb2.DT_STRING:
        return _read_strings(values, shape, num_elements)
    return tf.make_ndarray(proto).reshape(shape)


def _read_strings(
    values: Iterable[bytes], shape: list[int], num_elements: int
) -> np.ndarray:
    """Makes an array of bytes; the last value stands for those that are missing."""
    strings = list(values)
    missing = num_elements - len(strings)
    if missing > 0:
        strings.extend(strings[-1:] * missing or [b""] * missing)
    array = np.empty(len(strings), dtype=object)
    array[:] = strings
    return array.reshape(shape)


def write_tensor(array: np.ndarray) -> TensorProto:
    """Writes one tensor of an answer into the typed field of its type."""
    dtype = dtype_of(array)
    proto = TensorProto(dtype=dtype)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    flat = np.ascontiguousarray(array).reshape(-1)
    if dtype in _VIEWS:
        flat = flat.view(_VIEWS[dtype])
    getattr(proto, FIELDS[dtype]).extend(flat.tolist())
    return proto


def _parsing_error(alias: str) -> ServingError:
    return invalid_argument(f"tensor parsing error: {alias}")
