"""Calls to one model of one server: pipelined, with a deadline each, errors translated.

What a signature means is the client's matter; here rows go out and arrays come back.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import grpc
import numpy as np
from absl import logging
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from piaa_tf.contract.signatures import Signature
from piaa_tf.errors import InputError
from serving.client.agreement import ModelMetadata
from serving.client.call_error import CallError
from serving.client.connection import Connection
from serving.client.in_order import in_order
from serving.client.request_limits import RequestLimits
from serving.client.requests import (
    Row,
    decode_outputs,
    encode_inputs,
    in_requests,
)

_POLL_S = 0.2
_NOT_YET = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE)

Arrays = dict[str, np.ndarray]


class ModelCalls:
    """Sends the rows of requests to one model; may be shared by threads."""

    def __init__(
        self,
        connection: Connection,
        model_name: str,
        *,
        model_version: int,
        model_label: str,
        limits: RequestLimits,
    ) -> None:
        """Makes no call yet; the arguments are those of `client.Client`."""
        if model_version and model_label:
            raise InputError(
                "A model has a version or a label. Got "
                f"{model_version} and {model_label!r}. Give one of them."
            )
        self._limits = limits
        self._spec = ModelSpec(name=model_name)
        self._model = f"model {model_name!r}"
        if model_version:
            self._spec.version.value = model_version
            self._model += f", version {model_version}"
        if model_label:
            self._spec.version_label = model_label
            self._model += f", label {model_label!r}"
        self._address = connection.address
        self._metadata = connection.call_metadata()
        self._channel = connection.open()
        self._stub = PredictionServiceStub(self._channel)
        self._served: ModelMetadata | None = None
        self._version = 0

    def close(self) -> None:
        """Ends the connection, and what is under way."""
        self._channel.close()

    def served(self) -> ModelMetadata:
        """Returns what the server says of the model; asks once."""
        if self._served is None:
            self._served = self._ask_metadata(self._limits.timeout_s)
        return self._served

    def wait_until_served(self, wait_s: float) -> ModelMetadata:
        """Waits for a server that is starting, or a model that it is loading.

        Args:
            wait_s: for how long.

        Raises:
            CallError: It is not there after that time.
        """
        until = time.monotonic() + wait_s
        while True:
            left_s = max(until - time.monotonic(), _POLL_S)
            try:
                self._served = self._ask_metadata(left_s, wait_for_ready=True)
            except CallError as error:
                if error.code not in _NOT_YET or time.monotonic() + _POLL_S > until:
                    raise
                time.sleep(_POLL_S)
            else:
                return self._served

    def stream(self, name: str, rows: Iterable[Row]) -> Iterator[Arrays]:
        """Asks a signature for any number of rows, without holding all of them.

        A photo that the server refuses to take, because it is too large, is sent
        again as an empty one, so that its `image_ok` is false; that is logged.

        Args:
            name: of the signature.
            rows: the inputs of each; read a few requests ahead.

        Yields:
            The outputs of the next few rows, by name.
        """
        signature = self.served().agree(name)
        for group, future in in_order(
            in_requests(rows, self._limits),
            lambda group: self._begin(signature, group),
            self._limits.max_in_flight,
        ):
            yield self._finish(signature, group, future)

    def one(self, name: str, row: Row) -> Arrays:
        """Asks for one row and returns its outputs without their first axis."""
        signature = self.served().agree(name)
        answer = self._finish(signature, [row], self._begin(signature, [row]))
        return {output: values[0] for output, values in answer.items()}

    def _begin(self, signature: Signature, rows: Sequence[Row]) -> grpc.Future:
        request = PredictRequest(inputs=encode_inputs(signature, rows))
        request.model_spec.CopyFrom(self._spec)
        request.model_spec.signature_name = signature.name
        return self._stub.Predict.future(
            request, timeout=self._limits.timeout_s, metadata=self._metadata
        )

    def _finish(
        self, signature: Signature, rows: Sequence[Row], future: grpc.Future
    ) -> Arrays:
        """Waits for an answer; what is refused whole is asked again in parts."""
        try:
            response = future.result()
        except grpc.RpcError as error:
            refusal = self._error(error, self._limits.timeout_s)
            parts = _parts(rows, refusal) if refusal.is_of_request else []
            if not parts:
                raise refusal from error
            answers = [
                self._finish(signature, part, self._begin(signature, part))
                for part in parts
            ]
            return {
                name: np.concatenate([answer[name] for answer in answers])
                for name in answers[0]
            }
        self._note_version(response)
        return decode_outputs(signature, response.outputs, len(rows))

    def _note_version(self, response: PredictResponse) -> None:
        """Warns when another version of the model has taken over."""
        version = response.model_spec.version.value
        if self._version not in (0, version):
            logging.warning(
                "version %d answers instead of %d: what follows is another model's",
                version,
                self._version,
            )
        self._version = version

    def _ask_metadata(self, timeout_s: float, **options: Any) -> ModelMetadata:
        request = GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.CopyFrom(self._spec)
        try:
            response = self._stub.GetModelMetadata(
                request, timeout=timeout_s, metadata=self._metadata, **options
            )
        except grpc.RpcError as error:
            raise self._error(error, timeout_s) from error
        return ModelMetadata.from_metadata(
            response, f"{self._model} at {self._address}"
        )

    def _error(self, error: grpc.RpcError, timeout_s: float) -> CallError:
        return CallError(
            error, address=self._address, model=self._model, timeout_s=timeout_s
        )


def _parts(rows: Sequence[Row], refusal: CallError) -> list[Sequence[Row]]:
    """Returns the requests that may be taken in place of a refused one, or none."""
    if len(rows) > 1:
        middle = len(rows) // 2
        return [rows[:middle], rows[middle:]]
    image = rows[0].get("image_bytes")
    if not isinstance(image, bytes) or not image:
        return []
    logging.warning("a photo of %d bytes was refused: %s", len(image), refusal)
    return [[{**rows[0], "image_bytes": b""}]]
