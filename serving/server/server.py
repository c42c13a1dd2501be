"""The embedded server: PredictionService and ModelService of TensorFlow Serving.

For one machine, for development and for tests; any client of TensorFlow Serving can
talk to it. In a program of your own:

    from serving.server import Server

    with Server.on_free_ports(model_base_path="exports/aesthetics") as server:
        channel = grpc.insecure_channel(server.address)
"""

from __future__ import annotations

import concurrent.futures
import threading
import time
from pathlib import Path
from typing import Any

import grpc
from absl import logging
from tensorflow_serving.apis.model_service_pb2_grpc import (
    add_ModelServiceServicer_to_server,
)
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    add_PredictionServiceServicer_to_server,
)

from piaa_tf.errors import InputError
from serving.server.batching import Batcher
from serving.server.engine import Engine
from serving.server.health import Health
from serving.server.http_server import HttpServer
from serving.server.limits import Limits
from serving.server.metrics import Metrics
from serving.server.model_service import ModelService
from serving.server.models import Models
from serving.server.options import ANY_FREE_PORT, ServerOptions
from serving.server.prediction_service import PredictionService
from serving.server.preflight import (
    check_base_path,
    check_place,
    check_socket,
    not_free,
)
from serving.server.rest import RestApi
from serving.server.servable import Servable, load_servable
from serving.server.served_model import Patience
from serving.server.server_config import (
    batching_options,
    channel_arguments,
    credentials,
    metrics_path,
    model_config,
    session_config,
)
from serving.server.status import ServingError
from serving.server.warmup import warm_up

# Requests that outlast the grace have this long to be cancelled before they are cut.
CANCEL_S = 0.3
# And what is still loading or running has this long to end.
UNLOAD_S = 0.3


