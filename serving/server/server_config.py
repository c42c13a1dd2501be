"""What the server's flags and files come to: models, sessions, ports, keys, batches."""

from __future__ import annotations

import os

import grpc
import tensorflow as tf
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from piaa_tf.errors import InputError
from serving.server.batching_options import BatchingOptions
from serving.server.config_files import message_class, read_text_proto
from serving.server.metrics import DEFAULT_PATH
from serving.server.models import PLATFORM
from serving.server.options import ServerOptions


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
        # Not resolved: a link may lead elsewhere tomorrow.
        base_path=os.path.abspath(options.model_base_path),
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


def credentials(options: ServerOptions) -> grpc.ServerCredentials | None:
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
