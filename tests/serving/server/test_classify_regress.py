import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from piaa_tf.c_api.session import SavedModelSession
from serving.server.server import Server

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def example(*x):
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=x))
    return tf.train.Example(
        features=tf.train.Features(feature={"x": feature} if x else {})
    )


def serve(base):
    return Server.on_free_ports(model_base_path=str(base), model_name="old")


@pytest.fixture(scope="module")
def server(tf1_model):
    with serve(tf1_model) as server:
        yield server


@pytest.fixture(scope="module")
def tf2_server(tf2_examples):
    with serve(tf2_examples) as server:
        yield server


@pytest.fixture(params=["TensorFlow 1", "TensorFlow 2"])
def either(request, server, tf2_server, connect):
    """A stub to a model of each, which answer alike."""
    is_old = request.param == "TensorFlow 1"
    return connect((server if is_old else tf2_server).address)[0]


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


def test_classify_pairs_classes_with_scores(either):
    request = request_of(
        ClassificationRequest, "classify", example(1, 0), example(0, 1)
    )
    response = either.Classify(request, timeout=10)
    found = [
        [(c.label, c.score) for c in row.classes]
        for row in response.result.classifications
    ]
    assert found == [[("low", 1), ("high", 3)], [("low", 2), ("high", 4)]]
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "classify"


def test_regress_gives_a_value_to_each_example(either):
    request = request_of(RegressionRequest, "regress", example(1, 1), example(2, 0))
    response = either.Regress(request, timeout=10)
    assert [r.value for r in response.result.regressions] == [1 + 2, 2 * 1]


def test_the_context_is_part_of_each_example(either):
    request = RegressionRequest()
    request.model_spec.name = "old"
    request.model_spec.signature_name = "regress"
    request.input.example_list_with_context.context.CopyFrom(example(1, 1))
    request.input.example_list_with_context.examples.extend([example(), example()])
    response = either.Regress(request, timeout=10)
    assert [r.value for r in response.result.regressions] == [3, 3]


def test_several_signatures_answer_the_same_examples(either):
    request = tasks_of(("old", "regress", REGRESS), ("old", "classify", CLASSIFY))
    regression, classification = either.MultiInference(request, timeout=10).results
    assert regression.regression_result.regressions[0].value == 1 + 2
    classes = classification.classification_result.classifications[0].classes
    assert [c.score for c in classes] == [1 + 2, 3 + 4]
    assert classification.model_spec.signature_name == "classify"


OTHERS = [
    (ClassificationRequest, "Classify", "regress", "Expected classification"),
    (RegressionRequest, "Regress", "", "Expected regression .* Was: .*predict"),
]


@pytest.mark.parametrize(("kind", "method", "signature", "message"), OTHERS)
def test_what_a_signature_was_made_for_counts_under_the_flag(
    tf1_model, connect, kind, method, signature, message
):
    with Server.on_free_ports(
        model_base_path=str(tf1_model),
        model_name="old",
        enable_signature_method_name_check=True,
    ) as server:
        prediction, _ = connect(server.address)
        with pytest.raises(grpc.RpcError, match=message) as caught:
            getattr(prediction, method)(
                request_of(kind, signature, example(1, 1)), timeout=10
            )
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("kind", "method", "signature", "code", "message"),
    [
        (
            ClassificationRequest,
            "Classify",
            "regress",
            "FAILED_PRECONDITION",
            r'contain at least one of "classes" or "scores"\. Signature was: inputs',
        ),
        (
            RegressionRequest,
            "Regress",
            "",
            "FAILED_PRECONDITION",
            r"No regression inputs found in SignatureDef: inputs",
        ),
        (
            RegressionRequest,
            "Regress",
            "classify",
            "INVALID_ARGUMENT",
            r"Expected one output Tensor\.",
        ),
        (
            RegressionRequest,
            "Regress",
            "scores",
            "FAILED_PRECONDITION",
            r"No regression outputs found in SignatureDef: inputs",
        ),
        (
            ClassificationRequest,
            "Classify",
            "many",
            "INVALID_ARGUMENT",
            r"Expected one or two output Tensors, found 3",
        ),
        (
            ClassificationRequest,
            "Classify",
            "two",
            "INVALID_ARGUMENT",
            r"Expected one input Tensor\.",
        ),
    ],
)
def test_without_the_flag_inputs_and_outputs_decide(
    odd_server, connect, kind, method, signature, code, message
):
    prediction, _ = connect(odd_server.address)
    with pytest.raises(grpc.RpcError, match=message) as caught:
        getattr(prediction, method)(
            request_of(kind, signature, example(1, 1)), timeout=10
        )
    assert caught.value.code() == grpc.StatusCode[code]


@pytest.fixture(scope="module")
def odd_server(tmp_path_factory):
    """Serves signatures that neither classify nor regress, each for another reason."""
    base = tmp_path_factory.mktemp("odd")
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        text = v1.placeholder(tf.string, [None], name="text")
        value = v1.strings.to_number(text)
        make = v1.saved_model.signature_def_utils.predict_signature_def
        builder = v1.saved_model.Builder(str(base / "1"))
        several = {"scores": value, "classes": text, "outputs": value}
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map={
                "serving_default": make({"x": text}, {"outputs": value}),
                "regress": make({"inputs": text}, {"outputs": value}),
                "classify": make({"inputs": text}, {"scores": value, "classes": text}),
                "scores": make({"inputs": text}, {"scores": value}),
                "many": make({"inputs": text}, several),
                "two": make({"inputs": text, "x": text}, {"scores": value}),
            },
        )
        builder.save()
    with serve(base) as server:
        yield server


def test_several_signatures_run_at_once(server, either, monkeypatch):
    request = tasks_of(("old", "regress", REGRESS), ("old", "classify", CLASSIFY))
    runs = []
    run = SavedModelSession.run

    def counted(session, feeds, fetches, timeout_ms=None):
        runs.append((len(feeds), len(fetches)))
        return run(session, feeds, fetches, timeout_ms)

    monkeypatch.setattr(SavedModelSession, "run", counted)
    either.MultiInference(request, timeout=10)
    ((num_feeds, num_fetches),) = runs
    # The graphs of TensorFlow 2 have a placeholder for each signature.
    assert (num_feeds, num_fetches) in [(1, 3), (2, 3)]
