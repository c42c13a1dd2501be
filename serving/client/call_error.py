"""What a model server answers instead of a result, as a sentence."""

from __future__ import annotations

import grpc

from piaa_tf.errors import InputError

_REMEDIES = {
    grpc.StatusCode.UNAVAILABLE: (
        "be reachable. Got {code}: {details}. Start it, or correct the address: the "
        "port of gRPC (8500), not that of HTTP."
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: (
        "answer within {timeout_s:g} s. Got {code}: {details}. Raise timeout_s, or "
        "send less at once by max_rows."
    ),
    grpc.StatusCode.NOT_FOUND: (
        "serve the {model}. Got {code}: {details}. Correct model_name, or wait until "
        "the version is loaded."
    ),
    grpc.StatusCode.UNIMPLEMENTED: (
        "be TensorFlow Serving, or speak its protocol. Got {code}: {details}. Correct "
        "the address."
    ),
    grpc.StatusCode.UNAUTHENTICATED: (
        "authenticate the client. Got {code}: {details}. Give metadata or a client "
        "certificate."
    ),
    grpc.StatusCode.PERMISSION_DENIED: (
        "allow the call. Got {code}: {details}. Give other metadata or another client "
        "certificate."
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (
        "have room for the request. Got {code}: {details}. Send less at once by "
        "max_request_bytes and max_rows, or ask again later."
    ),
}
_MERGED = "padding is turned off"
_OTHER = "answer for the {model}. Got {code}: {details}."
_MERGED_REMEDY = (
    "run requests of different sizes separately. Got {code}: {details}. Adapt at a "
    "server without --enable_batching."
)
_TOO_LARGE = "larger than max"


class CallError(InputError):
    """A model server did not answer a call; the message says what must hold.

    Attributes:
        code: of gRPC.
        is_of_request: whether it is this request that the server does not take, rather
            than any.
    """

    def __init__(
        self, error: grpc.RpcError, *, address: str, model: str, timeout_s: float
    ) -> None:
        """Translates what gRPC raised.

        Args:
            error: of a call that has ended.
            address: of the server.
            model: what was asked, in words.
            timeout_s: what the call was given.
        """
        self.code: grpc.StatusCode = error.code()
        details = (error.details() or "no reason given").rstrip(".")
        self.is_of_request = self.code == grpc.StatusCode.INVALID_ARGUMENT or (
            self.code == grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in details
        )
        sentence = _REMEDIES.get(self.code, _OTHER)
        if _MERGED in details:
            sentence = _MERGED_REMEDY
        super().__init__(
            f"The model server at {address} must "
            + sentence.format(
                code=self.code.name, details=details, model=model, timeout_s=timeout_s
            )
        )
