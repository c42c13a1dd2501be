"""tf.train.Example out of JSON, for classify and regress over REST."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow_serving.apis.input_pb2 import Input

from serving.server.json_tensors import bytes_of
from serving.server.status import invalid_argument

CONTEXT_KEY = "context"
EXAMPLES_KEY = "examples"


def fill_examples(given: Input, document: dict[str, Any]) -> None:
    """Writes the examples of a body, and their common context, into a request.

    Raises:
        ServingError: INVALID_ARGUMENT; there are none, or one is not an example.
    """
    if EXAMPLES_KEY not in document:
        raise invalid_argument(
            f"When method is classify, key '{EXAMPLES_KEY}' is expected and was not "
            "found"
        )
    examples = document[EXAMPLES_KEY]
    if not isinstance(examples, list):
        raise invalid_argument(f"Expecting '{EXAMPLES_KEY}' value to be an list/array")
    if not examples:
        raise invalid_argument(f"'{EXAMPLES_KEY}' value is an empty array")
    if CONTEXT_KEY in document:
        target = given.example_list_with_context
        target.context.CopyFrom(example_of(document[CONTEXT_KEY]))
    else:
        target = given.example_list
    target.examples.extend(example_of(example) for example in examples)


def example_of(value: Any) -> tf.train.Example:
    """Makes an example of an object whose values are features, or lists of them.

    >>> example_of({"x": [1.0, 2.0]}).features.feature["x"].float_list.value[:]
    [1.0, 2.0]

    Raises:
        ServingError: INVALID_ARGUMENT; a feature mixes types, or has another one.
    """
    if not isinstance(value, dict):
        raise invalid_argument("Example must be JSON object")
    example = tf.train.Example()
    for name, content in value.items():
        entries = content if isinstance(content, list) else [content]
        _fill_feature(example.features.feature[name], name, entries)
    return example


def _fill_feature(feature: tf.train.Feature, name: str, entries: list[Any]) -> None:
    """Writes the values of one feature, which must be of one kind."""
    kinds = {_kind(name, entry) for entry in entries}
    if len(kinds) > 1:
        raise invalid_argument(
            f"Unexpected element type in feature: {name} expecting type: "
            f"{_kind(name, entries[0])}"
        )
    kind = kinds.pop() if kinds else ""
    try:
        if kind == "int64":
            feature.int64_list.value.extend(int(entry) for entry in entries)
        elif kind == "float":
            feature.float_list.value.extend(entries)
        elif kind == "bytes":
            feature.bytes_list.value.extend(bytes_of(entry) for entry in entries)
    except ValueError as error:
        raise invalid_argument(
            f"Feature: {name} has an element that int64 or float cannot hold."
        ) from error


def _kind(name: str, value: Any) -> str:
    """Returns the kind of list that a value belongs in."""
    if isinstance(value, (bool, int)):
        return "int64"
    if isinstance(value, float):
        return "float"
    if isinstance(value, (str, dict)):
        return "bytes"
    raise invalid_argument(
        f"Feature: {name} has element with unexpected JSON type: "
        f"{'Null' if value is None else 'Array'}"
    )
