"""What TensorFlow Serving 2.15 promises, method by method: answers, codes, sentences.

Written from its documentation, its protocol buffers and what its servers are seen to
answer. Requests and answers over gRPC are in protobuf's text form.

The models: `half` is y = x / 2 + 2 of x [?, 1], version 123, by TensorFlow 1; `halves`
is the same of x [?] by TensorFlow 2, with the label `best`; `tf1` and `tf2` classify,
regress and predict from examples with two numbers, by either.
"""

from __future__ import annotations

import dataclasses
from typing import Any

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


@dataclasses.dataclass(frozen=True)
class Rpc:
    """A promise over gRPC.

    Attributes:
        method: of PredictionService or ModelService.
        request: in text form.
        answer: in text form, where the code is OK; otherwise a part of the sentence.
        code: of gRPC.
    """

    method: str
    request: str
    answer: str
    code: str = "OK"


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


def of(name: str, signature: str = "", version: int = 0, label: str = "") -> str:
    """Writes a model_spec."""
    text = f'name: "{name}" signature_name: "{signature}" '
    text += f"version {{ value: {version} }} " if version else ""
    return f"model_spec {{ {text} {f'version_label: {label!r}' if label else ''} }} "


def tensor(key: str, *values: float, shape: tuple[int, ...], field="inputs") -> str:
    """Writes a tensor of floats."""
    dims = " ".join(f"dim {{ size: {size} }}" for size in shape)
    numbers = " ".join(f"float_val: {value}" for value in values)
    value = f"dtype: DT_FLOAT tensor_shape {{ {dims} }} {numbers}"
    return f'{field} {{ key: "{key}" value {{ {value} }} }} '


def output(key: str, *values: float, shape: tuple[int, ...]) -> str:
    """Writes a tensor of an answer."""
    return tensor(key, *values, shape=shape, field="outputs")


def example(*x: float) -> str:
    """Writes an example."""
    values = " ".join(f"value: {value}" for value in x)
    feature = f'feature {{ key: "x" value {{ float_list {{ {values} }} }} }}'
    return f"features {{ {feature} }}"


def examples(*rows: tuple[float, ...]) -> str:
    """Writes the input of Classify and Regress."""
    listed = " ".join(f"examples {{ {example(*row)} }}" for row in rows)
    return f"input {{ example_list {{ {listed} }} }} "


def task(name: str, signature: str, method: str) -> str:
    """Writes a task of MultiInference."""
    return f'tasks {{ method_name: "{method}" {of(name, signature)} }} '


def classes(**scores: float) -> str:
    """Writes the answer to one example."""
    each = (f'classes {{ label: "{k}" score: {v} }}' for k, v in scores.items())
    return f"classifications {{ {' '.join(each)} }} "


ONE = tensor("x", 2.0, shape=(1,))
INT = (
    'inputs { key: "x" value { dtype: DT_INT32 int_val: 1 '
    "tensor_shape { dim { size: 1 } } } }"
)
INVALID, NOT_FOUND = "INVALID_ARGUMENT", "NOT_FOUND"

PREDICT = [
    # The default signature, the version that answers, typed fields.
    Rpc(
        "Predict",
        of("half") + tensor("x", 2.0, 3.0, 4.0, shape=(3, 1)),
        of("half", "serving_default", 123) + output("y", 3.0, 3.5, 4.0, shape=(3, 1)),
    ),
    # Any shape that the graph can compute with.
    Rpc(
        "Predict",
        of("half") + tensor("x", 2.0, 3.0, 4.0, shape=(3,)),
        of("half", "serving_default", 123) + output("y", 3.0, 3.5, 4.0, shape=(3,)),
    ),
    Rpc(
        "Predict",
        of("tf1") + tensor("x", 1.0, 1.0, 1.0, shape=(1, 3)),
        "Matrix size-incompatible",
        INVALID,
    ),
    # One value stands for all of a shape.
    Rpc(
        "Predict",
        of("half") + tensor("x", 2.0, shape=(2, 1)),
        of("half", "serving_default", 123) + output("y", 3.0, 3.0, shape=(2, 1)),
    ),
    # Only the outputs that are asked for; by version or label.
    Rpc(
        "Predict",
        of("halves", version=1) + ONE + 'output_filter: "twice"',
        of("halves", "serving_default", 1) + output("twice", 6.0, shape=(1,)),
    ),
    Rpc(
        "Predict",
        of("halves", label="best") + ONE + 'output_filter: "y"',
        of("halves", "serving_default", 1) + output("y", 3.0, shape=(1,)),
    ),
    Rpc("Predict", "", "Missing ModelSpec", INVALID),
    Rpc("Predict", "model_spec { }", "ModelSpec has no name specified.", INVALID),
    Rpc(
        "Predict",
        of("other"),
        "Servable not found for request: Latest(other)",
        NOT_FOUND,
    ),
    Rpc(
        "Predict",
        of("halves", version=3),
        "Servable not found for request: Specific(halves, 3)",
        NOT_FOUND,
    ),
    Rpc(
        "Predict",
        of("halves", label="worst"),
        "Unrecognized servable version label: worst",
        INVALID,
    ),
    Rpc(
        "Predict",
        of("halves", "z"),
        'Serving signature key "z" not found.',
        "FAILED_PRECONDITION",
    ),
    Rpc(
        "Predict",
        of("halves"),
        "input size does not match signature: 0!=1 len({}) != len({x}). "
        "Sent extra: {}. Missing but required: {x}.",
        INVALID,
    ),
    Rpc(
        "Predict",
        of("halves") + tensor("z", 1.0, shape=(1,)),
        "not found in request and no default value provided. Inputs expected to be in "
        "the request {z}, or default input alias set: ",
        INVALID,
    ),
    Rpc(
        "Predict",
        of("halves") + tensor("x", 1.0, shape=(3_000_000,)),
        "tensor parsing error: x",
        INVALID,
    ),
    Rpc(
        "Predict",
        of("halves") + INT,
        "Expects arg[0] to be float but int32 is provided",
        INVALID,
    ),
    Rpc(
        "Predict",
        of("halves") + ONE + 'output_filter: "z"',
        "output tensor alias not found in signature: z Outputs expected to be in the "
        "set {twice,y}.",
        INVALID,
    ),
    Rpc(
        "Predict",
        of("halves") + ONE + 'output_filter: ["y", "y"]',
        "duplicate output tensor alias: y",
        INVALID,
    ),
]

