"""Warm-up requests: a server answers them before a version becomes available.

The first request of every signature is slow, because its graph is optimised then; and a
version that cannot answer its warm-up is not served. One request for each signature, in
the file and form that TensorFlow Serving looks for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

from piaa_tf.contract.manifest import Manifest
from piaa_tf.contract.signatures import Signature

WARM_UP_PATH = "assets.extra/tf_serving_warmup_requests"

_OPEN_SIZES = {"batch": 1, "N": 2, "M": 1}


def warm_up_inputs(
    signature: Signature, manifest: Manifest, user_id: str
) -> dict[str, np.ndarray]:
    """Makes a request that a signature must answer.

    Args:
        signature: of the contract.
        manifest: of the export.
        user_id: whose score is asked for.

    Returns:
        A value for every input, by name.
    """
    sizes = {**manifest.sizes, **_OPEN_SIZES}
    ratings = manifest.rating_range
    values = {
        "user_id": np.array(user_id.encode(), object),
        "support_count": np.array(_OPEN_SIZES["N"], np.int32),
        "support_rating": np.linspace(
            ratings.minimum, ratings.maximum, _OPEN_SIZES["N"], dtype=np.float32
        ),
    }
    inputs = {}
    for tensor in signature.inputs:
        shape = [
            size if isinstance(size, int) else sizes[size] for size in tensor.shape
        ]
        if tensor.name in values:
            value = values[tensor.name]
        elif tensor.dtype == "string":
            value = np.array(_grey_wedge(manifest.image_size), object)
        else:
            value = np.zeros(shape, np.float32)
        inputs[tensor.name] = np.broadcast_to(value, shape)
    return inputs


def _grey_wedge(size: int) -> bytes:
    """Returns a grey wedge as a JPEG file."""
    wedge = np.linspace(0, 255, size, dtype=np.uint8)
    image = np.broadcast_to(wedge[:, np.newaxis, np.newaxis], [size, size, 3])
    return tf.io.encode_jpeg(image).numpy()


def write_warm_up(
    directory: str | os.PathLike[str],
    requests: Sequence[tuple[str, dict[str, np.ndarray]]],
) -> None:
    """Writes the requests into a SavedModel.

    Args:
        directory: of the SavedModel.
        requests: signature's key and inputs of each.
    """
    path = Path(directory) / WARM_UP_PATH
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(os.fspath(path)) as writer:
        for key, inputs in requests:
            request = predict_pb2.PredictRequest(
                model_spec=model_pb2.ModelSpec(signature_name=key)
            )
            for name, value in inputs.items():
                dtype = tf.string if value.dtype == object else None
                request.inputs[name].CopyFrom(
                    tf.make_tensor_proto(value, dtype=dtype, shape=value.shape)
                )
            log = prediction_log_pb2.PredictLog(request=request)
            record = prediction_log_pb2.PredictionLog(predict_log=log)
            writer.write(record.SerializeToString())


def read_warm_up(
    directory: str | os.PathLike[str],
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Reads what `write_warm_up` wrote."""
    path = os.fspath(Path(directory) / WARM_UP_PATH)
    for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record)
        request = request.predict_log.request
        yield (
            request.model_spec.signature_name,
            {name: tf.make_ndarray(value) for name, value in request.inputs.items()},
        )
