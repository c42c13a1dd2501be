import socket

import pytest

from piaa_tf.errors import InputError
from serving.server.options import ANY_FREE_PORT, ServerOptions
from serving.server.preflight import check_place, check_port, check_socket


def test_a_port_is_free_until_somebody_listens():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        held.listen()
        with pytest.raises(InputError, match=rf"127\.0\.0\.1:{port} cannot be listene"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)
    check_port("127.0.0.1", 0)


def test_a_host_that_is_not_this_one_is_told():
    with pytest.raises(InputError, match=r"192\.0\.2\.1:0 cannot be listened on"):
        check_port("192.0.2.1", 0)


def test_a_socket_is_free_unless_somebody_answers(tmp_path):
    path = tmp_path / "grpc.sock"
    check_socket(path)
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(path))
        held.listen()
        with pytest.raises(InputError, match=r"unix:.*Got a server that answers\."):
            check_socket(path)
    assert path.exists()
    check_socket(path)


def test_a_file_is_no_socket(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"notes\.txt cannot be listened on.* a file"):
        check_socket(tmp_path / "notes.txt")


def test_the_place_of_a_server_is_looked_at(tmp_path):
    options = {"model_base_path": str(tmp_path), "port": ANY_FREE_PORT}
    check_place(ServerOptions(**options))
    missing = {"model_base_path": str(tmp_path / "none"), "model_name": "m"}
    with pytest.raises(InputError, match=r"path of model m must be a folder"):
        check_place(ServerOptions(**{**options, **missing}))
    check_place(ServerOptions(**{**options, **missing, "wait_for_base_path": True}))
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        for flag in ("port", "rest_api_port"):
            with pytest.raises(InputError, match=f"{port} cannot be listened on"):
                check_place(ServerOptions(**{**options, flag: port}))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"unix:.*file cannot be listened on"):
        check_place(ServerOptions(**options, grpc_socket_path=str(tmp_path / "file")))
