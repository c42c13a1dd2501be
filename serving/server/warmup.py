"""Replays the warm-up requests of a version before it serves.

Each signature optimises its graph at its first call, which takes seconds; better here
than in front of a user. The file is TensorFlow Serving's: TFRecords of PredictionLog.
"""

from __future__ import annotations

from pathlib import Path

import grpc
import tensorflow as tf
from absl import logging
from google.protobuf.message import DecodeError
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from serving.server.classify_regress import classify, multi_inference, regress
from serving.server.engine import Engine
from serving.server.predict import predict
from serving.server.servable import Servable
from serving.server.status import CODES, ServingError, invalid_argument

REQUESTS = Path("assets.extra") / "tf_serving_warmup_requests"
MOST_RECORDS = 1000

_METHODS = {
    "predict_log": predict,
    "classify_log": classify,
    "regress_log": regress,
    "multi_inference_log": multi_inference,
}


def warm_up(
    engine: Engine, servable: Servable, path: Path, num_iterations: int = 1
) -> int:
    """Replays every record of a version's file, where it has one.

    Args:
        engine: runs the requests as it will run those of clients.
        servable: the version.
        path: its folder.
        num_iterations: how often each record is replayed.

    Returns:
        How many records there were.

    Raises:
        ServingError: A request fails, or the file is damaged; the version must not
            serve then.
    """
    file = path / REQUESTS
    if not file.is_file():
        return 0
    num_records = 0
    try:
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            num_records += 1
            if num_records > MOST_RECORDS:
                raise invalid_argument(
                    f"Number of warmup records exceeds the maximum ({MOST_RECORDS}) "
                    f"at {file}"
                )
            log = _parse(record, file)
            for _ in range(num_iterations):
                _replay(engine, servable, log)
    except tf.errors.OpError as error:
        raise ServingError(
            CODES[error.error_code],
            f"{error.message}. Please verify your warmup data is in TFRecord format.",
        ) from error
    logging.info("%d warm-up requests replayed: %s", num_records, file)
    return num_records


def _parse(record: bytes, file: Path) -> PredictionLog:
    """Reads a record."""
    try:
        return PredictionLog.FromString(record)
    except DecodeError as error:
        raise invalid_argument(f"Failed to parse warmup record from {file}") from error


def _replay(engine: Engine, servable: Servable, log: PredictionLog) -> None:
    """Sends one request; of its model spec only the signature counts."""
    kind = log.WhichOneof("log_type")
    if kind not in _METHODS:
        raise ServingError(
            grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}"
        )
    _METHODS[kind](engine, servable, getattr(log, kind).request)
