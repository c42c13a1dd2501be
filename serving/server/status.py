"""The answer to a request that cannot be served: a gRPC code and one sentence."""

from __future__ import annotations

import grpc

CODES = {code.value[0]: code for code in grpc.StatusCode}
"""gRPC's codes by number; TensorFlow numbers its own alike."""

# TensorFlow Serving cuts its sentences here: they travel in headers, which are small.
LONGEST_MESSAGE = 1024

HTTP_STATUS = {
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DATA_LOSS: 500,
    grpc.StatusCode.UNAUTHENTICATED: 401,
}
"""The HTTP status of each code, as TensorFlow Serving's REST interface has it."""


class ServingError(Exception):
    """Ends a request, or the loading of a version, with a code and a sentence.

    Attributes:
        code: of gRPC.
        message: one sentence for the caller.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        """Takes the code and the sentence, which is cut at a kilobyte."""
        super().__init__(message[:LONGEST_MESSAGE])
        self.code = code
        self.message = message[:LONGEST_MESSAGE]

    def __str__(self) -> str:
        """Writes both, as TensorFlow writes a status."""
        return f"{self.code.name}: {self.message}"


def invalid_argument(message: str) -> ServingError:
    """Makes the error of a request that no server could answer."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> ServingError:
    """Makes the error of a model or version that is not served here."""
    return ServingError(grpc.StatusCode.NOT_FOUND, message)


def failed_precondition(message: str) -> ServingError:
    """Makes the error of a request that the state of the server does not allow."""
    return ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)


def unavailable(message: str) -> ServingError:
    """Makes the error of a request that may be tried again later."""
    return ServingError(grpc.StatusCode.UNAVAILABLE, message)
