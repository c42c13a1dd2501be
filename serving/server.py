"""The embedded server: PredictionService and ModelService of TensorFlow Serving.

For one machine, for development and for tests; any client of TensorFlow Serving can
talk to it. In a program of your own:

    with Server.on_free_ports(model_base_path="exports/aesthetics") as server:
        channel = grpc.insecure_channel(server.address)
"""

from __future__ import annotations

import concurrent.futures
import threading
from pathlib import Path

import grpc
import tensorflow as tf
from absl import logging
from tensorflow_serving.apis.model_service_pb2_grpc import (
    add_ModelServiceServicer_to_server,
)
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    add_PredictionServiceServicer_to_server,
)
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from piaa_tf.contract import InputError
from serving.batching import Batcher
from serving.batching_options import BatchingOptions
from serving.config_files import message_class, read_text_proto
from serving.engine import Engine
from serving.http_server import HttpServer
from serving.limits import Limits
from serving.metrics import DEFAULT_PATH, Metrics
from serving.model_service import ModelService
from serving.models import PLATFORM, Models
from serving.options import ANY_FREE_PORT, ServerOptions
from serving.prediction_service import PredictionService
from serving.rest import RestApi
from serving.servable import Servable, load_servable
from serving.served_model import Patience
from serving.status import ServingError
from serving.warmup import warm_up


