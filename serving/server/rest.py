"""The REST interface of TensorFlow Serving: what each path answers.

POST /v1/models/NAME[/versions/N|/labels/LABEL]:predict|classify|regress
GET  /v1/models/NAME[/versions/N|/labels/LABEL][/metadata]
"""

from __future__ import annotations

import inspect
import json
import re
import urllib.parse
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    SignatureDefMap,
)
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from piaa_tf.contract.signatures import SERVING_DEFAULT
from serving.server.classify_regress import classify, regress
from serving.server.engine import Engine
from serving.server.json_examples import fill_examples
from serving.server.json_tensors import (
    arrays_of_inputs,
    arrays_of_instances,
    outputs_of,
    parse_object,
    predictions_of,
    values_of_floats,
)
from serving.server.metrics import Metrics
from serving.server.model_service import model_status
from serving.server.models import Models
from serving.server.prediction_service import SIGNATURE_DEF, model_metadata
from serving.server.status import invalid_argument

_CHOICE = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(
    rf"/v1/models/(?P<name>[^/:]+){_CHOICE}:(?P<method>classify|regress|predict)",
    re.IGNORECASE | re.ASCII,
)
_GET = re.compile(
    rf"/v1/models(?:/(?P<name>[^/:]+))?{_CHOICE}(?:/(?P<metadata>metadata))?",
    re.IGNORECASE | re.ASCII,
)
_LARGEST_VERSION = 2**63 - 1
# protobuf has renamed it, and knows one of the two.
_EVERY_FIELD: dict[str, Any] = {
    "always_print_fields_with_no_presence"
    if "always_print_fields_with_no_presence"
    in inspect.signature(json_format.MessageToDict).parameters
    else "including_default_value_fields": True
}


class RestApi:
    """Answers paths and bodies; knows nothing of HTTP beyond that."""

    def __init__(
        self, models: Models, engine: Engine, metrics: Metrics, timeout_s: float
    ) -> None:
        """Takes what is served, and how long a request may run."""
        self._models = models
        self._engine = engine
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._verbs = {
            "predict": ("Predict", self._predict),
            "classify": ("Classify", self._classify),
            "regress": ("Regress", self._regress),
        }

    def answer(self, method: str, path: str, body: bytes) -> str:
        """Returns the JSON that answers a request.

        Args:
            method: GET or POST.
            path: as it was requested, with percents.
            body: of the request.

        Raises:
            ServingError: The request cannot be answered.
        """
        patterns = {"GET": _GET, "POST": _POST}
        match = patterns[method].fullmatch(path) if method in patterns else None
        if match is None:
            raise invalid_argument(f"Malformed request: {method} {path}")
        spec = _spec(match)
        if method == "GET":
            api = "GetModelMetadata" if match["metadata"] else "GetModelStatus"
            with self._metrics.request(api, "REST", spec.name):
                return self._tell(spec, api)
        api, work = self._verbs[match["method"].lower()]
        with self._metrics.request(api, "REST", spec.name):
            answer = work(spec, parse_object(body))
        return json.dumps(answer)

    def _tell(self, spec: ModelSpec, api: str) -> str:
        """Returns the signatures of a model, or the states of its versions."""
        if not spec.name:
            raise invalid_argument("Missing model name in request.")
        if api == "GetModelStatus":
            response = model_status(
                self._models, GetModelStatusRequest(model_spec=spec)
            )
            return json.dumps(_as_json(response), indent=1)
        request = GetModelMetadataRequest(
            model_spec=spec, metadata_field=[SIGNATURE_DEF]
        )
        response = model_metadata(self._models, request)
        signatures = SignatureDefMap()
        response.metadata[SIGNATURE_DEF].Unpack(signatures)
        return json.dumps(
            {
                "model_spec": _as_json(response.model_spec),
                "metadata": {SIGNATURE_DEF: _as_json(signatures)},
            },
            indent=1,
        )

    def _predict(self, spec: ModelSpec, document: dict[str, Any]) -> Any:
        """Runs a signature on instances or inputs."""
        name = _signature_name(document) or SERVING_DEFAULT
        with self._models.borrow(spec) as servable:
            if name not in servable.signatures:
                raise invalid_argument(
                    f'Serving signature name: "{name}" not found in signature def'
                )
            signature = servable.signatures[name]
            if ("instances" in document) == ("inputs" in document):
                raise invalid_argument(
                    "Missing 'inputs' or 'instances' key"
                    if "inputs" not in document
                    else "Not formatted correctly expecting only one of 'inputs' or "
                    "'instances' keys to exist"
                )
            is_row_format = "instances" in document
            if is_row_format:
                inputs = arrays_of_instances(document["instances"], signature.inputs)
            else:
                inputs = arrays_of_inputs(document["inputs"], signature.inputs)
            values = self._engine.run(
                servable,
                name,
                inputs,
                sorted(signature.outputs),
                api="Predict",
                timeout_s=self._timeout_s,
            )
        if is_row_format:
            return {"predictions": predictions_of(values)}
        return {"outputs": outputs_of(values)}

    def _classify(self, spec: ModelSpec, document: dict[str, Any]) -> Any:
        """Classifies examples."""
        request = ClassificationRequest(model_spec=spec)
        request.model_spec.signature_name = _signature_name(document)
        fill_examples(request.input, document)
        with self._models.borrow(spec) as servable:
            response = classify(self._engine, servable, request, self._timeout_s)
        return {
            "results": [
                [
                    [entry.label, score]
                    for entry, score in zip(
                        row.classes, values_of_floats(c.score for c in row.classes)
                    )
                ]
                for row in response.result.classifications
            ]
        }

    def _regress(self, spec: ModelSpec, document: dict[str, Any]) -> Any:
        """Computes a value for each example."""
        request = RegressionRequest(model_spec=spec)
        request.model_spec.signature_name = _signature_name(document)
        fill_examples(request.input, document)
        with self._models.borrow(spec) as servable:
            response = regress(self._engine, servable, request, self._timeout_s)
        values = (regression.value for regression in response.result.regressions)
        return {"results": values_of_floats(values)}


def _spec(match: re.Match) -> ModelSpec:
    """Returns the model that a path means."""
    spec = ModelSpec(name=urllib.parse.unquote(match["name"] or ""))
    if match["version"]:
        version = int(match["version"][:20])
        if version > _LARGEST_VERSION:
            raise invalid_argument(
                f"Failed to convert version: {match['version']} to numeric."
            )
        spec.version.value = version
    if match["label"]:
        spec.version_label = urllib.parse.unquote(match["label"])
    return spec


def _signature_name(document: dict[str, Any]) -> str:
    """Returns the signature that a body names, if any."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid_argument(
            "JSON Value: not formatted correctly. 'signature_name' key must be a "
            "string value."
        )
    return name


def _as_json(message: Message) -> dict[str, Any]:
    """Writes a message with every field, in the names of its .proto file."""
    return json_format.MessageToDict(
        message,
        preserving_proto_field_name=True,
        **_EVERY_FIELD,
    )
