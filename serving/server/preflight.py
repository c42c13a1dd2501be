"""Checks of a server's addresses and folders, before TensorFlow is even imported."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from piaa_tf.errors import InputError
from serving.server.options import ServerOptions


def check_place(options: ServerOptions) -> None:
    """Checks that every address to listen on is free, and that there is a base path.

    Raises:
        InputError: An address is taken, or the base path is missing.
    """
    for port in (options.port, options.rest_api_port):
        if port > 0:
            check_port(options.host, port)
    if options.grpc_socket_path:
        check_socket(options.grpc_socket_path)
    if not (options.model_config_file or options.wait_for_base_path):
        check_base_path(options.model_name, options.model_base_path)


def check_base_path(model: str, path: str | os.PathLike[str]) -> None:
    """Checks that the folder of a model is there.

    Raises:
        InputError: It is not.
    """
    if not Path(path).is_dir():
        raise InputError(
            f"The base path of model {model} must be a folder of numbered versions. "
            f"Got {path}, which is not one. Correct it, or wait for it with "
            "--wait_for_base_path."
        )


def check_port(host: str, port: int) -> None:
    """Checks that nobody listens on a port.

    Args:
        host: address to listen on.
        port: 0 for any free one.

    Raises:
        InputError: Somebody does, or it cannot be listened on.
    """
    try:
        kind, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(kind, socket.SOCK_STREAM) as trial:
            # As both servers do: connections of an earlier server do not matter.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen(1)
    except OSError as error:
        raise not_free(f"{host}:{port}", error) from error


def check_socket(path: str | os.PathLike[str]) -> None:
    """Checks that nobody listens on a UNIX socket; gRPC would take it over.

    Args:
        path: of the socket; what an earlier server has left there does not matter.

    Raises:
        InputError: Somebody does, or the path is something else.
    """
    if not Path(path).exists():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.connect(os.fspath(path))
        except ConnectionRefusedError:
            if Path(path).is_socket():
                return
            raise not_free(f"unix:{path}", "a file") from None
        except OSError as error:
            raise not_free(f"unix:{path}", error) from error
    raise not_free(f"unix:{path}", "a server that answers")


def not_free(address: str, reason: object) -> InputError:
    """Makes the error of an address that cannot be listened on."""
    return InputError(f"{address} cannot be listened on; is it taken? Got {reason}.")
