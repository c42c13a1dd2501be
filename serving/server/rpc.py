"""How every gRPC method answers: a response, or a code and one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import grpc
from absl import logging

from serving.server.status import ServingError

Response = TypeVar("Response")


def answer(
    context: grpc.ServicerContext, work: Callable[[float | None], Response]
) -> Response:
    """Does the work of one request and ends it with the right code.

    Args:
        context: of the request.
        work: takes the seconds until the caller's deadline, or None, and returns the
            response.
    """
    try:
        return work(context.time_remaining())
    except ServingError as error:
        return context.abort(error.code, error.message)
    except Exception:  # noqa: BLE001  a bug must neither stop the server nor leak out
        logging.exception("a request failed")
        return context.abort(
            grpc.StatusCode.INTERNAL, "The server failed; its log tells more."
        )
