"""What TensorFlow Serving promises over HTTP, request by request.

The models are those of `tensorflow_serving_promises`.
"""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Rest:
    """A promise over HTTP.

    Attributes:
        method: of HTTP.
        path: of the request.
        body: of the request.
        answer: the whole of it as JSON, where the status is 200; otherwise a part of
            the sentence under `error`.
        status: of HTTP.
    """

    method: str
    path: str
    body: bytes
    answer: Any
    status: int = 200


HALF = "/v1/models/half:predict"
HALVES = "/v1/models/halves:predict"
MEASURE = (
    b'{"signature_name": "measure", "instances": '
    b'[{"image_bytes": "", "user_id": "%s"}]}'
)
CLASSIFY_TWO = (
    b'{"signature_name": "classify", '
    b'"examples": [{"x": [1.0, 0.0]}, {"x": [0.0, 1.0]}]}'
)
REGRESS_ONE = (
    b'{"signature_name": "regress", "context": {"x": [1.0, 1.0]}, "examples": [{}]}'
)
STATUS = {
    "model_version_status": [
        {
            "version": "123",
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
    ]
}


def refused(path: str, body: bytes, sentence: str, status: int = 400) -> Rest:
    """A POST that is refused."""
    return Rest("POST", path, body, sentence, status)


RESTS = [
    # TensorFlow Serving's first example.
    Rest(
        "POST",
        HALF,
        b'{"instances": [2.0, 3.0, 4.0]}',
        {"predictions": [3.0, 3.5, 4.0]},
    ),
    Rest("POST", HALF, b'{"instances": [[2.0]]}', {"predictions": [[3.0]]}),
    Rest("POST", HALF, b'{"inputs": [[2.0]]}', {"outputs": [[3.0]]}),
    Rest(
        "POST", HALF.upper().replace("HALF", "half"), b'{"inputs": 2.0}', {"outputs": 3}
    ),
    Rest(
        "POST",
        "/v1/models/halves/labels/best:predict",
        b'{"instances": [{"x": 1.0}]}',
        {"predictions": [{"twice": 5.0, "y": 2.5}]},
    ),
    Rest(
        "POST",
        "/v1/models/halves/versions/1:predict",
        b'{"inputs": {"x": [1.0]}}',
        {"outputs": {"twice": [5.0], "y": [2.5]}},
    ),
    *(
        row
        for name in ("tf1", "tf2")
        for row in (
            Rest(
                "POST",
                f"/v1/models/{name}:classify",
                CLASSIFY_TWO,
                {"results": [[["low", 1], ["high", 3]], [["low", 2], ["high", 4]]]},
            ),
            Rest("POST", f"/v1/models/{name}:regress", REGRESS_ONE, {"results": [3.0]}),
        )
    ),
    Rest("GET", "/v1/models/half", b"", STATUS),
    Rest("GET", "/V1/Models/half/Versions/123", b"", STATUS),
    Rest("GET", "/v1/models/x", b"", "Could not find any versions of model x", 404),
    Rest("GET", "/v1/models", b"", "Missing model name in request.", 400),
    Rest("GET", "/etc/passwd", b"", "Not Found", 404),
    Rest("PUT", HALF, b"", f"Malformed request: PUT {HALF}", 400),
    Rest("DELETE", "/v1/models/half", b"", "Malformed request: DELETE", 400),
    Rest("PATCH", HALF, b"", "Malformed request: PATCH", 400),
    Rest("GET", HALF, b"", f"Malformed request: GET {HALF}", 400),
    refused("/v1/models/half", b"", "Malformed request: POST /v1/models/half"),
    refused("/v1/models/half:explode", b"{}", "Malformed request: POST"),
    refused("/v1/models/x:predict", b"{}", "not found for request: Latest(x)", 404),
    refused("/v1/models/half/versions/9:predict", b"{}", "Specific(half, 9)", 404),
    refused(f"/v1/models/half/versions/{2**63}:predict", b"{}", "to convert"),
    refused("/v1/models/half/labels/z:predict", b"{}", "version label: z"),
    refused("/v1/models/..%2f..%2fetc:predict", b"{}", "Latest(../../etc)", 404),
    refused(HALVES, b"", "JSON Parse error: The document is empty"),
    refused(HALVES, b"{", "JSON Parse error"),
    refused(HALVES, b"[" * 60000, "nested too deeply"),
    refused(HALVES, b"\xff", "JSON Parse error"),
    refused(HALVES, b"[1]", "Is not object"),
    refused(HALVES, b"{}", "Missing 'inputs' or 'instances' key"),
    refused(HALVES, b'{"instances": [1], "inputs": [1]}', "only one of"),
    refused(HALVES, b'{"instances": []}', "No values in 'instances' array"),
    refused(HALVES, b'{"instances": ["a"]}', "not of expected type: float"),
    refused(HALVES, b'{"instances": [true]}', "not of expected type: float"),
    refused(HALVES, b'{"instances": [1e300]}', "without loss of precision"),
    refused(HALVES, b'{"instances": [16777217]}', "without loss of precision"),
    refused(HALVES, b'{"instances": [[1], [1, 2]]}', "Expecting shape [1] but got"),
    refused(HALVES, b'{"instances": [{"z": 1}]}', "keys must be equal to: x"),
    refused(HALVES, b'{"inputs": {"z": 1}}', "Missing named input: x"),
    refused(HALVES, b'{"inputs": [[1, 2], [3]]}', "list at unexpected size: 1"),
    refused(HALVES, b'{"signature_name": 1}', "must be a string value"),
    refused(HALVES, b'{"signature_name": "z", "inputs": 1}', "not found in sig"),
    refused(HALVES, MEASURE % b"\\ud800", "The surrogate pair in string is invalid."),
    refused(HALVES, MEASURE % b"x\\udc00", "The surrogate pair in string is invalid."),
    refused(
        "/v1/models/tf1:classify",
        b"{}",
        "When method is classify, key 'examples' is expected and was not found",
    ),
    refused("/v1/models/tf1:regress", b'{"examples": []}', "is an empty array"),
]
