"""Where a model server is, how to talk to it, and how patient to be."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc

from piaa_tf.errors import InputError

MAX_MESSAGE_BYTES = 256 << 20
"""Of an answer, and of a request that can be repeated.

gRPC takes answers of up to 4 MiB by default, less than a batch of saliency maps, and
forgets, so never repeats, requests above 256 KiB.
"""


@dataclasses.dataclass(frozen=True)
class Retries:
    """Repeats a call that was answered UNAVAILABLE or CANCELLED, and no other.

    The latter is what gRPC says of a call that reaches a server just as it ends. gRPC
    itself does it, with jitter, and within the call's deadline.

    Attributes:
        attempts: with the first one; gRPC makes at most five.
        first_wait_s: before the second attempt.
        longest_wait_s: between two attempts; each wait is twice the one before.
    """

    attempts: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 8.0

    def __post_init__(self) -> None:
        """Checks the numbers."""
        if not 1 <= self.attempts <= 5:
            raise InputError(f"attempts must be 1 to 5. Got {self.attempts}.")
        # gRPC 1.85 forgets a call, until its deadline, whose wait rounds to 0 ms.
        if not 0.01 <= self.first_wait_s <= self.longest_wait_s:
            raise InputError(
                "0.01 <= first_wait_s <= longest_wait_s must hold. Got "
                f"{self.first_wait_s} and {self.longest_wait_s}."
            )

    def policy(self) -> dict:
        """Returns gRPC's retryPolicy."""
        return {
            "maxAttempts": self.attempts,
            "initialBackoff": f"{self.first_wait_s:.3f}s",
            "maxBackoff": f"{self.longest_wait_s:.3f}s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
        }


@dataclasses.dataclass(frozen=True)
class Connection:
    """A model server's address, and what it asks of its clients.

    Attributes:
        address: HOST:PORT of gRPC, unix:PATH, or any other of gRPC's names. Calls are
            spread over all hosts that the name stands for.
        use_tls: whether to encrypt; implied by the certificates.
        root_cert: PEM file of the authorities that may sign the server's certificate;
            empty for those that gRPC knows.
        client_cert: PEM file of the client's own certificate.
        client_key: PEM file of its key.
        tls_server_name: the name in the server's certificate, if not the address's.
        metadata: KEY=VALUE that go with each call; VALUE may be @FILE, for a secret
            that should not be seen in a list of processes.
        retries: of calls that did not reach a server that serves.
    """

    address: str
    use_tls: bool = False
    root_cert: str = ""
    client_cert: str = ""
    client_key: str = ""
    tls_server_name: str = ""
    metadata: Sequence[str] = ()
    retries: Retries = dataclasses.field(default_factory=Retries)

    def __post_init__(self) -> None:
        """Checks what can be checked without a call."""
        if not self.address or self.address.startswith(("http://", "https://")):
            raise InputError(
                "address must be HOST:PORT of gRPC, or unix:PATH. "
                f"Got {self.address!r}. Give it without http://."
            )
        if bool(self.client_cert) != bool(self.client_key):
            raise InputError(
                "client_cert and client_key must be given together. Got "
                f"{self.client_cert or 'no certificate'} and "
                f"{self.client_key or 'no key'}."
            )

    def call_metadata(self) -> list[tuple[str, str]]:
        """Returns key and value of what goes with each call.

        Raises:
            InputError: An entry is malformed, or its file cannot be read.
        """
        pairs = []
        for entry in self.metadata:
            key, equals, value = entry.partition("=")
            # gRPC over HTTP/2, "Custom-Metadata"; -bin would have its value encoded.
            if not re.fullmatch(r"[0-9a-z_.-]+", key) or key.endswith("-bin"):
                equals = ""
            if value.startswith("@"):
                value = _read(value[1:]).decode("utf-8", "replace").strip()
            if not equals or not re.fullmatch(r"[ -~]*", value):
                raise InputError(
                    "metadata must be KEY=VALUE in ASCII, the key in lower case. "
                    f"Got the key {key!r}. Correct it."
                )
            pairs.append((key, value))
        return pairs

    def open(self, options: Sequence[tuple[str, Any]] = ()) -> grpc.Channel:
        """Opens a channel; it connects with the first call.

        Args:
            options: further ones of gRPC.

        Raises:
            InputError: A certificate cannot be read.
        """
        config: dict = {"loadBalancingConfig": [{"round_robin": {}}]}
        if self.retries.attempts > 1:
            every_method = {"name": [{}], "retryPolicy": self.retries.policy()}
            config["methodConfig"] = [every_method]
        options = [
            *options,
            ("grpc.service_config", json.dumps(config)),
            ("grpc.per_rpc_retry_buffer_size", MAX_MESSAGE_BYTES),
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ]
        if self.tls_server_name:
            options.append(("grpc.ssl_target_name_override", self.tls_server_name))
        certificates = (self.root_cert, self.client_key, self.client_cert)
        if not (self.use_tls or any(certificates) or self.tls_server_name):
            return grpc.insecure_channel(self.address, options)
        credentials = grpc.ssl_channel_credentials(
            *(_read(path) if path else None for path in certificates)
        )
        return grpc.secure_channel(self.address, credentials, options)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} must be a file that can be read. Got: {error.strerror}."
        ) from error
