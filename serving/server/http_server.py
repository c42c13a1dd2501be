"""HTTP around the REST interface and the metrics page: one thread with an event loop.

tornado, because it is one package without dependencies, has bounds for headers, bodies
and idle connections, and holds slow clients without a thread for each.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import socket
import threading
import time
from typing import Any, cast

from absl import logging
from tornado import http1connection, httputil, netutil

from serving.server.gzip_body import inflate
from serving.server.http_exchange import Answer, Exchange, HalfOpenStream, Request
from serving.server.metrics import CONTENT_TYPE, Metrics
from serving.server.preflight import not_free
from serving.server.rest import RestApi
from serving.server.status import HTTP_STATUS, ServingError

# A client that says nothing for this long is dropped.
IDLE_S = 75
BODY_S = 60
# And this long while the server ends: a client about to ask then learns of it.
LAST_IDLE_S = 1.0
# Answers to requests that are cut have this long to leave.
FLUSH_S = 0.3

_UNBOUNDED = 1 << 62  # an exchange has its own bound, and a sentence for it
_BUFFER = 1 << 20
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}
_ENDING = Answer.of_error(503, "The server is ending.")


class HttpServer(httputil.HTTPServerConnectionDelegate):
    """Listens from its creation until `begin_stop`.

    Attributes:
        port: that it listens on.
    """

    def __init__(
        self,
        api: RestApi,
        metrics: Metrics,
        *,
        host: str,
        port: int,
        num_threads: int,
        max_body_bytes: int,
        metrics_path: str = "",
        allows_cors: bool = False,
    ) -> None:
        """Opens the port.

        Args:
            api: answers the requests, in threads.
            metrics: of the server.
            host: address to listen on.
            port: 0 for any free one.
            num_threads: requests that run at the same time.
            max_body_bytes: of a request.
            metrics_path: where the metrics are shown; empty for nowhere.
            allows_cors: whether pages of other sites may ask.

        Raises:
            InputError: The port is taken.
        """
        try:
            self._sockets = netutil.bind_sockets(port, address=host)
        except OSError as error:
            raise not_free(f"{host}:{port}", error) from error
        self.port = self._sockets[0].getsockname()[1]
        self._api = api
        self._metrics = metrics
        self._metrics_path = metrics_path
        self._max_body_bytes = max_body_bytes
        self._headers = _CORS if allows_cors else {}
        self._threads = concurrent.futures.ThreadPoolExecutor(
            num_threads, thread_name_prefix="http"
        )
        self._under_way: set[Exchange] = set()
        self._connections: set[http1connection.HTTP1ServerConnection] = set()
        self._end_s = float("inf")
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._thread.start()
        self._is_ready.wait()
        logging.info("HTTP at %s:%d", host, self.port)

    def begin_stop(self, grace_s: float) -> None:
        """Closes the port, and each connection after its next answer.

        Args:
            grace_s: what is under way after this time is answered 503.
        """
        self._end_s = time.monotonic() + grace_s
        self._loop.call_soon_threadsafe(self._ending.set)

    def wait_stopped(self) -> None:
        """Waits until every request has its answer and every connection is closed."""
        self._thread.join()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def start_request(
        self, server_conn: object, request_conn: httputil.HTTPConnection
    ) -> Exchange:
        """Waits for the next request of a connection."""
        self._connections.add(cast(http1connection.HTTP1ServerConnection, server_conn))
        return Exchange(
            cast(http1connection.HTTP1Connection, request_conn),
            begin=self._begin,
            on_change=self._note,
            is_last=self._ending.is_set,
            headers=self._headers,
            max_body_bytes=self._max_body_bytes,
        )

    def on_close(self, server_conn: object) -> None:
        """Forgets a connection."""
        self._connections -= {server_conn}

    def _run(self) -> None:
        """Runs the loop; the body of the thread."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        """Serves until told to end, and then finishes what is under way."""
        removers = [netutil.add_accept_handler(s, self._accept) for s in self._sockets]
        self._is_ready.set()
        await self._ending.wait()
        for remove, listening in zip(removers, self._sockets):
            remove()
            with contextlib.suppress(BlockingIOError):
                while True:  # those who have connected are served
                    self._accept(*listening.accept())
            listening.close()
        last_s = time.monotonic()
        while self._connections and time.monotonic() < self._end_s:
            if self._under_way:
                last_s = time.monotonic()
            elif time.monotonic() > last_s + LAST_IDLE_S:
                break
            await asyncio.sleep(0.01)
        for exchange in list(self._under_way):
            exchange.cut(_ENDING)
        flushed_s = time.monotonic() + FLUSH_S
        while self._under_way and time.monotonic() < flushed_s:
            await asyncio.sleep(0.01)
        while self._connections:
            await next(iter(self._connections)).close()

    def _accept(self, connection: socket.socket, address: Any) -> None:
        """Serves a client that has connected."""
        stream = HalfOpenStream(connection, max_buffer_size=_BUFFER)
        parameters = http1connection.HTTP1ConnectionParameters(
            header_timeout=IDLE_S, body_timeout=BODY_S, max_body_size=_UNBOUNDED
        )
        server_conn = http1connection.HTTP1ServerConnection(stream, parameters, address)
        server_conn.start_serving(self)

    def _note(self, exchange: Exchange, is_under_way: bool) -> None:
        """Keeps track of the requests under way."""
        (self._under_way.add if is_under_way else self._under_way.discard)(exchange)

    def _begin(self, exchange: Exchange, request: Request) -> None:
        """Has a request answered in a thread."""

        def reply(work: asyncio.Future[Answer]) -> None:
            if not work.cancelled():
                exchange.reply(work.result())

        work = self._loop.run_in_executor(self._threads, self._answer, request)
        work.add_done_callback(reply)

    def _answer(self, request: Request) -> Answer:
        """Does the work of a request; runs in a thread."""
        if request.path == self._metrics_path and request.method == "GET":
            return Answer(200, self._metrics.page(), CONTENT_TYPE)
        if not request.path.lower().startswith("/v1/"):
            return Answer.of_error(404, "Not Found")
        if request.method == "OPTIONS" and self._headers:
            return Answer(200, b"")
        try:
            body = request.body
            if "gzip" in request.headers.get("Content-Encoding", "").lower():
                body = inflate(body)
            text = self._api.answer(request.method, request.path, body)
            return Answer(200, text.encode())
        except ServingError as error:
            return Answer.of_error(HTTP_STATUS[error.code], error.message)
        except Exception:  # noqa: BLE001  a bug must neither stop the server nor leak
            logging.exception("a request failed")
            return Answer.of_error(500, "The server failed; its log tells more.")
