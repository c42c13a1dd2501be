"""ModelService of TensorFlow Serving: how the versions of a model stand."""

from __future__ import annotations

import grpc
from tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
)
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceServicer

from serving.models import Models
from serving.prediction_service import check_has_spec
from serving.rpc import answer


class ModelService(ModelServiceServicer):
    """Answers questions about models."""

    def __init__(self, models: Models) -> None:
        """Takes what is served."""
        self._models = models

    def GetModelStatus(
        self, request: GetModelStatusRequest, context: grpc.ServicerContext
    ) -> GetModelStatusResponse:
        """Tells state and last error of a model's versions."""
        return answer(context, lambda _: model_status(self._models, request))


def model_status(
    models: Models, request: GetModelStatusRequest
) -> GetModelStatusResponse:
    """Answers GetModelStatus, the highest version first.

    Raises:
        ServingError: NOT_FOUND; nothing is known of such a model or version.
    """
    check_has_spec(request)
    response = GetModelStatusResponse()
    for version, (state, error) in models.statuses(request.model_spec).items():
        status = response.model_version_status.add(version=version, state=int(state))
        if error is None:
            status.status.SetInParent()
        else:
            status.status.error_code = error.code.value[0]
            status.status.error_message = error.message
    return response
