"""ModelService of TensorFlow Serving: states of versions, and which models serve."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import grpc
from absl import logging
from tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
)
from tensorflow_serving.apis.model_management_pb2 import (
    ReloadConfigRequest,
    ReloadConfigResponse,
)
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceServicer
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from serving.server.models import Models
from serving.server.prediction_service import check_has_spec
from serving.server.rpc import answer
from serving.server.status import ServingError, invalid_argument


class ModelService(ModelServiceServicer):
    """Answers questions about models, and takes new lists of them."""

    def __init__(self, models: Models, reload_base_dirs: Iterable[Path] = ()) -> None:
        """Takes what is served.

        Args:
            models: of the server.
            reload_base_dirs: folders below which a request may name base paths that
                the server was not started with.
        """
        self._models = models
        self._reload_base_dirs = [Path(path).resolve() for path in reload_base_dirs]

    def GetModelStatus(
        self, request: GetModelStatusRequest, context: grpc.ServicerContext
    ) -> GetModelStatusResponse:
        """Returns state and last error of a model's versions."""
        return answer(context, lambda _: model_status(self._models, request))

    def HandleReloadConfigRequest(
        self, request: ReloadConfigRequest, context: grpc.ServicerContext
    ) -> ReloadConfigResponse:
        """Serves the models of a list from now on, and no others."""

        def work(timeout_s: float | None) -> ReloadConfigResponse:
            config = request.config
            if config.WhichOneof("config") != "model_config_list":
                raise invalid_argument(
                    "ServerModelConfig type not supported by "
                    "HandleReloadConfigRequest. Only ModelConfigList is currently "
                    "supported"
                )
            self._check_base_paths(config)
            try:
                self._models.reload(config, timeout_s=timeout_s)
            except ServingError as error:
                logging.error("ReloadConfig failed: %s", error)
                raise
            response = ReloadConfigResponse()
            response.status.SetInParent()
            return response

        return answer(context, work)

    def _check_base_paths(self, config: ModelServerConfig) -> None:
        """Checks that a request names no folder but those meant for it.

        A model can read files and run any operation, so a client that may name its
        folder may do the same.

        Raises:
            ServingError: PERMISSION_DENIED.
        """
        for model in config.model_config_list.config:
            if model.base_path in self._models.own_base_paths:
                continue
            path = Path(model.base_path).resolve()
            if not any(parent in path.parents for parent in self._reload_base_dirs):
                raise ServingError(
                    grpc.StatusCode.PERMISSION_DENIED,
                    "A base path must be one that the server was started with, or lie "
                    f"below its --reload_base_dirs. Got {model.base_path} for model "
                    f"{model.name}.",
                )


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
