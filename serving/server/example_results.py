"""What a signature says of examples, as Classify and Regress answer it."""

from __future__ import annotations

import numpy as np
from tensorflow_serving.apis.classification_pb2 import ClassificationResult
from tensorflow_serving.apis.regression_pb2 import RegressionResult

from serving.server.status import invalid_argument

CLASSES, SCORES, OUTPUTS = "classes", "scores", "outputs"
"""The outputs of signatures that classify (one or both of two) and regress."""


def classification_result(
    values: dict[str, np.ndarray], num_examples: int
) -> ClassificationResult:
    """Pairs classes with scores.

    Raises:
        ServingError: INVALID_ARGUMENT; the outputs are of other types or shapes.
    """
    for name, dtype in ((CLASSES, object), (SCORES, np.float32)):
        if name not in values:
            continue
        array = values[name]
        if array.ndim != 2:
            raise invalid_argument(
                "Expected Tensor shape: [batch_size num_classes] but got "
                f"[{','.join(map(str, array.shape))}]"
            )
        if array.dtype != dtype:
            wanted = "DT_STRING" if dtype is object else "DT_FLOAT"
            raise invalid_argument(
                f"Expected {name} Tensor of {wanted}. Got: {array.dtype}"
            )
        if len(array) != num_examples:
            raise invalid_argument(
                f"Expected {name} output batch size of {num_examples}. "
                f"Got: {len(array)}"
            )
    widths = {array.shape[1] for array in values.values()}
    if len(widths) > 1:
        raise invalid_argument(
            "Tensors class and score should match in dim_size(1). "
            f"Got {' vs. '.join(map(str, sorted(widths)))}"
        )
    result = ClassificationResult()
    for row in range(num_examples):
        classes = result.classifications.add().classes
        for column in range(max(widths)):
            entry = classes.add()
            if CLASSES in values:
                entry.label = _text(values[CLASSES][row, column])
            if SCORES in values:
                entry.score = values[SCORES][row, column]
    return result


def regression_result(
    values: dict[str, np.ndarray], num_examples: int
) -> RegressionResult:
    """Takes one value of each example.

    Raises:
        ServingError: INVALID_ARGUMENT; the output is of another type or shape.
    """
    array = values[OUTPUTS]
    if not (array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)):
        raise invalid_argument(
            "Expected output Tensor shape to be either [batch_size] or "
            f"[batch_size, 1] but got [{','.join(map(str, array.shape))}]"
        )
    if len(array) != num_examples:
        raise invalid_argument(
            "Input batch size did not match output batch size: "
            f"{num_examples} vs. {len(array)}"
        )
    if array.dtype != np.float32:
        raise invalid_argument(
            f"Expected output Tensor of DT_FLOAT.  Got: {array.dtype}"
        )
    result = RegressionResult()
    for value in array.reshape(-1):
        result.regressions.add(value=value)
    return result


def _text(label: bytes) -> str:
    """Reads a label, which must be UTF-8 to travel in a response."""
    try:
        return label.decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid_argument(
            f"A class label must be UTF-8. Got {label!r}."
        ) from error
