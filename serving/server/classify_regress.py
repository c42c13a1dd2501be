"""Classify, Regress and MultiInference: signatures that take tf.train.Example.

The checks and their sentences are TensorFlow Serving's.
"""

from __future__ import annotations

from collections.abc import Sequence

import grpc
import numpy as np
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis.classification_pb2 import (
    ClassificationRequest,
    ClassificationResponse,
    ClassificationResult,
)
from tensorflow_serving.apis.inference_pb2 import (
    MultiInferenceRequest,
    MultiInferenceResponse,
)
from tensorflow_serving.apis.input_pb2 import Input
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.regression_pb2 import (
    RegressionRequest,
    RegressionResponse,
    RegressionResult,
)

from piaa_tf.contract.signatures import SERVING_DEFAULT
from serving.server.engine import Engine
from serving.server.servable import Servable
from serving.server.status import ServingError, failed_precondition, invalid_argument

INPUTS = "inputs"
CLASSES, SCORES, OUTPUTS = "classes", "scores", "outputs"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"
_KINDS = {CLASSIFY: "classification", REGRESS: "regression"}


def classify(
    engine: Engine,
    servable: Servable,
    request: ClassificationRequest,
    timeout_s: float | None = None,
) -> ClassificationResponse:
    """Answers with classes, scores, or both, of every example.

    Raises:
        ServingError: The signature does not classify, or the model fails.
    """
    name = _signature_name(request.model_spec)
    signature = _find(servable, name, CLASSIFY)
    response = ClassificationResponse()
    examples = serialized_examples(request.input)
    values = _run(
        engine, servable, name, signature, examples, api="Classify", timeout_s=timeout_s
    )
    response.result.CopyFrom(classification_result(values, len(examples)))
    _fill_spec(response.model_spec, request.model_spec.name, name, servable)
    return response


def regress(
    engine: Engine,
    servable: Servable,
    request: RegressionRequest,
    timeout_s: float | None = None,
) -> RegressionResponse:
    """Answers with a value of every example.

    Raises:
        ServingError: The signature does not regress, or the model fails.
    """
    name = _signature_name(request.model_spec)
    signature = _find(servable, name, REGRESS)
    response = RegressionResponse()
    examples = serialized_examples(request.input)
    values = _run(
        engine, servable, name, signature, examples, api="Regress", timeout_s=timeout_s
    )
    response.result.CopyFrom(regression_result(values, len(examples)))
    _fill_spec(response.model_spec, request.model_spec.name, name, servable)
    return response


def multi_inference(
    engine: Engine,
    servable: Servable,
    request: MultiInferenceRequest,
    timeout_s: float | None = None,
) -> MultiInferenceResponse:
    """Answers several signatures on the same examples, all by one version.

    Raises:
        ServingError: The tasks do not go together, or the model fails.
    """
    names = _checked_tasks(servable, request)
    examples = serialized_examples(request.input)
    response = MultiInferenceResponse()
    for name, task in zip(names, request.tasks):
        signature = servable.signatures[name]
        values = _run(
            engine,
            servable,
            name,
            signature,
            examples,
            api="MultiInference",
            timeout_s=timeout_s,
        )
        result = response.results.add()
        if task.method_name == CLASSIFY:
            result.classification_result.CopyFrom(
                classification_result(values, len(examples))
            )
        else:
            result.regression_result.CopyFrom(regression_result(values, len(examples)))
        _fill_spec(result.model_spec, task.model_spec.name, name, servable)
    return response


