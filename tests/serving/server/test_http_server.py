"""What happens on the wire of HTTP; what paths answer is tested in test_rest."""

import concurrent.futures
import gzip
import http.client
import json
import socket
import threading
import time

import pytest

from serving.server.http_server import LAST_IDLE_S, HttpServer
from serving.server.metrics import Metrics
from serving.server.status import unavailable

MOST = 1 << 16
PATH = "/v1/echo"


class Echo:
    """Answers the length of a body; waits where it is told to."""

    def __init__(self):
        self.entered, self.may_go = threading.Event(), threading.Event()

    def answer(self, method, path, body):
        if path.endswith("slow"):
            self.entered.set()
            self.may_go.wait(20)
        if path.endswith("bug"):
            raise RuntimeError("secret")
        if path.endswith("full"):
            raise unavailable("The queue is full.")
        return json.dumps([method, path, len(body)])


@pytest.fixture
def api():
    return Echo()


@pytest.fixture
def server(api):
    server = HttpServer(
        api,
        Metrics(lambda name: True),
        host="127.0.0.1",
        port=0,
        num_threads=4,
        max_body_bytes=MOST,
    )
    yield server
    api.may_go.set()
    if is_listening(server):
        stop(server, 0)


@pytest.fixture
def connect(server):
    connections = []

    def connect():
        connections.append(socket.create_connection(("127.0.0.1", server.port), 10))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.close()


def post(body, *headers, path=PATH, version="1.1"):
    lines = [f"POST {path} HTTP/{version}", "Host: here", *headers]
    if not any("ransfer-Encoding" in header for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def read(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response, json.loads(response.read())


@pytest.fixture
def ask(connect):
    def ask(message):
        connection = connect()
        connection.sendall(message)
        return read(connection)

    return ask


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "nonsense",
    ],
)
def test_bodies_are_bytes_whatever_their_type(ask, content_type):
    body = b"&a=1" * 10_000
    began_s = time.monotonic()
    response, answer = ask(post(body, f"Content-Type: {content_type}"))
    assert (response.status, answer) == (200, ["POST", PATH, len(body)])
    assert time.monotonic() - began_s < 5


def test_gzip_is_inflated(ask):
    body = gzip.compress(bytes(1 << 20))
    _, answer = ask(post(body, "Content-Encoding: gzip"))
    assert answer[2] == 1 << 20
    response, answer = ask(post(b"{}", "Content-Encoding: GZIP"))
    assert response.status == 400
    assert "must be gzip" in answer["error"]


def test_the_query_is_no_part_of_the_path(ask):
    assert ask(post(b"", path=f"{PATH}?x=1"))[1] == ["POST", PATH, 0]


def test_chunks_are_put_together(ask):
    chunks = b"".join(b"5\r\nhello\r\n" for _ in range(100)) + b"0\r\n\r\n"
    assert ask(post(chunks, "Transfer-Encoding: chunked"))[1][2] == 500


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_body_that_is_too_large_is_answered_in_json(ask, is_chunked):
    large = bytes(MOST + 1)
    message = post(large)
    if is_chunked:
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(large), large)
        message = post(chunks, "Transfer-Encoding: chunked")
    response, answer = ask(message)
    assert response.status == 400
    assert answer["error"].startswith(f"A body must have at most {MOST} bytes. Got ")
    assert response.headers["Connection"] == "close"


def test_who_asks_before_sending_too_much_is_answered_at_once(connect):
    connection = connect()
    head = f"Content-Length: {MOST + 1}\r\nExpect: 100-continue"
    connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
    assert read(connection)[0].status == 400
    assert connection.recv(1) == b""


@pytest.mark.parametrize("path", [PATH, "/v1/slow"])
def test_a_client_may_close_its_half_after_the_request(connect, api, path):
    connection = connect()
    connection.sendall(post(b"abc", path=path))
    connection.shutdown(socket.SHUT_WR)
    if path.endswith("slow"):
        assert api.entered.wait(10)
        time.sleep(0.05)  # the end is there before the answer is
        api.may_go.set()
    assert read(connection)[1] == ["POST", path, 3]
    assert connection.recv(1) == b""


