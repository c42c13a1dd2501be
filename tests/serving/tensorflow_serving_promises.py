"""What TensorFlow Serving 2.15 promises, method by method: answers, codes, sentences.

Written from its documentation, its protocol buffers and what its servers are seen to
answer. Requests and answers over gRPC are in protobuf's text form.

The models: `half` is y = x / 2 + 2 of x [?, 1], version 123, by TensorFlow 1; `halves`
is the same of x [?] by TensorFlow 2, with the label `best`; `tf1` and `tf2` classify,
regress and predict from examples with two numbers, by either.
"""

from __future__ import annotations

import dataclasses

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
