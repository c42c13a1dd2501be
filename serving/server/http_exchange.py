"""One request over HTTP and its answer, on the event loop.

Bodies are bytes to us, whatever their Content-Type: they are gathered as they come, up
to a bound, and not parsed before the interface does.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from http.client import responses
from typing import cast

from tornado import http1connection, httputil, iostream

# A refused client may go on sending for this long, and still read the answer.
LINGER_S = 5.0


@dataclasses.dataclass(frozen=True)
class Request:
    """What a client asks.

    Attributes:
        method: such as POST.
        path: without the query, with percents.
        headers: of the request.
        body: as it was sent.
    """

    method: str
    path: str
    headers: httputil.HTTPHeaders
    body: bytes


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a client is answered.

    Attributes:
        status: of HTTP.
        body: of the answer.
        content_type: of the body.
    """

    status: int
    body: bytes
    content_type: str = "application/json"

    @classmethod
    def of_error(cls, status: int, message: str) -> Answer:
        """Answers with a sentence."""
        return cls(status, json.dumps({"error": message}).encode())


class HalfOpenStream(iostream.IOStream):
    """A stream whose client may close its own half and still be answered.

    Attributes:
        is_answering: whether a whole request has come that has no answer yet.
    """

    is_answering = False

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Reads; an end is no reason to close before the answer is out."""
        num_bytes = super().read_from_fd(buf)
        if num_bytes == 0 and self.is_answering:
            # Or the loop would be told of the same end again and again.
            asyncio.get_running_loop().remove_reader(self.fileno())
            return None
        return num_bytes


class Exchange(httputil.HTTPMessageDelegate):
    """Gathers a request, has it answered, and writes the answer."""

    def __init__(
        self,
        connection: http1connection.HTTP1Connection,
        *,
        begin: Callable[[Exchange, Request], None],
        on_change: Callable[[Exchange, bool], None],
        is_last: Callable[[], bool],
        headers: dict[str, str],
        max_body_bytes: int,
    ) -> None:
        """Waits for a request.

        Args:
            connection: where it comes from.
            begin: starts the work on it, which ends with `reply`.
            on_change: is called when a request begins to arrive, and when it is over.
            is_last: returns whether the connection closes after this answer.
            headers: of every answer.
            max_body_bytes: of the request.
        """
        self._connection = connection
        self._stream = cast(HalfOpenStream, connection.stream)
        self._begin = begin
        self._on_change = on_change
        self._is_last = is_last
        self._headers = headers
        self._max_body_bytes = max_body_bytes
        self._body = bytearray()
        self._is_answered = False

    def headers_received(
        self,
        start_line: httputil.RequestStartLine | httputil.ResponseStartLine,
        headers: httputil.HTTPHeaders,
    ) -> None:
        """Keeps what is asked, and refuses a body that is said to be too large."""
        self._on_change(self, True)
        self._start_line = cast(httputil.RequestStartLine, start_line)
        self._request_headers = headers
        length = headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self._max_body_bytes:
            self._refuse(length)

    def data_received(self, chunk: bytes) -> None:
        """Takes some of the body, unless it has been answered already."""
        if self._is_answered:
            return
        self._body += chunk
        if len(self._body) > self._max_body_bytes:
            self._refuse("more")

    def finish(self) -> None:
        """Starts the work, now that all of the request is there."""
        if self._is_answered:
            self._connection.finish()
            self._stream.close()
            return
        path, _, _ = self._start_line.path.partition("?")
        body, self._body = bytes(self._body), bytearray()
        self._stream.is_answering = True
        self._begin(
            self, Request(self._start_line.method, path, self._request_headers, body)
        )

    def on_connection_close(self) -> None:
        """Gives up on a client that has gone."""
        self._is_answered = True
        self._on_change(self, False)

    def reply(self, answer: Answer) -> None:
        """Writes the answer to a whole request."""
        if not self._is_answered:
            self._send(answer, closes=self._is_last())
            self._connection.finish()

    def cut(self, answer: Answer) -> None:
        """Answers now, whatever is still to come of the request or of the work."""
        if not self._is_answered:
            self._send(answer, closes=True)
            self._connection.finish()

    def _refuse(self, got: str) -> None:
        """Answers before the body has come, and lets the client send on for a while."""
        sentence = f"A body must have at most {self._max_body_bytes} bytes. Got {got}."
        answer = Answer.of_error(400, f"{sentence} Send less at once.")
        if self._request_headers.get("Expect"):
            self.cut(answer)
            return
        self._body.clear()
        self._send(answer, closes=True, lingers=True)
        asyncio.get_running_loop().call_later(LINGER_S, self._stream.close)

    def _send(self, answer: Answer, *, closes: bool, lingers: bool = False) -> None:
        """Writes head and body; `finish` of the connection ends them."""
        self._is_answered = True
        headers = httputil.HTTPHeaders(self._headers)
        headers["Content-Type"] = answer.content_type
        headers["Content-Length"] = str(len(answer.body))
        if closes:
            headers["Connection"] = "close"
        reason = responses.get(answer.status, "Client Closed Request")
        written = self._connection.write_headers(
            httputil.ResponseStartLine("HTTP/1.1", answer.status, reason),
            headers,
            None if self._start_line.method == "HEAD" else answer.body,
        )

        def end(_: asyncio.Future) -> None:
            self._stream.is_answering = False
            self._on_change(self, False)
            if closes and not lingers:
                self._stream.close()

        written.add_done_callback(end)
