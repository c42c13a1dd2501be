"""gRPC's health service: whether all models serve, and whether each one does."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from serving.server.models import Models

# The empty name means the whole server; these are its services.
WHOLE = ("", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")

_STATUS = {
    True: health_pb2.HealthCheckResponse.SERVING,
    False: health_pb2.HealthCheckResponse.NOT_SERVING,
}


class Health:
    """Answers health checks: by service name, or by the name of a model."""

    def __init__(self, models: Models) -> None:
        """Takes the models whose state it reports; `update` looks at them."""
        self._models = models
        self._told: set[str] = set()
        # Non-blocking, or each client that watches would hold a thread.
        self._servicer = health.HealthServicer(experimental_non_blocking=True)

    def add_to(self, server: grpc.Server) -> None:
        """Registers the service."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    def update(self) -> None:
        """Reports the present state of the models."""
        names = self._models.names
        for name in names:
            model = self._models.get(name)
            is_available = model is not None and model.is_available()
            self._servicer.set(name, _STATUS[is_available])
        for name in self._told - set(names):
            self._servicer.set(name, health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)
        self._told = set(names)
        for name in WHOLE:
            self._servicer.set(name, _STATUS[self._models.are_available()])

    def end(self) -> None:
        """Reports from now on that nothing serves, so that clients stop sending."""
        self._servicer.enter_graceful_shutdown()
