"""Between JSON and numpy, as TensorFlow Serving's REST interface has it."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo

from serving.server.status import ServingError, invalid_argument
from serving.server.tensors import FIELDS, dtype_name

BASE64_KEY = "b64"
BYTES_SUFFIX = "_bytes"
MOST_DIMENSIONS = 32  # numpy's
_NOT_IN_JSON = (types_pb2.DT_COMPLEX64, types_pb2.DT_COMPLEX128)
_TYPE_NAMES = {
    type(None): "Null",
    bool: "Bool",
    dict: "Object",
    list: "Array",
    str: "String",
    int: "Number",
    float: "Number",
}


def parse_object(body: bytes) -> dict[str, Any]:
    """Parses the body of a request.

    Raises:
        ServingError: INVALID_ARGUMENT; it is not a JSON object.
    """
    if not body:
        raise invalid_argument("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except json.JSONDecodeError as error:
        raise invalid_argument(
            f"JSON Parse error: {error.msg} at offset: {error.pos}"
        ) from error
    except (UnicodeDecodeError, ValueError) as error:
        raise invalid_argument(f"JSON Parse error: {error}") from error
    except RecursionError as error:
        raise invalid_argument("JSON Parse error: It is nested too deeply") from error
    if not isinstance(document, dict):
        raise invalid_argument(f"JSON Value: {_shown(document)} Is not object")
    return document


def arrays_of_instances(
    instances: Any, infos: Mapping[str, TensorInfo]
) -> dict[str, np.ndarray]:
    """Reads the row format: a list of values, or of objects with a key per input.

    Args:
        instances: what the key `instances` holds.
        infos: the inputs of the signature.

    Raises:
        ServingError: INVALID_ARGUMENT; rows differ, or do not fit the signature.
    """
    if not isinstance(instances, list):
        raise invalid_argument(
            f"JSON Value: {_shown(instances)} Excepting 'instances' to be an list/array"
        )
    if not instances:
        raise invalid_argument("JSON Value: [] No values in 'instances' array")
    are_objects = _is_object(instances[0])
    if not are_objects and len(infos) > 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple "
            "input tensors required as per tensorinfo_map"
        )
    rows: dict[str, list[np.ndarray]] = {alias: [] for alias in infos}
    for number, row in enumerate(instances):
        if _is_object(row) != are_objects:
            expected, got = "object", "value/list"
            if not are_objects:
                expected, got = got, expected
            raise invalid_argument(
                f"Expecting {expected} but got {got} at item {number} of input list"
            )
        values = row if are_objects else {next(iter(infos)): row}
        if set(values) != set(infos):
            raise invalid_argument(
                f"Failed to process element: {number} of 'instances' list. JSON "
                f"object: {_shown(row)} keys must be equal to: "
                f"{','.join(sorted(infos))}"
            )
        for alias, value in values.items():
            rows[alias].append(_row(number, alias, value, infos[alias], rows[alias]))
    return {alias: np.stack(arrays) for alias, arrays in rows.items()}


def _row(
    number: int, alias: str, value: Any, info: TensorInfo, before: list[np.ndarray]
) -> np.ndarray:
    """Reads one row of one input, which must be shaped like those before it."""
    try:
        array = array_of(value, info.dtype)
    except ServingError as error:
        raise ServingError(
            error.code,
            f"Failed to process element: {number} key: {alias} of 'instances' list. "
            f"Error: {error}",
        ) from error
    if before and before[0].shape != array.shape:
        raise invalid_argument(
            f"Failed to process element: {number} key: {alias} of 'instances' list. "
            f"Expecting shape {_shape(before[0].shape)} "
            f"but got: {_shape(array.shape)}"
        )
    return array


def arrays_of_inputs(
    inputs: Any, infos: Mapping[str, TensorInfo]
) -> dict[str, np.ndarray]:
    """Reads the columnar format: an object with a key per input, or one input's value.

    Raises:
        ServingError: INVALID_ARGUMENT; it does not fit the signature.
    """
    if not _is_object(inputs):
        if len(infos) > 1:
            raise invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
        inputs = {next(iter(infos)): inputs}
    for alias in infos:
        if alias not in inputs:
            raise invalid_argument(f"Missing named input: {alias} in 'inputs' object.")
    return {alias: array_of(inputs[alias], info.dtype) for alias, info in infos.items()}


def array_of(value: Any, dtype: int) -> np.ndarray:
    """Makes an array of a value or of lists in lists, all of the same length.

    >>> array_of([[1, 2], [3, 4]], types_pb2.DT_INT32).shape
    (2, 2)

    Raises:
        ServingError: INVALID_ARGUMENT; types or lengths differ. UNIMPLEMENTED; JSON
            has no such numbers.
    """
    if dtype not in FIELDS or dtype in _NOT_IN_JSON:
        raise ServingError(
            grpc.StatusCode.UNIMPLEMENTED,
            f"Conversion of JSON Value: {_shown(value)} to type: {dtype_name(dtype)}",
        )
    shape = []
    first = value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    if len(shape) > MOST_DIMENSIONS:
        raise invalid_argument(
            f"A tensor must have at most {MOST_DIMENSIONS} dimensions. "
            f"Got {len(shape)}."
        )
    flat: list[Any] = []
    _flatten(value, shape, 0, flat)
    numpy_dtype = tf.as_dtype(dtype).as_numpy_dtype
    convert = _strings if dtype == types_pb2.DT_STRING else _numbers
    return convert(flat, dtype, numpy_dtype).reshape(shape)


def _flatten(value: Any, shape: Sequence[int], level: int, flat: list[Any]) -> None:
    """Collects the leaves, checking that each list is as long as the first."""
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid_argument(
                f"JSON Value: {_shown(value)} found at incorrect level: {level + 1} in "
                f"the JSON DOM. Expected at level: {len(shape)}"
            )
        flat.append(value)
        return
    if level >= len(shape):
        raise invalid_argument(
            f"Encountered list at unexpected level: {level} expected < {len(shape)}"
        )
    if len(value) != shape[level]:
        raise invalid_argument(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    for entry in value:
        _flatten(entry, shape, level + 1, flat)


def _strings(flat: list[Any], dtype: int, _: type) -> np.ndarray:
    """Makes an array of bytes."""
    array = np.empty(len(flat), dtype=object)
    for position, value in enumerate(flat):
        if not isinstance(value, (str, dict)):
            raise _type_error(value, dtype)
        array[position] = bytes_of(value)
    return array


def bytes_of(value: str | dict[str, Any]) -> bytes:
    """Makes bytes of a text, or of {"b64": "..."}, whose padding may be left out.

    >>> bytes_of({"b64": "aGk"})
    b'hi'

    Raises:
        ServingError: INVALID_ARGUMENT; an object holds something else, or a text half
            of a surrogate pair.
    """
    if isinstance(value, str):
        try:
            return value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise invalid_argument(
                "JSON Parse error: The surrogate pair in string is invalid."
            ) from error
    if _is_object(value):
        raise invalid_argument(
            f"JSON Value: {_shown(value)} not formatted correctly for base64 data"
        )
    text = value[BASE64_KEY]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_argument("Unable to base64 decode") from error


def _numbers(flat: list[Any], dtype: int, numpy_dtype: type) -> np.ndarray:
    """Makes an array of numbers or truth values that the type can hold."""
    if dtype == types_pb2.DT_BOOL:
        allowed: tuple[type, ...] = (bool,)
    elif tf.as_dtype(dtype).is_integer:
        allowed = (int,)
    else:
        allowed = (int, float)
    for value in flat:
        if type(value) not in allowed:
            raise _type_error(value, dtype)
    if tf.as_dtype(dtype).is_floating:
        _check_lossless(flat, dtype, numpy_dtype)
    try:
        return np.array(flat, dtype=numpy_dtype)
    except OverflowError as error:
        bounds = tf.as_dtype(dtype)
        outside = next(v for v in flat if not bounds.min <= v <= bounds.max)
        raise _type_error(outside, dtype) from error


def _check_lossless(flat: list[Any], dtype: int, numpy_dtype: type) -> None:
    """Refuses numbers that the type would silently change."""
    info = tf.as_dtype(dtype)
    digits = {types_pb2.DT_FLOAT: 24, types_pb2.DT_DOUBLE: 53}.get(dtype, 8)
    largest = float(info.max)
    for value in flat:
        is_too_large = math.isfinite(value) and abs(value) > largest
        is_odd = type(value) is int and abs(value) >= 1 << digits
        if is_too_large or (is_odd and int(numpy_dtype(value)) != value):
            raise invalid_argument(
                f"Cannot convert JSON value: {value} to {dtype_name(dtype)} "
                "without loss of precision."
            )


def values_of(array: np.ndarray, name: str) -> Any:
    """Makes JSON's values of an output: numbers with no more digits than they have.

    Args:
        array: of any shape.
        name: of the output; bytes of one that ends in `_bytes` become base64.
    """
    if array.dtype == object:
        as_bytes = name.endswith(BYTES_SUFFIX)
        texts = [_text_of(value, as_bytes) for value in array.reshape(-1)]
        return _nested(texts, array.shape)
    if array.dtype in (np.float32, np.float16) or array.dtype == tf.bfloat16:
        # As a decimal of its own type first: 0.1 rather than 0.10000000149011612.
        flat = array.astype(np.float32 if array.dtype == tf.bfloat16 else array.dtype)
        return flat.astype("U32").astype(np.float64).tolist()
    return array.tolist()


def values_of_floats(values: Iterable[float]) -> list[float]:
    """Makes JSON's values of float32 values that travelled as doubles.

    >>> values_of_floats([float(np.float32(0.1))])
    [0.1]
    """
    return values_of(np.array(list(values), dtype=np.float32), "")


def _text_of(value: bytes, as_bytes: bool) -> Any:
    """Writes bytes as text where they are text and nothing else is asked for."""
    if not as_bytes:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return {BASE64_KEY: base64.b64encode(value).decode("ascii")}


def _nested(flat: list[Any], shape: Sequence[int]) -> Any:
    """Folds a flat list into lists of a shape."""
    if not shape:
        return flat[0]
    if len(shape) == 1:
        return flat
    step = math.prod(shape[1:])
    return [
        _nested(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])
    ]


def predictions_of(values: Mapping[str, np.ndarray]) -> list[Any]:
    """Writes the row format: a value, or an object of outputs, per row.

    Raises:
        ServingError: INVALID_ARGUMENT; the outputs have no rows, or not as many.
    """
    num_rows = None
    for name, array in values.items():
        if array.ndim == 0:
            raise invalid_argument(f"Tensor name: {name} has no shape information ")
        if num_rows not in (None, len(array)):
            raise invalid_argument(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} "
                f"expecting: {num_rows}"
            )
        num_rows = len(array)
    columns = {name: values_of(array, name) for name, array in values.items()}
    if len(columns) == 1:
        return next(iter(columns.values()))
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def outputs_of(values: Mapping[str, np.ndarray]) -> Any:
    """Writes the columnar format: an object of outputs, or one output's value."""
    columns = {name: values_of(array, name) for name, array in values.items()}
    return next(iter(columns.values())) if len(columns) == 1 else columns


def _is_object(value: Any) -> bool:
    """Checks whether a value is an object that does not stand for bytes."""
    if not isinstance(value, dict):
        return False
    return not (set(value) == {BASE64_KEY} and isinstance(value[BASE64_KEY], str))


def _type_error(value: Any, dtype: int) -> ServingError:
    return invalid_argument(
        f"JSON Value: {_shown(value)} Type: {_TYPE_NAMES[type(value)]} "
        f"is not of expected type: {dtype_name(dtype)}"
    )


def _shown(value: Any) -> str:
    """Writes a value for a message, without much of it."""
    try:
        text = json.dumps(value)
    except RecursionError:
        return "..."
    return text if len(text) <= 200 else f"{text[:200]}..."


def _shape(shape: Sequence[int]) -> str:
    return f"[{','.join(str(size) for size in shape)}]"
