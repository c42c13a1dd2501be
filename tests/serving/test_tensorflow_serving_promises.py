"""The embedded server keeps what TensorFlow Serving promises."""

import http.client
import json
import re

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis.classification_pb2 import (
    ClassificationRequest,
    ClassificationResponse,
)
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
)
from tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
)
from tensorflow_serving.apis.inference_pb2 import (
    MultiInferenceRequest,
    MultiInferenceResponse,
)
from tensorflow_serving.apis.model_management_pb2 import (
    ReloadConfigRequest,
    ReloadConfigResponse,
)
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.regression_pb2 import RegressionRequest, RegressionResponse
from tensorflow_serving_promises import RPCS
from tensorflow_serving_rest_promises import RESTS

from serving.server import ANY_FREE_PORT, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory, half_plus_two, halves_base, tf1_model, tf2_examples):
    file = tmp_path_factory.mktemp("config") / "models.config"
    bases = {"half": half_plus_two, "tf1": tf1_model, "tf2": tf2_examples}
    entries = [
        f'config {{ name: "{name}" base_path: "{base}" model_platform: "tensorflow" }}'
        for name, base in bases.items()
    ]
    entries.append(
        f'config {{ name: "halves" base_path: "{halves_base}" '
        'model_platform: "tensorflow" version_labels { key: "best" value: 1 } }'
    )
    file.write_text(f"model_config_list {{ {' '.join(entries)} }}")
    with Server.on_free_ports(
        model_config_file=str(file),
        allow_version_labels_for_unavailable_models=True,
        rest_api_port=ANY_FREE_PORT,
    ) as server:
        yield server


METHODS = {
    "Predict": (PredictRequest, PredictResponse),
    "Classify": (ClassificationRequest, ClassificationResponse),
    "Regress": (RegressionRequest, RegressionResponse),
    "MultiInference": (MultiInferenceRequest, MultiInferenceResponse),
    "GetModelMetadata": (GetModelMetadataRequest, GetModelMetadataResponse),
    "GetModelStatus": (GetModelStatusRequest, GetModelStatusResponse),
    "HandleReloadConfigRequest": (ReloadConfigRequest, ReloadConfigResponse),
}


@pytest.mark.parametrize("row", RPCS, ids=lambda row: f"{row.method}-{row.code}")
def test_grpc(server, connect, row):
    stubs = connect(server.address)
    call = next(getattr(s, row.method) for s in stubs if hasattr(s, row.method))
    kind, answer_kind = METHODS[row.method]
    request = text_format.Parse(row.request, kind())
    if row.code == "OK":
        expected = text_format.Parse(row.answer, answer_kind())
        assert call(request, timeout=10) == expected
        return
    with pytest.raises(grpc.RpcError, match=re.escape(row.answer)) as caught:
        call(request, timeout=10)
    assert caught.value.code() == grpc.StatusCode[row.code]


@pytest.mark.parametrize("row", RESTS, ids=lambda row: f"{row.method}-{row.path[:40]}")
def test_rest(server, row):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=10)
    connection.request(row.method, row.path, row.body)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert response.headers["Content-Type"] == "application/json"
    assert (response.status, set(answer) == {"error"}) == (
        row.status,
        row.status != 200,
    ), answer
    if row.status == 200:
        assert answer == row.answer
    else:
        assert row.answer in answer["error"]