def check_one_model(specs: Sequence[ModelSpec]) -> None:
    """Checks that the tasks of a request name one model.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    if not specs:
        raise invalid_argument("Inference request is empty.")
    for spec in specs:
        if not spec.name:
            raise invalid_argument("Found ModelSpec with an empty model name.")
        if spec.name != specs[0].name:
            raise invalid_argument(
                "All ModelSpecs in a MultiInferenceRequest must access the same model "
                "name."
            )


def _checked_tasks(servable: Servable, request: MultiInferenceRequest) -> list[str]:
    """Returns the signature of each task, after checking all of them."""
    check_one_model([task.model_spec for task in request.tasks])
    names: list[str] = []
    for task in request.tasks:
        name = _signature_name(task.model_spec)
        if name in names:
            raise invalid_argument(f"Duplicate evaluation of signature: {name}")
        names.append(name)
        if name not in servable.signatures:
            raise invalid_argument(
                f"Requested signature not found in model graph: {name}"
            )
        if task.method_name not in _KINDS:
            raise ServingError(
                grpc.StatusCode.UNIMPLEMENTED,
                f"Unsupported signature method_name: {task.method_name}",
            )
        check_signature(servable.signatures[name], task.method_name)
    feeds = {servable.signatures[name].inputs[INPUTS].name for name in names}
    if len(feeds) > 1:
        raise invalid_argument("Input tensor must be the same for all Signatures.")
    return names


def serialized_examples(given: Input) -> list[bytes]:
    """Returns the examples of a request, each with the common context before it.

    Raises:
        ServingError: INVALID_ARGUMENT; there are none.
    """
    kind = given.WhichOneof("kind")
    listed = getattr(given, kind).examples if kind else []
    examples = [example.SerializeToString() for example in listed]
    if not examples:
        raise invalid_argument("Input is empty.")
    if kind == "example_list_with_context":
        # Messages one after the other are their merger.
        context = given.example_list_with_context.context.SerializeToString()
        examples = [context + example for example in examples]
    return examples


def _find(servable: Servable, name: str, method: str) -> SignatureDef:
    """Returns a signature that was made for a method."""
    if name not in servable.signatures:
        raise invalid_argument(f"No signature was found with the name: {name}")
    signature = servable.signatures[name]
    check_signature(signature, method)
    return signature


def check_signature(signature: SignatureDef, method: str) -> None:
    """Checks that a signature has the inputs and outputs of its method.

    Raises:
        ServingError: INVALID_ARGUMENT or FAILED_PRECONDITION.
    """
    kind = _KINDS[method]
    if signature.method_name != method:
        raise invalid_argument(
            f"Expected {kind} signature method_name to be {method}. "
            f"Was: {signature.method_name}"
        )
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if INPUTS not in signature.inputs:
        raise failed_precondition(f"No {kind} inputs found in SignatureDef.")
    num_outputs = len(signature.outputs)
    if method == REGRESS:
        if num_outputs != 1:
            raise invalid_argument("Expected one output Tensor.")
        if OUTPUTS not in signature.outputs:
            raise failed_precondition("No regression outputs found in SignatureDef.")
        return
    if num_outputs not in (1, 2):
        raise invalid_argument(
            f"Expected one or two output Tensors, found {num_outputs}"
        )
    if CLASSES not in signature.outputs and SCORES not in signature.outputs:
        raise failed_precondition(
            "Expected classification signature outputs to contain at least one of "
            f'"{CLASSES}" or "{SCORES}".'
        )


def _run(
    engine: Engine,
    servable: Servable,
    name: str,
    signature: SignatureDef,
    examples: list[bytes],
    *,
    api: str,
    timeout_s: float | None,
) -> dict[str, np.ndarray]:
    """Runs a signature on examples."""
    array = np.empty(len(examples), dtype=object)
    array[:] = examples
    return engine.run(
        servable,
        name,
        {INPUTS: array},
        [o for o in (CLASSES, SCORES, OUTPUTS) if o in signature.outputs],
        api=api,
        timeout_s=timeout_s,
    )


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
    """Reads a label; what is no UTF-8 cannot travel in a response."""
    try:
        return label.decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid_argument(
            f"A class label must be UTF-8. Got {label!r}."
        ) from error


def _signature_name(spec: ModelSpec) -> str:
    return spec.signature_name or SERVING_DEFAULT


def _fill_spec(
    spec: ModelSpec, model_name: str, signature_name: str, servable: Servable
) -> None:
    """Says which version answered."""
    spec.name = model_name
    spec.signature_name = signature_name
    spec.version.value = servable.version
