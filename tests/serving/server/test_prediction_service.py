import contextlib
import shutil

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    SignatureDefMap,
)
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from serving.server.server import Server


@contextlib.contextmanager
def refused(code, match):
    with pytest.raises(grpc.RpcError, match=match) as caught:
        yield
    assert caught.value.code() == code


@pytest.fixture
def prediction(halves_server, connect):
    return connect(halves_server.address)[0]


def test_predict_fills_the_typed_fields(prediction, ask):
    response = prediction.Predict(ask("halves", x=[1.0, 3.0]), timeout=10)
    assert list(response.outputs["y"].float_val) == [1 / 2 + 2, 3 / 2 + 2]
    assert response.outputs["y"].dtype == tf.float32.as_datatype_enum
    assert [dim.size for dim in response.outputs["y"].tensor_shape.dim] == [2]
    assert response.model_spec.name == "halves"
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "serving_default"


def test_only_outputs_of_the_filter_are_answered(prediction, ask):
    request = ask("halves", x=[1.0])
    request.output_filter.append("twice")
    response = prediction.Predict(request, timeout=10)
    assert {k: list(v.float_val) for k, v in response.outputs.items()} == {
        "twice": [2 * (1 / 2 + 2)]
    }


def test_strings_with_zeros_and_the_table_of_an_asset(prediction, ask):
    values = [b"ab\x00", b"\x00\x00", b""]
    request = ask(
        "halves", "measure", image_bytes=values, user_id=["anna", "nobody", ""]
    )
    outputs = prediction.Predict(request, timeout=10).outputs
    assert list(outputs["length"].int_val) == [3, 2, 0]
    assert list(outputs["known_user"].bool_val) == [True, False, False]
    assert list(outputs["echo_bytes"].string_val) == values


def test_an_input_that_is_missing_is_named_with_its_feed(prediction, ask):
    match = r"Signature input alias: x\(feed name: .*\) not found in request"
    with refused(grpc.StatusCode.INVALID_ARGUMENT, match):
        prediction.Predict(ask("halves", z=[1.0]), timeout=10)


def test_an_error_of_the_graph_keeps_its_code(prediction, ask):
    with refused(grpc.StatusCode.INVALID_ARGUMENT, r"indices\[1\] = 2 is not in"):
        prediction.Predict(ask("halves", "pick", index=[1, 2]), timeout=10)
    response = prediction.Predict(ask("halves", "pick", index=[1, 0]), timeout=10)
    assert list(response.outputs["picked"].float_val) == [20, 10]


def test_metadata_holds_the_signatures(prediction):
    request = GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "halves"
    response = prediction.GetModelMetadata(request, timeout=10)
    assert response.model_spec.version.value == 1
    signatures = SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["measure"]
    assert sorted(signature.inputs) == ["image_bytes", "user_id"]
    assert signature.method_name == "tensorflow/serving/predict"


def test_a_graph_of_tensorflow_1_serves(tf1_model, connect, ask):
    with Server.on_free_ports(
        model_base_path=str(tf1_model), model_name="old"
    ) as server:
        prediction, _ = connect(server.address)
        response = prediction.Predict(ask("old", x=[[1.0, 1.0]]), timeout=10)
        assert list(response.outputs["scores"].float_val) == [1 + 2, 3 + 4]
        request = ask("old", "lookup", name=["low", "other"])
        response = prediction.Predict(request, timeout=10)
        assert list(response.outputs["index"].int64_val) == [0, 1]


def test_a_scalar_is_a_shape_too(half_plus_two, connect, ask):
    with Server.on_free_ports(
        model_base_path=str(half_plus_two), model_name="half"
    ) as server:
        prediction, _ = connect(server.address)
        response = prediction.Predict(ask("half", x=2.0), timeout=10)
        assert list(response.outputs["y"].float_val) == [3]


def test_an_input_with_a_default_may_be_left_out(tmp_path, half_plus_two, connect, ask):
    base = tmp_path / "half"
    shutil.copytree(half_plus_two, base)
    file = base / "123" / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    signature = model.meta_graphs[0].signature_def["serving_default"]
    signature.defaults["x"].CopyFrom(tf.make_tensor_proto([[6.0]]))
    file.write_bytes(model.SerializeToString())
    with Server.on_free_ports(model_base_path=str(base), model_name="half") as server:
        prediction, _ = connect(server.address)
        outputs = [
            prediction.Predict(request, timeout=10).outputs["y"].float_val[:]
            for request in (ask("half"), ask("half", x=[[2.0]]))
        ]
        assert outputs == [[6 / 2 + 2], [2 / 2 + 2]]


def test_both_tensorflows_answer_as_loaded_in_python(
    tf1_model, tf2_examples, halves_base, connect
):
    examples = np.array(
        [
            tf.train.Example(
                features=tf.train.Features(
                    feature={
                        "x": tf.train.Feature(
                            float_list=tf.train.FloatList(value=values)
                        )
                    }
                )
            ).SerializeToString()
            for values in np.random.default_rng(0).normal(size=[7, 2])
        ],
        object,
    )
    numbers = np.random.default_rng(1).normal(size=[5, 2]).astype(np.float32)
    for base, inputs in (
        (tf1_model, {"serving_default": numbers, "classify": examples}),
        (tf1_model, {"regress": examples}),
        (tf2_examples, {"classify": examples, "regress": examples}),
        (halves_base, {"serving_default": numbers[:, 0], "pick": np.int32([1, 0])}),
    ):
        loaded = tf.saved_model.load(str(base / "1")).signatures
        with Server.on_free_ports(model_base_path=str(base), model_name="m") as server:
            prediction, _ = connect(server.address)
            for name, value in inputs.items():
                (alias,) = loaded[name].structured_input_signature[1]
                expected = loaded[name](**{alias: tf.constant(value)})
                request = PredictRequest()
                request.model_spec.name = "m"
                request.model_spec.signature_name = name
                request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
                outputs = prediction.Predict(request, timeout=10).outputs
                assert set(outputs) == set(expected)
                for output, tensor in expected.items():
                    found = tf.make_ndarray(outputs[output])
                    np.testing.assert_array_equal(found, tensor.numpy())