def test_half_a_request_is_no_request(connect, ask):
    connection = connect()
    connection.sendall(post(b"abc")[:-1])
    connection.shutdown(socket.SHUT_WR)
    assert connection.recv(1) == b""
    assert ask(post(b""))[0].status == 200


def test_a_client_that_has_gone_is_not_waited_for(connect, api, ask):
    connection = connect()
    connection.sendall(post(b"", path="/v1/slow"))
    assert api.entered.wait(10)
    connection.close()
    api.may_go.set()
    assert ask(post(b""))[0].status == 200


def test_requests_may_come_one_after_the_other_and_at_once(connect):
    connection = connect()
    connection.sendall(post(b"1") + post(b"22"))
    file = connection.makefile("rb")
    for length in (1, 2):
        assert file.readline() == b"HTTP/1.1 200 OK\r\n"
        headers = http.client.parse_headers(file)
        body = file.read(int(headers["Content-Length"]))
        assert json.loads(body) == ["POST", PATH, length]


def test_http_1_0_closes_unless_it_is_asked_not_to(connect):
    connection = connect()
    keep = post(b"", "Connection: keep-alive", version="1.0")
    connection.sendall(keep)
    assert read(connection)[0].headers["Connection"] == "Keep-Alive"
    connection.sendall(post(b"", version="1.0"))
    assert read(connection)[0].status == 200
    assert connection.recv(1) == b""


def test_what_goes_wrong_has_a_status_and_a_sentence(ask):
    response, answer = ask(post(b"", path="/v1/full"))
    assert (response.status, answer) == (503, {"error": "The queue is full."})
    response, answer = ask(post(b"", path="/v1/bug"))
    assert response.status == 500
    assert "secret" not in answer["error"]
    response, answer = ask(post(b"", path="/elsewhere"))
    assert (response.status, answer) == (404, {"error": "Not Found"})
    assert ask(post(b"", path="/V1/echo"))[0].status == 200


def test_head_has_no_body(connect):
    connection = connect()
    connection.sendall(f"HEAD {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode() + post(b""))
    text = connection.recv(1 << 16)
    assert text.startswith(b"HTTP/1.1 200 OK")
    # The next answer follows the head.
    assert (text + connection.recv(1 << 16)).count(b"HTTP/1.1 200 OK") == 2


def is_listening(server):
    try:
        socket.create_connection(("127.0.0.1", server.port), 10).close()
    except ConnectionError:
        return False
    return True


def stop(server, grace_s):
    began_s = time.monotonic()
    server.begin_stop(grace_s)
    server.wait_stopped()
    return time.monotonic() - began_s


def test_the_end_waits_for_answers_and_says_that_it_closes(server, connect, api):
    idle, slow = connect(), connect()
    idle.sendall(post(b""))
    assert "Connection" not in read(idle)[0].headers
    slow.sendall(post(b"", path="/v1/slow"))
    assert api.entered.wait(10)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        stopped = pool.submit(stop, server, 20)
        while is_listening(server):
            time.sleep(0.01)
        idle.sendall(post(b""))
        response, _ = read(idle)
        assert (response.status, response.headers["Connection"]) == (200, "close")
        assert idle.recv(1) == b""
        assert not stopped.done()
        api.may_go.set()
        response, _ = read(slow)
        assert (response.status, response.headers["Connection"]) == (200, "close")
        assert stopped.result(10) < 20


def test_what_outlasts_the_grace_is_answered_503(server, connect, api):
    slow, half = connect(), connect()
    slow.sendall(post(b"", path="/v1/slow"))
    half.sendall(post(b"abc")[:-1])
    assert api.entered.wait(10)
    assert stop(server, 0.1) < 1
    for connection in (slow, half):
        response, answer = read(connection)
        assert (response.status, answer) == (503, {"error": "The server is ending."})
        assert response.headers["Connection"] == "close"
        assert connection.recv(1) == b""


def test_idle_connections_delay_the_end_by_little(server, connect):
    connect(), connect().sendall(b"POST")
    time.sleep(0.1)  # until it has noticed them
    assert stop(server, 20) < LAST_IDLE_S + 1


def test_without_connections_the_end_comes_at_once(server):
    assert stop(server, 20) < 0.5
