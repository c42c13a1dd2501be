"""What a server counts, under the names that TensorFlow Serving's dashboards know."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import grpc
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

from serving.server.status import ServingError

DEFAULT_PATH = "/monitoring/prometheus/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Microseconds: 10 times powers of 1.8, up to 20 minutes.
_BUCKETS = [10 * 1.8**power for power in range(33)]


class Metrics:
    """Counts and latencies of one server, in a registry of its own."""

    def __init__(self, is_known: Callable[[str], bool]) -> None:
        """Starts at zero.

        Args:
            is_known: whether a model of this name is served; other names come
                from clients, and each would stay in memory for good.
        """
        self._is_known = is_known
        self._registry = CollectorRegistry()
        # A gauge that only grows: counters of the library end in _total, and
        # TensorFlow Serving's does not.
        self._requests = Gauge(
            ":tensorflow:serving:request_count",
            "The total number of requests.",
            ["model_name", "status"],
            registry=self._registry,
        )
        self._request_latency = Histogram(
            ":tensorflow:serving:request_latency",
            "Microseconds from a request to its answer.",
            ["model_name", "API", "entrypoint"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._runtime_latency = Histogram(
            ":tensorflow:serving:runtime_latency",
            "Microseconds that TensorFlow took, without the server around it.",
            ["model_name", "API", "runtime"],
            buckets=_BUCKETS,
            registry=self._registry,
        )

        self._batch_size = Histogram(
            ":tensorflow:serving:batching_session:processed_batch_size",
            "Rows that ran as one batch.",
            ["model_name"],
            buckets=[2**power for power in range(11)],
            registry=self._registry,
        )

    @contextlib.contextmanager
    def request(self, api: str, entrypoint: str, model_name: str) -> Iterator[None]:
        """Counts one request, with the code that it ends with.

        Args:
            api: such as Predict.
            entrypoint: GRPC or REST.
            model_name: as the client gave it.
        """
        start_s = time.perf_counter()
        code = grpc.StatusCode.INTERNAL
        try:
            yield
            code = grpc.StatusCode.OK
        except ServingError as error:
            code = error.code
            raise
        finally:
            name = self._label(model_name)
            self._requests.labels(name, code.name).inc()
            self._request_latency.labels(name, api, entrypoint).observe(
                1e6 * (time.perf_counter() - start_s)
            )

    @contextlib.contextmanager
    def runtime(self, api: str, model_name: str) -> Iterator[None]:
        """Measures one run of a model."""
        start_s = time.perf_counter()
        yield
        self._runtime_latency.labels(self._label(model_name), api, "TF1").observe(
            1e6 * (time.perf_counter() - start_s)
        )

    def batch(self, model_name: str, num_rows: int) -> None:
        """Counts the rows of one batch."""
        self._batch_size.labels(self._label(model_name)).observe(num_rows)

    def page(self) -> bytes:
        """Writes all of it in Prometheus' text form."""
        return generate_latest(self._registry)

    def _label(self, model_name: str) -> str:
        return model_name if self._is_known(model_name) else ""
