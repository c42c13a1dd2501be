"""PredictionService of TensorFlow Serving: Predict and GetModelMetadata."""

from __future__ import annotations

import grpc
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    SignatureDefMap,
)
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
)

from serving.engine import Engine
from serving.models import Models
from serving.predict import predict
from serving.rpc import answer
from serving.status import invalid_argument

SIGNATURE_DEF = "signature_def"


class PredictionService(PredictionServiceServicer):
    """Answers requests for predictions."""

    def __init__(self, models: Models, engine: Engine) -> None:
        """Takes what is served, and what runs it."""
        self._models = models
        self._engine = engine

    def Predict(
        self, request: PredictRequest, context: grpc.ServicerContext
    ) -> PredictResponse:
        """Runs a signature on tensors."""

        def work(timeout_s: float | None) -> PredictResponse:
            check_has_spec(request)
            with self._models.borrow(request.model_spec) as servable:
                return predict(self._engine, servable, request, timeout_s)

        return answer(context, work)

    def GetModelMetadata(
        self, request: GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> GetModelMetadataResponse:
        """Tells the signatures of a model."""
        return answer(context, lambda _: model_metadata(self._models, request))


def model_metadata(
    models: Models, request: GetModelMetadataRequest
) -> GetModelMetadataResponse:
    """Answers GetModelMetadata.

    Raises:
        ServingError: The request asks for something else than signatures, or for a
            model that is not served.
    """
    check_has_spec(request)
    if not request.metadata_field:
        raise invalid_argument(
            "GetModelMetadataRequest must specify at least one metadata_field"
        )
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise invalid_argument(f"Metadata field {field} is not supported")
    with models.borrow(request.model_spec) as servable:
        response = GetModelMetadataResponse()
        response.model_spec.name = servable.name
        response.model_spec.version.value = servable.version
        signatures = SignatureDefMap()
        for name, signature in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
        response.metadata[SIGNATURE_DEF].Pack(signatures)
        return response


def check_has_spec(request) -> None:
    """Checks that a request says which model it means.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
