"""HTTP around the REST interface and the metrics page: one thread with an event loop.

tornado, because it is one package without dependencies, has bounds for headers, bodies
and idle connections, and holds slow clients without a thread for each.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import threading
import time
from collections.abc import Callable

from absl import logging
from tornado import httpserver, netutil, web

from piaa_tf.errors import InputError
from serving.server.metrics import CONTENT_TYPE, Metrics
from serving.server.rest import RestApi
from serving.server.status import HTTP_STATUS, ServingError

# A client that says nothing for so long is let go.
IDLE_S = 75
BODY_S = 60


class HttpServer:
    """Listens from its making until `stop`.

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
            raise InputError(
                f"{host}:{port} cannot be listened on; is it taken? Got {error}."
            ) from error
        self.port = self._sockets[0].getsockname()[1]
        self._threads = concurrent.futures.ThreadPoolExecutor(
            num_threads, thread_name_prefix="http"
        )
        self._running: set[web.RequestHandler] = set()
        shared = {
            "answer": api.answer,
            "threads": self._threads,
            "running": self._running,
            "allows_cors": allows_cors,
        }
        routes = [(r"/v1/.*", _ApiHandler, shared)]
        if metrics_path:
            routes.insert(0, (metrics_path, _MetricsHandler, {"page": metrics.page}))
        self._application = web.Application(
            routes, default_handler_class=_NotFoundHandler, log_function=_say_nothing
        )
        self._max_body_bytes = max_body_bytes
        self._loop = asyncio.new_event_loop()
        self._grace_s = 0.0
        self._ending: asyncio.Event | None = None
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._thread.start()
        self._is_ready.wait()
        logging.info("HTTP at %s:%d", host, self.port)

    def stop(self, grace_s: float) -> None:
        """Refuses new requests, and lets those under way end within some seconds."""
        self._grace_s = grace_s
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()
        self._threads.shutdown()

    def _run(self) -> None:
        """Is the thread of the loop."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        """Serves until it is told to end."""
        self._ending = asyncio.Event()
        server = httpserver.HTTPServer(
            self._application,
            max_body_size=self._max_body_bytes,
            max_buffer_size=self._max_body_bytes + (1 << 16),
            idle_connection_timeout=IDLE_S,
            body_timeout=BODY_S,
        )
        server.add_sockets(self._sockets)
        self._is_ready.set()
        await self._ending.wait()
        server.stop()
        end_s = time.monotonic() + self._grace_s
        while self._running and time.monotonic() < end_s:
            await asyncio.sleep(0.01)
        await server.close_all_connections()


class _ApiHandler(web.RequestHandler):
    """Passes requests on to the interface, in a thread each."""

    def initialize(
        self,
        answer: Callable[[str, str, bytes], str],
        threads: concurrent.futures.Executor,
        running: set[web.RequestHandler],
        allows_cors: bool,
    ) -> None:
        """Takes what tornado gives to each request."""
        self._answer = answer
        self._threads = threads
        self._running = running
        self._allows_cors = allows_cors

    async def get(self) -> None:
        """Answers GET."""
        await self._reply()

    async def post(self) -> None:
        """Answers POST."""
        await self._reply()

    async def options(self) -> None:
        """Answers a browser that asks what it may ask."""
        self._add_headers()
        self.set_status(200)

    def write_error(self, status_code: int, **_: object) -> None:
        """Answers what tornado itself refuses."""
        self._add_headers()
        self.finish(json.dumps({"error": f"{self.request.method} is not answered."}))

    async def _reply(self) -> None:
        """Answers with JSON, in success and in failure."""
        request = self.request
        self._running.add(self)
        try:
            status, text = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._answered, request.method, request.path
            )
        finally:
            self._running.discard(self)
        self._add_headers()
        self.set_status(status, None if status != 499 else "Client Closed Request")
        self.finish(text)

    def _answered(self, method: str, path: str) -> tuple[int, str]:
        """Does the work; runs in a thread."""
        try:
            return 200, self._answer(method, path, self.request.body)
        except ServingError as error:
            return HTTP_STATUS[error.code], json.dumps({"error": error.message})
        except Exception:  # noqa: BLE001  a bug must neither stop the server nor leak
            logging.exception("a request failed")
            message = "The server failed; its log tells more."
            return 500, json.dumps({"error": message})

    def _add_headers(self) -> None:
        self.set_header("Content-Type", "application/json")
        if self._allows_cors:
            self.set_header("Access-Control-Allow-Origin", "*")
            self.set_header("Access-Control-Allow-Methods", "POST, GET")
            self.set_header("Access-Control-Allow-Headers", "Content-Type")


class _MetricsHandler(web.RequestHandler):
    """Shows the metrics."""

    def initialize(self, page: Callable[[], bytes]) -> None:
        """Takes what tornado gives to each request."""
        self._page = page

    def get(self) -> None:
        """Answers GET."""
        self.set_header("Content-Type", CONTENT_TYPE)
        self.finish(self._page())


class _NotFoundHandler(web.RequestHandler):
    """Answers every other path."""

    def prepare(self) -> None:
        """Answers 404 to every method."""
        self.set_status(404)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"error": "Not Found"}))


def _say_nothing(_: web.RequestHandler) -> None:
    """Leaves requests out of the log; the metrics count them."""
