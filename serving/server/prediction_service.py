"""PredictionService of TensorFlow Serving: every method of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import grpc
from tensorflow_serving.apis.classification_pb2 import (
    ClassificationRequest,
    ClassificationResponse,
)
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    SignatureDefMap,
)
from tensorflow_serving.apis.inference_pb2 import (
    MultiInferenceRequest,
    MultiInferenceResponse,
)
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
)
from tensorflow_serving.apis.regression_pb2 import RegressionRequest, RegressionResponse

from serving.server.classify_regress import (
    check_one_model,
    classify,
    multi_inference,
    regress,
)
from serving.server.engine import Engine
from serving.server.metrics import Metrics
from serving.server.models import Models
from serving.server.predict import predict
from serving.server.rpc import answer
from serving.server.servable import Servable
from serving.server.status import invalid_argument

SIGNATURE_DEF = "signature_def"


class PredictionService(PredictionServiceServicer):
    """Answers requests for predictions."""

    def __init__(self, models: Models, engine: Engine, metrics: Metrics) -> None:
        """Takes what is served, what runs it, and where requests are counted."""
        self._models = models
        self._engine = engine
        self._metrics = metrics

    def Predict(
        self, request: PredictRequest, context: grpc.ServicerContext
    ) -> PredictResponse:
        """Runs a signature on tensors."""

        def work(timeout_s: float | None) -> PredictResponse:
            with self._borrow("Predict", request) as servable:
                return predict(self._engine, servable, request, timeout_s)

        return answer(context, work)

    def Classify(
        self, request: ClassificationRequest, context: grpc.ServicerContext
    ) -> ClassificationResponse:
        """Runs a signature that classifies examples."""

        def work(timeout_s: float | None) -> ClassificationResponse:
            with self._borrow("Classify", request) as servable:
                return classify(self._engine, servable, request, timeout_s)

        return answer(context, work)

    def Regress(
        self, request: RegressionRequest, context: grpc.ServicerContext
    ) -> RegressionResponse:
        """Runs a signature that gives each example a value."""

        def work(timeout_s: float | None) -> RegressionResponse:
            with self._borrow("Regress", request) as servable:
                return regress(self._engine, servable, request, timeout_s)

        return answer(context, work)

    def MultiInference(
        self, request: MultiInferenceRequest, context: grpc.ServicerContext
    ) -> MultiInferenceResponse:
        """Runs several signatures on the same examples."""

        def work(timeout_s: float | None) -> MultiInferenceResponse:
            specs = [task.model_spec for task in request.tasks]
            name = specs[0].name if specs else ""
            with self._metrics.request("MultiInference", "GRPC", name):
                check_one_model(specs)
                with self._models.borrow(specs[0]) as servable:
                    return multi_inference(self._engine, servable, request, timeout_s)

        return answer(context, work)

    def GetModelMetadata(
        self, request: GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> GetModelMetadataResponse:
        """Returns the signatures of a model."""

        def work(_: float | None) -> GetModelMetadataResponse:
            name = request.model_spec.name
            with self._metrics.request("GetModelMetadata", "GRPC", name):
                return model_metadata(self._models, request)

        return answer(context, work)

    @contextlib.contextmanager
    def _borrow(self, api: str, request: Any) -> Iterator[Servable]:
        """Lends the version that a request means, and counts the request."""
        with self._metrics.request(api, "GRPC", request.model_spec.name):
            check_has_spec(request)
            with self._models.borrow(request.model_spec) as servable:
                yield servable


def model_metadata(
    models: Models, request: GetModelMetadataRequest
) -> GetModelMetadataResponse:
    """Answers GetModelMetadata.

    Raises:
        ServingError: The request asks for anything but signatures, or for a
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


def check_has_spec(request: Any) -> None:
    """Checks that a request says which model it means.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
