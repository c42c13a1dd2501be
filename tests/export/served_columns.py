"""Columns of the conformance table that are asked over the network, gRPC and REST."""

import base64
import json
import urllib.request

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from piaa_tf.contract.signatures import SIGNATURES
from serving.server.options import ANY_FREE_PORT
from serving.server.server import Server


class Servers:
    """An embedded server for each export that is asked over the network."""

    def __init__(self, directory):
        self.directory = directory
        self.running = {}

    def of(self, model):
        if model not in self.running:
            base = self.directory / str(len(self.running))
            base.mkdir()
            (base / "1").symlink_to(model)
            server = Server.on_free_ports(
                model_name="aesthetics",
                model_base_path=str(base),
                rest_api_port=ANY_FREE_PORT,
                # The suite asks every signature itself.
                enable_model_warmup=False,
            )
            server.start()
            self.running[model] = server
        return self.running[model]

    def grpc(self, model, signature, inputs):
        request = PredictRequest()
        request.model_spec.name = "aesthetics"
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            # A list: numpy's own strings lose the zeros they end with.
            value = value.tolist() if value.dtype == object else value
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        with grpc.insecure_channel(self.of(model).address) as channel:
            answer = PredictionServiceStub(channel).Predict(request, timeout=120)
        return {name: tf.make_ndarray(p) for name, p in answer.outputs.items()}

    def rest(self, model, signature, inputs):
        asked = {name: _as_json(name, value) for name, value in inputs.items()}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.of(model).rest_port}/v1/models/aesthetics:predict",
            json.dumps({"signature_name": signature, "inputs": asked}).encode(),
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            outputs = json.load(response)["outputs"]
        if not isinstance(outputs, dict):  # REST does not name a single output
            outputs = {SIGNATURES[signature].outputs[0].name: outputs}
        answer = {name: np.array(value) for name, value in outputs.items()}
        return {
            name: value if value.dtype == bool else value.astype(np.float32)
            for name, value in answer.items()
        }

    def close(self):
        for server in self.running.values():
            server.stop()


def _as_json(name, value):
    if value.dtype != object:
        return value.tolist()
    encode = _base64 if name.endswith("_bytes") else bytes.decode
    return [
        [encode(text) for text in row] if isinstance(row, np.ndarray) else encode(row)
        for row in value
    ]


def _base64(content):
    return {"b64": base64.b64encode(content).decode()}