class Server:
    """Serves from `start` until `stop`; a context manager does both.

    Attributes:
        models: what is served; `models.poll()` looks for new versions at once.
        port: of gRPC, once started; 0 where it has none.
        rest_port: of HTTP, once started; 0 where it has none.
    """

    def __init__(self, options: ServerOptions) -> None:
        """Reads the files that the options name; nothing listens or loads yet.

        Raises:
            InputError: A file cannot be read or contradicts itself.
        """
        self.port = self.rest_port = 0
        self._options = options
        self._config = model_config(options)
        self._session_config = session_config(options)
        self._credentials = _credentials(options)
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
        )
        self._grpc: grpc.Server | None = None
        self._http: HttpServer | None = None
        self._config_watch: threading.Thread | None = None
        self._stopping = threading.Event()

    @classmethod
    def on_free_ports(cls, **options) -> Server:
        """Makes a server that listens on loopback wherever there is room.

        Args:
            **options: further fields of ServerOptions.
        """
        return cls(ServerOptions(**{"port": ANY_FREE_PORT, **options}))

    @property
    def address(self) -> str:
        """Where a client on this machine finds it."""
        return f"{self._options.host}:{self.port}"

    def __enter__(self) -> Server:
        """Starts."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops."""
        self.stop()

    def start(self, timeout_s: float | None = None) -> None:
        """Loads every model, then listens.

        Waits where a base path has no version yet, as tensorflow_model_server does.

        Args:
            timeout_s: how long to wait for the models; None for ever.

        Raises:
            InputError: A model does not load, or a port is taken.
        """
        try:
            self.models.reload(
                self._config,
                timeout_s=timeout_s,
                waits_for_versions=True,
                is_own=True,
            )
        except ServingError as error:
            self.models.stop()
            raise InputError(f"Failed to start server. Error: {error}") from error
        try:
            self._start_grpc()
            self._start_http()
        except InputError:
            self.stop()
            raise
        interval_s = self._options.model_config_file_poll_wait_seconds
        if self._options.model_config_file and interval_s > 0:
            self._config_watch = threading.Thread(
                target=self._watch_config, args=[interval_s], daemon=True
            )
            self._config_watch.start()

    def stop(self) -> None:
        """Refuses new requests, lets those under way end, and unloads the models."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        grace_s = self._options.grace_seconds
        grpc_ended = self._grpc.stop(grace_s) if self._grpc is not None else None
        if self._http is not None:
            self._http.stop(grace_s)
        if grpc_ended is not None:
            grpc_ended.wait()
        if self._config_watch is not None:
            self._config_watch.join()
        self.models.stop()
        if self._batcher is not None:
            self._batcher.close()

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
            options=channel_arguments(options),
            maximum_concurrent_rpcs=options.max_concurrent_requests,
        )
        add_PredictionServiceServicer_to_server(
            PredictionService(self.models, self._engine, self.metrics), server
        )
        reload_base_dirs = filter(None, options.reload_base_dirs.split(","))
        add_ModelServiceServicer_to_server(
            ModelService(self.models, map(Path, reload_base_dirs)), server
        )
        if options.port != 0:
            self.port = self._listen(server, f"{options.host}:{max(0, options.port)}")
        if options.grpc_socket_path:
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
            host=options.host,
            port=max(0, options.rest_api_port),
            num_threads=options.rest_threads,
            max_body_bytes=options.max_message_bytes,
            metrics_path=self._metrics_path,
            allows_cors=options.rest_api_enable_cors_support,
        )
        self.rest_port = self._http.port

    def _listen(self, server: grpc.Server, address: str) -> int:
        """Opens one port and returns its number."""
        try:
            if self._credentials is None:
                port = server.add_insecure_port(address)
            else:
                port = server.add_secure_port(address, self._credentials)
        except RuntimeError as error:
            raise InputError(
                f"{address} cannot be listened on; is it taken? Got {error}."
            ) from error
        logging.info("gRPC at %s", f"{self._options.host}:{port}" if port else address)
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


def model_config(options: ServerOptions) -> ModelServerConfig:
    """Returns the models that the options name.

    Raises:
        InputError: The file of the models cannot be read.
    """
    if options.model_config_file:
        return read_text_proto(options.model_config_file, ModelServerConfig())
    config = ModelServerConfig()
    config.model_config_list.config.add(
        name=options.model_name,
        base_path=str(Path(options.model_base_path).resolve()),
        model_platform=PLATFORM,
    )
    return config


def batching_options(options: ServerOptions) -> BatchingOptions:
    """Returns how requests are batched.

    Raises:
        InputError: The file of the batching cannot be read, or contradicts itself.
    """
    parameters = message_class("BatchingParameters")()
    if options.batching_parameters_file:
        read_text_proto(options.batching_parameters_file, parameters)
    return BatchingOptions.of_proto(parameters)


def metrics_path(options: ServerOptions) -> str:
    """Returns where HTTP shows the metrics; empty for nowhere.

    Raises:
        InputError: The file of the monitoring cannot be read.
    """
    if not options.monitoring_config_file:
        return ""
    config = message_class("MonitoringConfig")()
    read_text_proto(options.monitoring_config_file, config)
    prometheus = config.prometheus_config
    return (prometheus.path or DEFAULT_PATH) if prometheus.enable else ""


def session_config(options: ServerOptions) -> tf.compat.v1.ConfigProto:
    """Returns the config of every model's session.

    Raises:
        InputError: The file of the config cannot be read.
    """
    # A graph that was saved on a GPU runs on a CPU too.
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    if options.tensorflow_session_config_file:
        read_text_proto(options.tensorflow_session_config_file, config)
    both = options.tensorflow_session_parallelism
    intra = options.tensorflow_intra_op_parallelism or both
    inter = options.tensorflow_inter_op_parallelism or both
    if intra:
        config.intra_op_parallelism_threads = intra
    if inter:
        config.inter_op_parallelism_threads = inter
    if options.per_process_gpu_memory_fraction:
        config.gpu_options.per_process_gpu_memory_fraction = (
            options.per_process_gpu_memory_fraction
        )
    return config


def channel_arguments(options: ServerOptions) -> list[tuple[str, int | str]]:
    """Returns the arguments of the gRPC server; what a user gives comes last and wins.

    Raises:
        InputError: An argument is not of the form key=value.
    """
    arguments: dict[str, int | str] = {
        "grpc.so_reuseport": 0,  # two servers on one port would share its requests
        "grpc.max_receive_message_length": options.max_message_bytes,
        "grpc.max_send_message_length": -1,
    }
    for argument in filter(None, options.grpc_channel_arguments.split(",")):
        key, is_pair, value = argument.partition("=")
        if not (is_pair and key):
            raise InputError(
                f"grpc_channel_arguments must be key=value,key=value. Got {argument}."
            )
        try:
            arguments[key] = int(value)
        except ValueError:
            arguments[key] = value
    return list(arguments.items())


def _credentials(options: ServerOptions) -> grpc.ServerCredentials | None:
    """Returns the keys of gRPC, or None for an open port.

    Raises:
        InputError: The file cannot be read.
    """
    if not options.ssl_config_file:
        return None
    config = read_text_proto(options.ssl_config_file, message_class("SSLConfig")())
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )
