"""What a Predict request asks of a servable, checked in TensorFlow Serving's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import grpc
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from piaa_tf.contract.signatures import SERVING_DEFAULT
from serving.server.engine import Engine
from serving.server.servable import Servable
from serving.server.status import ServingError, failed_precondition, invalid_argument
from serving.server.tensors import read_tensor, write_tensor

_METHODS = (
    "tensorflow/serving/predict",
    "tensorflow/serving/classify",
    "tensorflow/serving/regress",
)


def predict(
    engine: Engine,
    servable: Servable,
    request: PredictRequest,
    timeout_s: float | None = None,
) -> PredictResponse:
    """Answers a request with a servable.

    Args:
        engine: runs signatures.
        servable: the version that answers.
        request: as the client sent it; nothing about it is taken for granted.
        timeout_s: until the caller's deadline; None for none.

    Raises:
        ServingError: The request does not fit the signature, or the model fails.
    """
    name = request.model_spec.signature_name or SERVING_DEFAULT
    signature = find_signature(servable, name)
    if engine.checks_method_name and signature.method_name not in _METHODS:
        raise ServingError(
            grpc.StatusCode.INTERNAL,
            "Expected prediction signature method_name to be one of "
            f"{{{', '.join(_METHODS)}}}. Was: {signature.method_name}",
        )
    protos = {**signature.defaults, **request.inputs}
    check_names(signature, protos)
    inputs = {alias: read_tensor(proto, alias) for alias, proto in protos.items()}
    outputs = chosen_outputs(signature, request.output_filter)
    values = engine.run(
        servable, name, inputs, outputs, api="Predict", timeout_s=timeout_s
    )
    response = PredictResponse()
    response.model_spec.name = request.model_spec.name
    response.model_spec.signature_name = name
    response.model_spec.version.value = servable.version
    for alias in outputs:
        response.outputs[alias].CopyFrom(write_tensor(values[alias]))
    return response


def find_signature(servable: Servable, name: str) -> SignatureDef:
    """Returns a signature by its name.

    Raises:
        ServingError: FAILED_PRECONDITION; the servable has none of this name.
    """
    if name not in servable.signatures:
        raise failed_precondition(f'Serving signature key "{name}" not found.')
    return servable.signatures[name]


def check_names(signature: SignatureDef, given: Iterable[str]) -> None:
    """Checks that exactly the signature's inputs are given.

    Raises:
        ServingError: INVALID_ARGUMENT; says which are missing and which too many.
    """
    given, wanted = sorted(given), sorted(signature.inputs)
    extra = sorted(set(given) - set(wanted))
    missing = sorted(set(wanted) - set(given))
    if len(given) != len(wanted):
        raise invalid_argument(
            f"input size does not match signature: {len(given)}!={len(wanted)} "
            f"len({{{','.join(given)}}}) != len({{{','.join(wanted)}}}). "
            f"Sent extra: {{{','.join(extra)}}}. "
            f"Missing but required: {{{','.join(missing)}}}."
        )
    if missing:
        feed = signature.inputs[missing[0]].name
        raise invalid_argument(
            f"Signature input alias: {missing[0]}(feed name: {feed}) not found in "
            "request and no default value provided. Inputs expected to be in the "
            f"request {{{','.join(given)}}}, or default input alias set: "
        )


def chosen_outputs(signature: SignatureDef, wanted: Sequence[str]) -> list[str]:
    """Returns the outputs that a filter leaves; all of them where it is empty.

    Raises:
        ServingError: INVALID_ARGUMENT; an output is unknown or named twice.
    """
    for position, alias in enumerate(wanted):
        if alias not in signature.outputs:
            raise invalid_argument(
                f"output tensor alias not found in signature: {alias} Outputs expected "
                f"to be in the set {{{','.join(sorted(signature.outputs))}}}."
            )
        if alias in wanted[:position]:
            raise invalid_argument(f"duplicate output tensor alias: {alias}")
    return list(wanted) or sorted(signature.outputs)
