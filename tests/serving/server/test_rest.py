import base64
import http.client
import json
import urllib.error
import urllib.request

import pytest

from serving.server import ANY_FREE_PORT, Server


@pytest.fixture(scope="module")
def config(tmp_path_factory, halves_base, tf1_model):
    directory = tmp_path_factory.mktemp("config")
    (directory / "models.config").write_text(
        f"""model_config_list {{
          config {{ name: "halves" base_path: "{halves_base}"
            model_platform: "tensorflow" version_labels {{ key: "best" value: 1 }} }}
          config {{ name: "old" base_path: "{tf1_model}" model_platform: "tensorflow" }}
        }}"""
    )
    (directory / "monitoring.config").write_text("prometheus_config { enable: true }")
    return directory


@pytest.fixture(scope="module")
def server(config):
    with Server.on_free_ports(
        model_config_file=str(config / "models.config"),
        monitoring_config_file=str(config / "monitoring.config"),
        allow_version_labels_for_unavailable_models=True,
        rest_api_port=ANY_FREE_PORT,
        rest_api_enable_cors_support=True,
        max_message_bytes=1 << 16,
    ) as server:
        yield server


@pytest.fixture(scope="module")
def call(server):
    def call(path, document=None, body=None):
        if document is not None:
            body = json.dumps(document).encode()
        url = f"http://127.0.0.1:{server.rest_port}{path}"
        request = urllib.request.Request(url, data=body)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())["error"]

    return call


def json_of(answer):
    status, text = answer
    assert status == 200, text
    return json.loads(text)


PREDICT = "/v1/models/halves:predict"


@pytest.mark.parametrize("place", ["", "/versions/1", "/labels/best"])
def test_rows_in_rows_out(call, place):
    path = f"/v1/models/halves{place}:predict"
    answer = json_of(call(path, {"instances": [1.0, 3]}))
    assert answer == {
        "predictions": [{"y": 2.5, "twice": 5.0}, {"y": 3.5, "twice": 7.0}]
    }


def test_columns_in_columns_out(call):
    answer = json_of(call(PREDICT, {"inputs": {"x": [1.0, 3.0]}}))
    assert answer == {"outputs": {"y": [2.5, 3.5], "twice": [5.0, 7.0]}}
    assert json_of(call(PREDICT, {"inputs": [1.0]}))["outputs"]["y"] == [2.5]


def test_one_output_needs_no_name(call):
    document = {"signature_name": "pick", "instances": [1, 0]}
    assert json_of(call(PREDICT, document)) == {"predictions": [20.0, 10.0]}


def test_numbers_have_the_digits_of_their_type(call):
    answer = json_of(call(PREDICT, {"instances": [0.2, float("inf")]}))
    assert answer["predictions"][0]["y"] == 2.1
    assert answer["predictions"][1]["y"] == float("inf")


def test_bytes_travel_as_base64(call):
    data = bytes(range(256))
    row = {
        "image_bytes": {"b64": base64.b64encode(data).decode()},
        "user_id": "anna",
    }
    document = {"signature_name": "measure", "instances": [row]}
    (answer,) = json_of(call(PREDICT, document))["predictions"]
    assert answer["length"] == 256
    assert answer["known_user"] is True
    assert base64.b64decode(answer["echo_bytes"]["b64"]) == data


def test_examples_are_classified_and_regressed(call):
    body = {
        "signature_name": "classify",
        "examples": [{"x": [1.0, 0.0]}, {"x": [0.0, 1.0]}],
    }
    answer = json_of(call("/v1/models/old:classify", body))
    assert answer == {"results": [[["low", 1], ["high", 3]], [["low", 2], ["high", 4]]]}
    body = {"signature_name": "regress", "context": {"x": [1.0, 1.0]}, "examples": [{}]}
    assert json_of(call("/v1/models/old:regress", body)) == {"results": [3]}


def test_status_and_metadata(call):
    assert json_of(call("/v1/models/halves")) == {
        "model_version_status": [
            {
                "version": "1",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }
    metadata = json_of(call("/v1/models/halves/versions/1/metadata"))
    assert metadata["model_spec"] == {
        "name": "halves",
        "signature_name": "",
        "version": "1",
    }
    signatures = metadata["metadata"]["signature_def"]["signature_def"]
    assert signatures["serving_default"]["inputs"]["x"]["dtype"] == "DT_FLOAT"


def test_a_body_that_is_too_large_is_not_read(server, call):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=10)
    connection.putrequest("POST", PREDICT)
    connection.putheader("Content-Length", str(1 << 40))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 400
    assert response.headers["Connection"] == "close"
    assert json.loads(response.read())["error"] == (
        f"A body must have at most {1 << 16} bytes. Got {1 << 40}. Send less at once."
    )
    connection.close()
    assert call("/v1/models/halves")[0] == 200


def test_other_methods_are_refused(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=10)
    connection.request("DELETE", "/v1/models/halves")
    response = connection.getresponse()
    assert response.status == 400
    assert json.loads(response.read())["error"] == (
        "Malformed request: DELETE /v1/models/halves"
    )
    connection.request("OPTIONS", PREDICT)
    assert connection.getresponse().headers["Access-Control-Allow-Origin"] == "*"
    connection.close()


def test_metrics_count_requests_of_models_that_are_served(server, call):
    json_of(call(PREDICT, {"instances": [1.0]}))
    call("/v1/models/invented-by-a-client:predict", body=b"{}")
    status, page = call("/monitoring/prometheus/metrics")
    assert status == 200
    lines = dict(line.rsplit(" ", 1) for line in page.splitlines() if line[0] != "#")
    count = ':tensorflow:serving:request_count{model_name="halves",status="OK"}'
    assert float(lines[count]) >= 1
    latency = (
        ':tensorflow:serving:request_latency_count{API="Predict",'
        'entrypoint="REST",model_name="halves"}'
    )
    assert float(lines[latency]) >= 1
    assert "invented" not in page
