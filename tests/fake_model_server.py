"""A PredictionService that speaks the contract without a model, and fails on demand.

Its scores are sums that a test can do: a photo's score is the number of its bytes, a
known user adds 1000, weights add their sum.
"""

import contextlib
import math
import threading
from concurrent import futures

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataResponse,
    SignatureDefMap,
)
from tensorflow_serving.apis.predict_pb2 import PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)

from piaa_tf.contract.signatures import served_signatures

SIZES = {"bins": 3, "D": 4, "P": 2, "H": 2, "W": 2}
MAX_SUPPORT = 5
KNOWN_USER = "anna"
BONUS = 1000


def is_photo(content):
    return content.startswith((b"\xff\xd8\xff", b"\x89PNG", b"ok"))


def number(content):
    return float(len(content)) if is_photo(content) else math.nan


def answer(name, inputs):
    """Computes the outputs of a signature from arrays."""
    if "image_bytes" in inputs:
        numbers = np.vectorize(number, otypes=[np.float32])(inputs["image_bytes"])
        image_ok = np.isfinite(numbers)
    if "user_id" in inputs:
        known_user = inputs["user_id"] == KNOWN_USER.encode()
    if name == "score":
        score = numbers + BONUS * known_user
        return {"score": score, "known_user": known_user, "image_ok": image_ok}
    if name in ("generic", "personality", "embed"):
        width = {"generic": 3, "personality": 5, "embed": 4}[name]
        table = numbers[:, np.newaxis] + np.arange(width, dtype=np.float32)
        own = {"generic": "distribution", "personality": "traits"}
        outputs = {own.get(name, "embedding"): table, "image_ok": image_ok}
        return {**outputs, "mean_score": numbers} if name == "generic" else outputs
    if name == "explain":
        saliency = np.tile(numbers[:, np.newaxis, np.newaxis], [1, 2, 2])
        return {"saliency": saliency + known_user[:, None, None], "image_ok": image_ok}
    if name == "score_embedding":
        score = inputs["embedding"].sum(axis=1) + BONUS * known_user
        return {"score": score, "known_user": known_user}
    if name == "score_with_weights":
        sums = [inputs[key].sum(axis=1) for key in ("embedding", "user_weights")]
        return {"score": sum(sums)}
    ratings, count = inputs["support_rating"], inputs["support_count"]
    support_ok = (count <= MAX_SUPPORT) & (ratings <= 5).all(axis=1)
    if name == "adapt":
        support_ok &= np.isfinite(inputs["support_embedding"]).all(axis=(1, 2))
    weights = np.where(support_ok[:, np.newaxis], ratings.sum(axis=1, keepdims=True), 0)
    weights = np.repeat(weights, 2, axis=1).astype(np.float32)
    adapted = {"user_weights": weights, "support_ok": support_ok}
    if name == "adapt":
        return adapted
    return {"score": numbers + weights.sum(axis=1), "image_ok": image_ok, **adapted}


def signature_map(served):
    """Writes signatures of the contract as SignatureDefs."""
    signatures = SignatureDefMap()
    for name, signature in served.items():
        info = signatures.signature_def[name]
        for tensors, infos in (
            (signature.inputs, info.inputs),
            (signature.outputs, info.outputs),
        ):
            for tensor in tensors:
                sizes = [SIZES.get(x, x) for x in tensor.shape]
                shape = [x if isinstance(x, int) else None for x in sizes]
                infos[tensor.name].dtype = tf.as_dtype(tensor.dtype).as_datatype_enum
                infos[tensor.name].tensor_shape.CopyFrom(
                    tf.TensorShape(shape).as_proto()
                )
    return signatures


class FakeModelServer(PredictionServiceServicer):
    """Answers, remembers what it was asked, and fails as often as it was told.

    Attributes:
        served: the signatures it claims to have.
        failures: a status and its details for each of the next calls of Predict.
        refuses: given a request, returns a status and its details, or None.
        requests: of Predict that were answered, or refused.
        metadata: of each call.
        version: of the model.
        meet: Predict waits here.
        most_at_once: calls of Predict that were under way at the same time.
    """

    def __init__(self):
        self.served = served_signatures(has_distribution=True, has_traits=True)
        self.failures = []
        self.refuses = lambda request: None
        self.requests = []
        self.metadata = []
        self.version = 7
        self.meet = lambda: None
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    @property
    def batches(self):
        """Rows of each request."""
        return [
            request.inputs["image_bytes"].tensor_shape.dim[0].size
            for request in self.requests
        ]

    def GetModelMetadata(self, request, context):
        self.metadata.append(dict(context.invocation_metadata()))
        if request.model_spec.name != "aesthetics":
            context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found for request")
        response = GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = self.version
        response.metadata["signature_def"].Pack(signature_map(self.served))
        return response

    def Predict(self, request, context):
        with self._counted(request):
            self.metadata.append(dict(context.invocation_metadata()))
            failure = self.failures.pop(0) if self.failures else self.refuses(request)
            if failure:
                context.abort(*failure)
            self.meet()
        inputs = {name: tf.make_ndarray(x) for name, x in request.inputs.items()}
        response = PredictResponse()
        response.model_spec.version.value = self.version
        for name, array in answer(request.model_spec.signature_name, inputs).items():
            dtype = np.bool_ if array.dtype == bool else np.float32
            response.outputs[name].CopyFrom(tf.make_tensor_proto(array.astype(dtype)))
        return response

    @contextlib.contextmanager
    def _counted(self, request):
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


@contextlib.contextmanager
def running(servicer, credentials=None, address="localhost:0", options=()):
    """Serves at a free port; gives the address."""
    server = grpc.server(futures.ThreadPoolExecutor(16), options=options)
    add_PredictionServiceServicer_to_server(servicer, server)
    if credentials is None:
        port = server.add_insecure_port(address)
    else:
        port = server.add_secure_port(address, credentials)
    server.start()
    try:
        yield address if address.startswith("unix:") else f"localhost:{port}"
    finally:
        server.stop(None)
