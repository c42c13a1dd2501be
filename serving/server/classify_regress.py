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
)

from piaa_tf.contract.signatures import SERVING_DEFAULT
from serving.server.engine import Engine
from serving.server.example_results import (
    CLASSES,
    OUTPUTS,
    SCORES,
    classification_result,
    regression_result,
)
from serving.server.servable import Call, Servable
from serving.server.status import ServingError, failed_precondition, invalid_argument

INPUTS = "inputs"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"
_KINDS = {CLASSIFY: "classification", REGRESS: "regression"}
_OUTPUTS = {CLASSIFY: (CLASSES, SCORES), REGRESS: (OUTPUTS,)}


def classify(
    engine: Engine,
    servable: Servable,
    request: ClassificationRequest,
    timeout_s: float | None = None,
) -> ClassificationResponse:
    """Answers with classes, scores, or both, for every example.

    Raises:
        ServingError: The signature does not classify, or the model fails.
    """
    name, values, count = _run(
        engine, servable, request, CLASSIFY, api="Classify", timeout_s=timeout_s
    )
    response = ClassificationResponse()
    response.result.CopyFrom(classification_result(values, count))
    _fill_spec(response.model_spec, request.model_spec.name, name, servable)
    return response


def regress(
    engine: Engine,
    servable: Servable,
    request: RegressionRequest,
    timeout_s: float | None = None,
) -> RegressionResponse:
    """Answers with a value for every example.

    Raises:
        ServingError: The signature does not regress, or the model fails.
    """
    name, values, count = _run(
        engine, servable, request, REGRESS, api="Regress", timeout_s=timeout_s
    )
    response = RegressionResponse()
    response.result.CopyFrom(regression_result(values, count))
    _fill_spec(response.model_spec, request.model_spec.name, name, servable)
    return response


def _run(
    engine: Engine,
    servable: Servable,
    request: ClassificationRequest | RegressionRequest,
    method: str,
    *,
    api: str,
    timeout_s: float | None,
) -> tuple[str, dict[str, np.ndarray], int]:
    """Runs a signature: its name, what it computed, and of how many examples."""
    name = _signature_name(request.model_spec)
    signature = _find(engine, servable, name, method)
    examples = serialized_examples(request.input)
    call = _call(signature, method, examples)
    values = engine.run(
        servable, name, call.inputs, call.outputs, api=api, timeout_s=timeout_s
    )
    return name, values, len(examples)


def multi_inference(
    engine: Engine,
    servable: Servable,
    request: MultiInferenceRequest,
    timeout_s: float | None = None,
) -> MultiInferenceResponse:
    """Answers several signatures on the same examples, in one run of one version.

    Raises:
        ServingError: The tasks do not go together, or the model fails.
    """
    names = _checked_tasks(engine, servable, request)
    examples = serialized_examples(request.input)
    calls = {
        name: _call(servable.signatures[name], task.method_name, examples)
        for name, task in zip(names, request.tasks)
    }
    values = engine.run_together(
        servable, calls, api="MultiInference", timeout_s=timeout_s
    )
    response = MultiInferenceResponse()
    for name, task in zip(names, request.tasks):
        result = response.results.add()
        if task.method_name == CLASSIFY:
            result.classification_result.CopyFrom(
                classification_result(values[name], len(examples))
            )
        else:
            result.regression_result.CopyFrom(
                regression_result(values[name], len(examples))
            )
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


def _checked_tasks(
    engine: Engine, servable: Servable, request: MultiInferenceRequest
) -> list[str]:
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
        _check_signature(engine, servable.signatures[name], task.method_name)
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


def _find(engine: Engine, servable: Servable, name: str, method: str) -> SignatureDef:
    """Returns a signature that a method can ask."""
    if name not in servable.signatures:
        raise invalid_argument(f"No signature was found with the name: {name}")
    signature = servable.signatures[name]
    _check_signature(engine, signature, method)
    return signature


def _check_signature(engine: Engine, signature: SignatureDef, method: str) -> None:
    """Checks that a signature has the inputs and outputs of a method.

    Signatures of TensorFlow 2 are all made for Predict, so what they were made for
    is checked only where a flag asks for it.

    Raises:
        ServingError: INVALID_ARGUMENT or FAILED_PRECONDITION.
    """
    kind = _KINDS[method]
    if engine.checks_method_name and signature.method_name != method:
        raise invalid_argument(
            f"Expected {kind} signature method_name to be {method}. "
            f"Was: {signature.method_name}"
        )
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    num_outputs = len(signature.outputs)
    if method == REGRESS and num_outputs != 1:
        raise invalid_argument("Expected one output Tensor.")
    if method == CLASSIFY and num_outputs not in (1, 2):
        raise invalid_argument(
            f"Expected one or two output Tensors, found {num_outputs}"
        )
    if INPUTS not in signature.inputs:
        raise failed_precondition(
            f"No {kind} inputs found in SignatureDef: {signature}"
        )
    if method == REGRESS and OUTPUTS not in signature.outputs:
        raise failed_precondition(
            f"No regression outputs found in SignatureDef: {signature}"
        )
    if method == CLASSIFY and not {CLASSES, SCORES} & set(signature.outputs):
        raise failed_precondition(
            "Expected classification signature outputs to contain at least one of "
            f'"{CLASSES}" or "{SCORES}". Signature was: {signature}'
        )


def _call(signature: SignatureDef, method: str, examples: list[bytes]) -> Call:
    """Asks a signature about examples."""
    array = np.empty(len(examples), dtype=object)
    array[:] = examples
    outputs = [alias for alias in _OUTPUTS[method] if alias in signature.outputs]
    return Call({INPUTS: array}, outputs)


def _signature_name(spec: ModelSpec) -> str:
    return spec.signature_name or SERVING_DEFAULT


def _fill_spec(
    spec: ModelSpec, model_name: str, signature_name: str, servable: Servable
) -> None:
    """Writes which version answered."""
    spec.name = model_name
    spec.signature_name = signature_name
    spec.version.value = servable.version