EXAMPLES = [
    row
    for name in ("tf1", "tf2")
    for row in (
        Rpc(
            "Classify",
            of(name, "classify") + examples((1, 0), (0, 1)),
            of(name, "classify", 1)
            + f"result {{ {classes(low=1, high=3)} {classes(low=2, high=4)} }}",
        ),
        Rpc(
            "Regress",
            of(name, "regress") + examples((1, 1), (2, 0)),
            of(name, "regress", 1)
            + "result { regressions { value: 3 } regressions { value: 2 } }",
        ),
        Rpc(
            "Regress",
            of(name, "regress")
            + "input { example_list_with_context { examples { } examples { } "
            f"context {{ {example(1, 1)} }} }} }}",
            of(name, "regress", 1)
            + "result { regressions { value: 3 } regressions { value: 3 } }",
        ),
        Rpc(
            "MultiInference",
            task(name, "regress", REGRESS)
            + task(name, "classify", CLASSIFY)
            + examples((1, 1)),
            f"results {{ {of(name, 'regress', 1)} "
            "regression_result { regressions { value: 3 } } } "
            f"results {{ {of(name, 'classify', 1)} "
            f"classification_result {{ {classes(low=3, high=7)} }} }}",
        ),
        Rpc("Classify", "", "Missing ModelSpec", INVALID),
        Rpc(
            "Classify",
            of(name, "regress") + examples((1, 1)),
            "Expected classification signature outputs to contain at least one of "
            '"classes" or "scores".',
            "FAILED_PRECONDITION",
        ),
        Rpc(
            "Regress",
            of(name, "classify") + examples((1, 1)),
            "Expected one output Tensor.",
            INVALID,
        ),
        Rpc(
            "Regress",
            of(name, "z") + examples((1, 1)),
            "No signature was found with the name: z",
            INVALID,
        ),
        Rpc("Regress", of(name, "regress"), "Input is empty.", INVALID),
        Rpc("Regress", of("other"), "Latest(other)", NOT_FOUND),
        Rpc("MultiInference", "", "Inference request is empty.", INVALID),
        Rpc(
            "MultiInference",
            task("", "regress", REGRESS) + examples((1, 1)),
            "Found ModelSpec with an empty model name.",
            INVALID,
        ),
        Rpc(
            "MultiInference",
            task(name, "regress", REGRESS)
            + task("half", "classify", CLASSIFY)
            + examples((1, 1)),
            "All ModelSpecs in a MultiInferenceRequest must access the same model name",
            INVALID,
        ),
        Rpc(
            "MultiInference",
            task(name, "regress", REGRESS) * 2 + examples((1, 1)),
            "Duplicate evaluation of signature: regress",
            INVALID,
        ),
        Rpc(
            "MultiInference",
            task(name, "z", REGRESS) + examples((1, 1)),
            "Requested signature not found in model graph: z",
            INVALID,
        ),
        Rpc(
            "MultiInference",
            task(name, "regress", "other") + examples((1, 1)),
            "Unsupported signature method_name: other",
            "UNIMPLEMENTED",
        ),
    )
]

MODELS = [
    Rpc("GetModelMetadata", "", "Missing ModelSpec", INVALID),
    Rpc(
        "GetModelMetadata",
        of("halves"),
        "GetModelMetadataRequest must specify at least one metadata_field",
        INVALID,
    ),
    Rpc(
        "GetModelMetadata",
        of("halves") + 'metadata_field: "weights"',
        "Metadata field weights is not supported",
        INVALID,
    ),
    Rpc(
        "GetModelMetadata",
        of("other") + 'metadata_field: "signature_def"',
        "Servable not found for request: Latest(other)",
        NOT_FOUND,
    ),
    Rpc(
        "GetModelStatus",
        of("half"),
        "model_version_status { version: 123 state: AVAILABLE status { } }",
    ),
    Rpc("GetModelStatus", "", "Missing ModelSpec", INVALID),
    Rpc(
        "GetModelStatus",
        of("other"),
        "Could not find any versions of model other",
        NOT_FOUND,
    ),
    Rpc(
        "GetModelStatus",
        of("halves", version=7),
        "Could not find version 7 of model halves",
        NOT_FOUND,
    ),
    Rpc(
        "HandleReloadConfigRequest",
        "",
        "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
        "ModelConfigList is currently supported",
        INVALID,
    ),
]

RPCS = [*PREDICT, *EXAMPLES, *MODELS]

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
