"""How much a client sends at once, and how long it waits."""

from __future__ import annotations

import dataclasses

from piaa_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class RequestLimits:
    """How much is sent at once.

    Attributes:
        timeout_s: the deadline of each request, its repetitions included.
        max_request_bytes: of the photos in one request; a larger one goes alone.
            Servers of gRPC take 4 MiB unless told otherwise, as TensorFlow Serving is.
        max_rows: photos in one request; at most the server's max_batch_size.
        max_in_flight: requests under way at the same time.
    """

    timeout_s: float = 60.0
    max_request_bytes: int = 4_000_000
    max_rows: int = 16
    max_in_flight: int = 4

    def __post_init__(self) -> None:
        """Checks the numbers."""
        if not self.timeout_s > 0:
            raise InputError(f"timeout_s must be > 0. Got {self.timeout_s}.")
        for name in ("max_request_bytes", "max_rows", "max_in_flight"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be >= 1. Got {getattr(self, name)}.")