class Server:
    """Serves from `start` until `stop`; a context manager does both.

    Attributes:
        models: what is served; `models.poll()` looks for new versions at once.
        host: that it listens on.
        port: of gRPC, once started; 0 where it has none.
        rest_port: of HTTP, once started; 0 where it has none.
    """

    def __init__(self, options: ServerOptions) -> None:
        """Reads the files that the options name; nothing listens or loads yet.

        Raises:
            InputError: A file cannot be read or contradicts itself.
        """
        self.host = options.host
        self.port = self.rest_port = 0
        self._options = options
        self._config = model_config(options)
        self._session_config = session_config(options)
        self._credentials = credentials(options)
        self._channel_arguments = channel_arguments(options)
        self._metrics_path = metrics_path(options)
        self.metrics = Metrics(lambda name: self.models.get(name) is not None)
        self._batcher = (
            Batcher(batching_options(options), self.metrics.batch)
            if options.enable_batching
            else None
        )
        self._engine = Engine(
            Limits(options.max_image_pixels, options.max_request_pixels),
            metrics=self.metrics,
            batcher=self._batcher,
            checks_method_name=options.enable_signature_method_name_check,
        )
        self.models = Models(
            self._load,
            Patience(
                options.file_system_poll_wait_seconds,
                options.max_num_load_retries,
                options.load_retry_interval_micros / 1e6,
            ),
            allow_labels_of_unavailable=(
                options.allow_version_labels_for_unavailable_models
            ),
            on_change=lambda: self._health.update(),
        )
        self._health = Health(self.models)
        self._grpc: grpc.Server | None = None
        self._http: HttpServer | None = None
        self._config_watch: threading.Thread | None = None
        self._stopping = threading.Event()

    @classmethod
    def on_free_ports(cls, **options: Any) -> Server:
        """Makes a server that listens on free ports of the loopback address.

        Args:
            **options: further fields of ServerOptions.
        """
        return cls(ServerOptions(**{"port": ANY_FREE_PORT, **options}))

    @property
    def address(self) -> str:
        """Where a client on this machine finds it."""
        return f"{self.host}:{self.port}"

    def __enter__(self) -> Server:
        """Starts."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops."""
        self.stop()

    def start(self, timeout_s: float | None = None) -> None:
        """Checks its addresses and folders, loads every model, then listens.

        Waits where a base path has no version yet, as tensorflow_model_server does.

        Args:
            timeout_s: how long to wait for the models; None for no limit.

        Raises:
            InputError: An address is taken, a folder is not there, or a model does not
                load.
        """
        options = self._options
        try:
            check_place(options)
            if not options.wait_for_base_path:
                for model in self._config.model_config_list.config:
                    check_base_path(model.name, model.base_path)
            self.models.reload(
                self._config,
                timeout_s=timeout_s,
                waits_for_versions=True,
                is_own=True,
            )
            self._start_grpc()
            self._start_http()
        except ServingError as error:
            self.stop()
            raise InputError(f"Failed to start server. Error: {error}") from error
        except InputError:
            self.stop()
            raise
        interval_s = options.model_config_file_poll_wait_seconds
        if options.model_config_file and interval_s > 0:
            self._config_watch = threading.Thread(
                target=self._watch_config, args=[interval_s], daemon=True
            )
            self._config_watch.start()

    def wait(self) -> None:
        """Waits until another thread stops the server."""
        self._stopping.wait()

    def stop(self) -> bool:
        """Refuses new requests, lets those under way end, and unloads the models.

        What outlasts the grace is answered UNAVAILABLE, or 503 over HTTP.

        Returns:
            Whether all work has ended. A graph that cannot be cancelled holds a thread,
            and so the process, until it ends.
        """
        if self._stopping.is_set():
            return True
        self._stopping.set()
        self._health.end()
        grace_s = self._options.grace_seconds
        end_s = time.monotonic() + grace_s
        grpc_ended = threading.Event()
        if self._grpc is None:
            grpc_ended.set()
        else:
            grpc_ended = self._grpc.stop(grace_s + CANCEL_S)
        if self._http is not None:
            self._http.begin_stop(grace_s)
        if not grpc_ended.wait(grace_s):
            self.models.cancel()
        if self._http is not None:
            self._http.wait_stopped()
            if time.monotonic() > end_s:
                self.models.cancel()
        grpc_ended.wait()
        has_ended = self.models.stop(UNLOAD_S)
        if self._batcher is not None:
            self._batcher.close(None if has_ended else 0.0)
        return has_ended

    def reload_config_file(self) -> None:
        """Reads the file of the models again and serves what it says now.

        A file that is damaged, or a model that does not load, is logged and changes
        nothing for the models that serve.
        """
        try:
            config = model_config(self._options)
            if config != self._config:
                self.models.reload(config, timeout_s=0.0, is_own=True)
            self._config = config
        except InputError as error:
            logging.error("%s", error)
        except ServingError as error:
            if error.code != grpc.StatusCode.DEADLINE_EXCEEDED:  # it goes on loading
                logging.error("ReloadConfig failed: %s", error)

    def _watch_config(self, interval_s: float) -> None:
        """Reads the file of the models again and again."""
        while not self._stopping.wait(interval_s):
            self.reload_config_file()

    def _start_grpc(self) -> None:
        """Opens the port of gRPC and the socket.

        Raises:
            InputError: One of them is taken.
        """
        options = self._options
        server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(
                options.grpc_threads, thread_name_prefix="grpc"
            ),
            options=self._channel_arguments,
            maximum_concurrent_rpcs=options.max_concurrent_requests,
        )
        add_PredictionServiceServicer_to_server(
            PredictionService(self.models, self._engine, self.metrics), server
        )
        reload_base_dirs = filter(None, options.reload_base_dirs.split(","))
        add_ModelServiceServicer_to_server(
            ModelService(self.models, map(Path, reload_base_dirs)), server
        )
        self._health.add_to(server)
        if options.port != 0:
            self.port = self._listen(server, f"{self.host}:{max(0, options.port)}")
        if options.grpc_socket_path:
            check_socket(options.grpc_socket_path)
            self._listen(server, f"unix:{options.grpc_socket_path}")
        server.start()
        self._grpc = server

    def _start_http(self) -> None:
        """Opens the port of HTTP.

        Raises:
            InputError: It is taken.
        """
        options = self._options
        if options.rest_api_port == 0:
            return
        timeout_s = options.rest_api_timeout_in_ms / 1e3
        self._http = HttpServer(
            RestApi(self.models, self._engine, self.metrics, timeout_s),
            self.metrics,
            host=self.host,
            port=max(0, options.rest_api_port),
            num_threads=options.rest_threads,
            max_body_bytes=options.max_message_bytes,
            metrics_path=self._metrics_path,
            allows_cors=options.rest_api_enable_cors_support,
        )
        self.rest_port = self._http.port

    def _listen(self, server: grpc.Server, address: str) -> int:
        """Opens one port and returns its number."""
        reason = "no port"  # older versions of gRPC say no more
        try:
            if self._credentials is None:
                port = server.add_insecure_port(address)
            else:
                port = server.add_secure_port(address, self._credentials)
        except RuntimeError as error:
            port, reason = 0, str(error)
        if not port:
            raise not_free(address, reason)
        is_socket = address.startswith("unix:")
        logging.info("gRPC at %s", address if is_socket else f"{self.host}:{port}")
        return port

    def _load(self, name: str, version: int, path: Path) -> Servable:
        """Loads a version and warms it up."""
        options = self._options
        servable = load_servable(
            name,
            version,
            path,
            tags=options.saved_model_tags.split(","),
            config=self._session_config,
        )
        if options.enable_model_warmup:
            iterations = max(1, options.num_request_iterations_for_warmup)
            try:
                warm_up(self._engine, servable, path, iterations)
            except ServingError:
                servable.retire(lambda: None)
                raise
        return servable
