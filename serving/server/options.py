"""What the embedded server depends on: the flags of tensorflow_model_server, and a few.

Names, meanings and defaults are those of tensorflow_model_server 2.15 wherever it has
the flag. Ours are marked so: they bound what a request may cost and where it may come
from.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from piaa_tf.errors import InputError

ANY_FREE_PORT = -1
"""A port that the system chooses; `Server.port` has its number."""


def _flag(default: Any, text: str) -> Any:
    """Declares a field with its help, where every program looks for it."""
    return dataclasses.field(default=default, metadata={"help": text, "choices": None})


@dataclasses.dataclass(frozen=True)
class ServerOptions:
    """What a server depends on.

    Attributes: every field is a flag of piaa-serve and carries its help.
    """

    model_base_path: str = _flag(
        "", "Folder of numbered versions; ignored with --model_config_file."
    )
    model_name: str = _flag(
        "default", "Name of the model; ignored with --model_config_file."
    )
    model_config_file: str = _flag(
        "", "Text ModelServerConfig: several models, their version policies, labels."
    )
    model_config_file_poll_wait_seconds: int = _flag(
        0, "Interval of reading --model_config_file again; 0 reads it once."
    )
    file_system_poll_wait_seconds: int = _flag(
        1, "Interval of looking for new versions; 0 looks once, below 0 never."
    )
    max_num_load_retries: int = _flag(
        5, "Attempts to load a version after the first has failed."
    )
    load_retry_interval_micros: int = _flag(
        60_000_000, "Wait between two attempts to load a version."
    )
    allow_version_labels_for_unavailable_models: bool = _flag(
        False, "Let a new label name a version that is not loaded yet."
    )
    enable_model_warmup: bool = _flag(
        True, "Replay assets.extra/tf_serving_warmup_requests before a version serves."
    )
    num_request_iterations_for_warmup: int = _flag(
        0, "Times each warm-up request is replayed; 0 for once."
    )
    saved_model_tags: str = _flag("serve", "Tags of the graph to load, with commas.")
    enable_signature_method_name_check: bool = _flag(
        False, "Ask a signature only by the method that it was made for."
    )
    host: str = _flag(
        "127.0.0.1", "Ours: address to listen on; 0.0.0.0 for every network."
    )
    port: int = _flag(8500, "Port of gRPC; 0 for none, -1 for any free one (ours).")
    grpc_socket_path: str = _flag("", "UNIX socket for gRPC, beside --port.")
    grpc_channel_arguments: str = _flag(
        "", "Arguments of the gRPC server, such as grpc.max_connection_age_ms=2000,..."
    )
    grpc_max_threads: int = _flag(0, "Threads of gRPC; 0 for four per CPU.")
    ssl_config_file: str = _flag("", "Text SSLConfig: keys for gRPC.")
    rest_api_port: int = _flag(
        0, "Port of HTTP; 0 for none, -1 for any free one (ours)."
    )
    rest_api_num_threads: int = _flag(0, "Threads of HTTP; 0 for four per CPU.")
    rest_api_timeout_in_ms: int = _flag(30_000, "Longest run of an HTTP request.")
    rest_api_enable_cors_support: bool = _flag(False, "Send CORS headers.")
    enable_batching: bool = _flag(False, "Run requests that come together as one.")
    batching_parameters_file: str = _flag("", "Text BatchingParameters.")
    monitoring_config_file: str = _flag(
        "", "Text MonitoringConfig: whether and where HTTP shows Prometheus metrics."
    )
    tensorflow_session_parallelism: int = _flag(
        0, "Threads of a TensorFlow session; 0 lets it choose."
    )
    tensorflow_intra_op_parallelism: int = _flag(0, "Threads within one operation.")
    tensorflow_inter_op_parallelism: int = _flag(0, "Operations at the same time.")
    tensorflow_session_config_file: str = _flag("", "Text ConfigProto of sessions.")
    per_process_gpu_memory_fraction: float = _flag(
        0.0, "Share of a GPU's memory; 0 lets TensorFlow choose."
    )
    max_message_bytes: int = _flag(64 << 20, "Ours: largest request, over gRPC.")
    max_image_pixels: int = _flag(
        1 << 26, "Ours: largest image that a request may hold, by its header."
    )
    max_request_pixels: int = _flag(
        1 << 30, "Ours: most pixels that all images of a request may have together."
    )
    max_concurrent_requests: int = _flag(
        1024, "Ours: gRPC requests under way or waiting; further ones are refused."
    )
    reload_base_dirs: str = _flag(
        "",
        "Ours: folders, with commas, below which a ReloadConfig request may name base "
        "paths, beside those that the server started with.",
    )
    wait_for_base_path: bool = _flag(
        False, "Ours: wait for a base path that is not there, rather than end at once."
    )
    grace_seconds: float = _flag(
        15.0, "Ours: time that requests under way get when the server ends."
    )

    def __post_init__(self) -> None:
        """Checks the flags against each other."""
        if not (self.model_base_path or self.model_config_file):
            raise InputError(
                "model_base_path or model_config_file must be given. Got neither. "
                "model_base_path is the folder that holds the numbered versions."
            )
        if self.batching_parameters_file and not self.enable_batching:
            raise InputError(
                "batching_parameters_file is set without setting enable_batching to "
                "true. Set it, or leave the file out."
            )
        for name in ("port", "rest_api_port"):
            if not ANY_FREE_PORT <= getattr(self, name) < 1 << 16:
                raise InputError(
                    f"{name} must be 1..65535, 0 for none or -1 for any free one. "
                    f"Got {getattr(self, name)}."
                )
        if self.port > 0 and self.port == self.rest_api_port:
            raise InputError(
                "rest_api_port cannot be same as port. "
                f"Got {self.port} for both. Use a different port for HTTP."
            )
        if self.port == 0 and not self.grpc_socket_path and self.rest_api_port == 0:
            raise InputError(
                "port, grpc_socket_path or rest_api_port must be given. Got none: "
                "nobody could reach the server."
            )
        op_parallelism = max(
            self.tensorflow_intra_op_parallelism, self.tensorflow_inter_op_parallelism
        )
        if op_parallelism > 0 and self.tensorflow_session_parallelism > 0:
            raise InputError(
                "Either tensorflow_session_parallelism or the intra-op and inter-op "
                "parallelism can be configured. Got both."
            )
        for name in (
            "max_message_bytes",
            "max_image_pixels",
            "max_request_pixels",
            "max_concurrent_requests",
        ):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be >= 1. Got {getattr(self, name)}.")
        if self.max_num_load_retries < 0:
            raise InputError(
                f"max_num_load_retries must be >= 0. Got {self.max_num_load_retries}."
            )
        if self.grace_seconds < 0:
            raise InputError(f"grace_seconds must be >= 0. Got {self.grace_seconds}.")

    @property
    def grpc_threads(self) -> int:
        """The threads of gRPC, chosen where the flag leaves it open."""
        return self.grpc_max_threads or 4 * (os.cpu_count() or 1)

    @property
    def rest_threads(self) -> int:
        """The threads of HTTP, chosen where the flag leaves it open."""
        return self.rest_api_num_threads or 4 * (os.cpu_count() or 1)
