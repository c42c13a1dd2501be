"""Requests that no client should send, each with the codes that may answer it.

Used by benchmarks/serving.py in thousands and by the tests in hundreds.
"""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib
from collections.abc import Iterator

import grpc
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

PREDICTION = "/tensorflow.serving.PredictionService/"
MODEL = "/tensorflow.serving.ModelService/"
METHODS = (
    *(PREDICTION + m for m in ("Predict", "GetModelMetadata", "Classify", "Regress")),
    PREDICTION + "MultiInference",
    *(MODEL + m for m in ("GetModelStatus", "HandleReloadConfigRequest")),
)
C = grpc.StatusCode
INVALID = {C.INVALID_ARGUMENT}
# A model may report a broken image in its answer instead.
IMAGE = {C.INVALID_ARGUMENT, C.OK}


@dataclasses.dataclass(frozen=True)
class Malformed:
    """A request as it goes over the wire.

    Attributes:
        kind: what is wrong with it.
        method: full name of the gRPC method.
        data: the serialized request.
        codes: that may answer it.
        timeout_s: the deadline.
    """

    kind: str
    method: str
    data: bytes
    codes: frozenset[grpc.StatusCode]
    timeout_s: float = 30.0


def jpeg_of(random: np.random.Generator, size: int) -> bytes:
    """Encodes noise, smooth enough to be as large as a photo."""
    pixels = random.integers(0, 256, [size // 8, size // 8, 3], dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((size, size)).save(buffer, "JPEG")
    return buffer.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """Writes a PNG of a few bytes that claims any number of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 16)))
        + chunk(b"IEND", b"")
    )


def gif_of(num_frames: int, size: int) -> bytes:
    """Writes an animation of grey squares."""
    frames = [Image.new("L", (size, size), n % 256) for n in range(num_frames)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


class Maker:
    """Makes malformed requests to a model with image_bytes [n] and user_id [n]."""

    def __init__(self, model: str, signature: str = "", seed: int = 0) -> None:
        """Takes the names of a model that is served and of its signature."""
        self.model = model
        self.signature = signature
        self.random = np.random.default_rng(seed)
        self.jpeg = jpeg_of(self.random, 64)

    def good(self, images=None, users=None) -> PredictRequest:
        """Makes a request that is right, or is but for its values."""
        request = PredictRequest()
        request.model_spec.name = self.model
        request.model_spec.signature_name = self.signature
        images = [self.jpeg] if images is None else images
        users = ["anna"] * len(images) if users is None else users
        request.inputs["image_bytes"].CopyFrom(tensor_of(images))
        request.inputs["user_id"].CopyFrom(tensor_of(users))
        return request

    def stream(self, num_requests: int) -> Iterator[Malformed]:
        """Yields requests of all kinds in turns."""
        kinds = [name for name in dir(self) if name.startswith("_bad_")]
        for number in range(num_requests):
            name = kinds[number % len(kinds)]
            made = getattr(self, name)()
            method, request, codes, *timeout_s = made
            data = (
                request if isinstance(request, bytes) else request.SerializeToString()
            )
            yield Malformed(name[5:], method, data, frozenset(codes), *timeout_s)

    def _predict(self, request: PredictRequest, codes=INVALID, *timeout_s):
        return PREDICTION + "Predict", request, codes, *timeout_s

    def _bytes(self, most: int) -> bytes:
        return self.random.bytes(int(self.random.integers(0, most)))

    def _bad_random_image(self):
        return self._predict(self.good([self._bytes(2000)]), IMAGE)

    def _bad_truncated_image(self):
        length = int(self.random.integers(1, len(self.jpeg)))
        return self._predict(self.good([self.jpeg[:length]]), IMAGE)

    def _bad_flipped_image(self):
        data = bytearray(self.jpeg)
        for position in self.random.integers(0, len(data), 20):
            data[position] ^= 1 << int(self.random.integers(0, 8))
        return self._predict(self.good([bytes(data)]), IMAGE)

    def _bad_bomb(self):
        side = int(self.random.integers(9000, 2**31))
        return self._predict(self.good([png_bomb(side, side)]))

    def _bad_gif_of_many_frames(self):
        return self._predict(self.good([gif_of(20, 300)]), IMAGE)

    def _bad_dtype(self):
        request = self.good()
        values = self.random.random(3).astype(np.float32)
        request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(values))
        return self._predict(request)

    def _bad_dtype_number(self):
        request = self.good()
        numbers = [0, 20, 21, 99, 105, 120, -1]  # resource, variant, references, none
        request.inputs["user_id"].dtype = int(self.random.choice(numbers))
        return self._predict(request)

    def _bad_shape(self):
        shapes = [(-1,), (2**40,), (2**62, 2**62), (3,) * 40]
        return self._predict(self._shaped(shapes))

    def _bad_rank(self):
        # The graph may compute with it; an export of piaa-export refuses it.
        return self._predict(self._shaped([(), (1, 1)]), {*INVALID, C.OK})

    def _shaped(self, shapes) -> PredictRequest:
        request = self.good()
        shape = shapes[int(self.random.integers(0, len(shapes)))]
        del request.inputs["user_id"].tensor_shape.dim[:]
        for size in shape:
            request.inputs["user_id"].tensor_shape.dim.add(size=size)
        return request

    def _bad_content(self):
        request = self.good()
        request.inputs["user_id"].tensor_content = self._bytes(100) + b"x"
        return self._predict(request)

    def _bad_batch_sizes(self):
        return self._predict(self.good([self.jpeg] * 2, ["a"] * 3), {*INVALID, C.OK})

    def _bad_empty_batch(self):
        return self._predict(self.good([], []), {*INVALID, C.OK})

    def _bad_names(self):
        request = self.good()
        names = [self._bytes(30).hex(), "", "image_bytes:0", "../../etc/passwd"]
        name = names[int(self.random.integers(0, len(names)))]
        request.inputs[name].CopyFrom(request.inputs["user_id"])
        return self._predict(request)

    def _bad_missing_input(self):
        request = self.good()
        del request.inputs[str(self.random.choice(["image_bytes", "user_id"]))]
        return self._predict(request)

    def _bad_outputs(self):
        request = self.good()
        request.output_filter.append(self._bytes(30).hex() + "x")
        return self._predict(request)

    def _bad_model(self):
        request = self.good()
        names = [self._bytes(500).hex() + "x", "../" * 20 + "etc/passwd", "x" * 10000]
        request.model_spec.name = names[int(self.random.integers(0, 3))]
        return self._predict(request, {C.NOT_FOUND})

    def _bad_version(self):
        request = self.good()
        request.model_spec.version.value = int(
            self.random.choice([-1, 0, -(2**63), 2**63 - 1, 2**62])
        )
        return self._predict(request, {C.NOT_FOUND})

    def _bad_label(self):
        request = self.good()
        request.model_spec.version_label = self._bytes(100).hex()
        return self._predict(request)

    def _bad_signature(self):
        request = self.good()
        names = ["__saved_model_init_op", self._bytes(300).hex() + "x"]
        name = names[int(self.random.integers(0, 2))]
        request.model_spec.signature_name = name
        return self._predict(request, {*INVALID, C.FAILED_PRECONDITION})

    def _bad_user_ids(self):
        users = [b"u" * 300_000, b"\x00" * 10, b"\xff\xfe", b"", "\u202e".encode()]
        user = users[int(self.random.integers(0, len(users)))]
        return self._predict(self.good([self.jpeg], [user]), {C.OK})

    def _bad_deadline(self):
        return self._predict(self.good(), {C.DEADLINE_EXCEEDED, C.OK}, 0.001)

    def _bad_bytes(self):
        method = str(self.random.choice(METHODS))
        # Some bytes are a message, if an empty one.
        codes = {C.INTERNAL, C.INVALID_ARGUMENT, C.NOT_FOUND}
        return method, self._bytes(300), codes

    def _bad_method(self):
        return PREDICTION + self._bytes(20).hex(), self.good(), {C.UNIMPLEMENTED}

    def _bad_metadata(self):
        request = GetModelMetadataRequest(metadata_field=["weights", "/etc/passwd"])
        request.model_spec.name = self.model
        return PREDICTION + "GetModelMetadata", request, INVALID

    def _bad_status(self):
        request = GetModelStatusRequest()
        request.model_spec.name = self._bytes(50).hex() + "x"
        return MODEL + "GetModelStatus", request, {C.NOT_FOUND}

    def _bad_reload(self):
        request = ReloadConfigRequest()
        paths = ["/etc", "/", "relative", "/proc/self", "gs://bucket/model"]
        request.config.model_config_list.config.add(
            name=self.model,
            base_path=paths[int(self.random.integers(0, len(paths)))],
            model_platform="tensorflow",
        )
        return MODEL + "HandleReloadConfigRequest", request, {C.PERMISSION_DENIED}

    def _bad_examples(self):
        request = RegressionRequest()
        request.model_spec.name = self.model
        request.model_spec.signature_name = self.signature
        if self.random.random() < 0.5:
            request.input.example_list.examples.add()
        return PREDICTION + "Regress", request, INVALID


def tensor_of(values) -> tf.compat.v1.TensorProto:
    """Makes a vector of strings; unlike an array of numpy it keeps zeros at the end."""
    values = [v.encode() if isinstance(v, str) else v for v in values]
    return tf.make_tensor_proto(values, dtype=tf.string, shape=[len(values)])


def send(channel: grpc.Channel, malformed: Malformed) -> grpc.StatusCode:
    """Sends a request and returns the code of the answer."""
    call = channel.unary_unary(malformed.method)
    try:
        call(malformed.data, timeout=malformed.timeout_s)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK
