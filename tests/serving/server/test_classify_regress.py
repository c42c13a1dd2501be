import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from serving.server.server import Server

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def example(*x):
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=x))
    return tf.train.Example(
        features=tf.train.Features(feature={"x": feature} if x else {})
    )


@pytest.fixture(scope="module")
def server(tf1_model):
    with Server.on_free_ports(
        model_base_path=str(tf1_model), model_name="old"
    ) as server:
        yield server


@pytest.fixture
def prediction(server, connect):
    return connect(server.address)[0]


def request_of(kind, signature, *examples):
    request = kind()
    request.model_spec.name = "old"
    request.model_spec.signature_name = signature
    request.input.example_list.examples.extend(examples)
    return request


def tasks_of(*tasks):
    request = MultiInferenceRequest()
    for name, signature, method in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name = name
        task.model_spec.signature_name = signature
    request.input.example_list.examples.append(example(1, 1))
    return request


def test_classify_pairs_classes_with_scores(prediction):
    request = request_of(
        ClassificationRequest, "classify", example(1, 0), example(0, 1)
    )
    response = prediction.Classify(request, timeout=10)
    found = [
        [(c.label, c.score) for c in row.classes]
        for row in response.result.classifications
    ]
    assert found == [[("low", 1), ("high", 3)], [("low", 2), ("high", 4)]]
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "classify"


def test_regress_gives_a_value_to_each_example(prediction):
    request = request_of(RegressionRequest, "regress", example(1, 1), example(2, 0))
    response = prediction.Regress(request, timeout=10)
    assert [r.value for r in response.result.regressions] == [1 + 2, 2 * 1]


def test_the_context_is_part_of_each_example(prediction):
    request = RegressionRequest()
    request.model_spec.name = "old"
    request.model_spec.signature_name = "regress"
    request.input.example_list_with_context.context.CopyFrom(example(1, 1))
    request.input.example_list_with_context.examples.extend([example(), example()])
    response = prediction.Regress(request, timeout=10)
    assert [r.value for r in response.result.regressions] == [3, 3]


def test_several_signatures_answer_the_same_examples(prediction):
    request = tasks_of(("old", "regress", REGRESS), ("old", "classify", CLASSIFY))
    regression, classification = prediction.MultiInference(request, timeout=10).results
    assert regression.regression_result.regressions[0].value == 1 + 2
    classes = classification.classification_result.classifications[0].classes
    assert [c.score for c in classes] == [1 + 2, 3 + 4]
    assert classification.model_spec.signature_name == "classify"


@pytest.mark.parametrize(
    ("kind", "method", "signature", "examples", "message"),
    [
        (ClassificationRequest, "Classify", "regress", 1, "Expected classification"),
        (RegressionRequest, "Regress", "", 1, "Expected regression .* Was: .*predict"),
        (RegressionRequest, "Regress", "z", 1, "No signature was found .* name: z"),
        (RegressionRequest, "Regress", "regress", 0, "Input is empty"),
    ],
)
def test_refusals(prediction, kind, method, signature, examples, message):
    request = request_of(kind, signature, *[example(1, 1)] * examples)
    with pytest.raises(grpc.RpcError, match=message) as caught:
        getattr(prediction, method)(request, timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("tasks", "code", "message"),
    [
        ([], "INVALID_ARGUMENT", "Inference request is empty"),
        ([("", "regress", REGRESS)], "INVALID_ARGUMENT", "empty model name"),
        (
            [("old", "regress", REGRESS), ("new", "classify", CLASSIFY)],
            "INVALID_ARGUMENT",
            "must access the same model name",
        ),
        (
            [("old", "regress", REGRESS)] * 2,
            "INVALID_ARGUMENT",
            "Duplicate evaluation of signature: regress",
        ),
        ([("old", "z", REGRESS)], "INVALID_ARGUMENT", "not found in model graph: z"),
        (
            [("old", "regress", "other")],
            "UNIMPLEMENTED",
            "Unsupported signature method_name: other",
        ),
    ],
)
def test_tasks_that_do_not_go_together(prediction, tasks, code, message):
    with pytest.raises(grpc.RpcError, match=message) as caught:
        prediction.MultiInference(tasks_of(*tasks), timeout=10)
    assert caught.value.code() == grpc.StatusCode[code]
