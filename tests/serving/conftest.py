"""Small SavedModels of TensorFlow 2 and 1, and a server that serves one of them."""

import shutil
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from serving.server.server import Server


class Halves(tf.Module):
    """y = x / 2 + offset, the lengths of strings, and a table of known names."""

    def __init__(self, offset, vocabulary):
        super().__init__()
        self.offset = tf.Variable(float(offset))
        self.vocabulary = tf.saved_model.Asset(str(vocabulary))
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                self.vocabulary,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            default_value=-1,
        )

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def halve(self, x):
        return {"y": x / 2 + self.offset, "twice": 2 * (x / 2 + self.offset)}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image_bytes"),
            tf.TensorSpec([None], tf.string, name="user_id"),
        ]
    )
    def measure(self, image_bytes, user_id):
        return {
            "length": tf.strings.length(image_bytes),
            "known_user": self.table.lookup(user_id) >= 0,
            "echo_bytes": image_bytes,
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="index")])
    def pick(self, index):
        return {"picked": tf.gather(tf.constant([10.0, 20.0]), index)}


@pytest.fixture(scope="session")
def halves(tmp_path_factory):
    """Exports y = x / 2 + offset once for each offset; returns its folder."""
    directory = tmp_path_factory.mktemp("halves")
    vocabulary = directory / "users.txt"
    vocabulary.write_text("anna\nbert\n")
    done = {}

    def export(offset):
        if offset not in done:
            module = Halves(offset, vocabulary)
            done[offset] = directory / str(offset)
            tf.saved_model.save(
                module,
                str(done[offset]),
                signatures={
                    "serving_default": module.halve,
                    "measure": module.measure,
                    "pick": module.pick,
                },
            )
        return done[offset]

    return export


@pytest.fixture(scope="session")
def publish(halves):
    """Puts y = x / 2 + offset into a base path under a number, by one rename."""

    def publish(base, version, offset):
        hidden = Path(base) / f".{version}"
        shutil.copytree(halves(offset), hidden)
        return hidden.rename(Path(base) / str(version))

    return publish


@pytest.fixture(scope="session")
def tf1_model(tmp_path_factory):
    """A graph of TensorFlow 1 that classifies, regresses and predicts examples."""
    directory = tmp_path_factory.mktemp("tf1") / "model" / "1"
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        examples = v1.placeholder(tf.string, [None], name="examples")
        features = v1.io.parse_example(
            examples, {"x": v1.io.FixedLenFeature([2], tf.float32)}
        )
        x = v1.identity(features["x"], name="x")
        weights = v1.get_variable("weights", initializer=[[1.0, 3.0], [2.0, 4.0]])
        scores = v1.matmul(x, weights)
        names = tf.constant(["low", "high"])
        classes = v1.tile(names[None], [v1.shape(x)[0], 1])
        table = v1.lookup.StaticVocabularyTable(
            v1.lookup.KeyValueTensorInitializer(["low"], [0], tf.string, tf.int64), 1
        )
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        make = v1.saved_model.signature_def_utils
        builder = v1.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map={
                "serving_default": make.predict_signature_def(
                    {"x": x}, {"scores": scores}
                ),
                "classify": make.classification_signature_def(
                    examples, classes, scores
                ),
                "regress": make.regression_signature_def(examples, scores[:, 0]),
                "lookup": make.predict_signature_def(
                    {"name": names}, {"index": table.lookup(names)}
                ),
            },
            main_op=v1.tables_initializer(),
        )
        builder.save()
    return directory.parent


class Examples(tf.Module):
    """Classifies and regresses examples as TensorFlow 2 exports: all for Predict."""

    def __init__(self):
        super().__init__()
        self.weights = tf.Variable([[1.0, 3.0], [2.0, 4.0]])

    def _scores(self, inputs):
        features = tf.io.parse_example(
            inputs, {"x": tf.io.FixedLenFeature([2], tf.float32)}
        )
        return features["x"] @ self.weights

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs):
        scores = self._scores(inputs)
        names = tf.constant([["low", "high"]])
        return {"classes": tf.repeat(names, tf.shape(scores)[0], 0), "scores": scores}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs):
        return {"outputs": self._scores(inputs)[:, 0]}


@pytest.fixture(scope="session")
def tf2_examples(tmp_path_factory):
    """A model of TensorFlow 2 that classifies and regresses examples."""
    base = tmp_path_factory.mktemp("tf2") / "model"
    module = Examples()
    tf.saved_model.save(
        module,
        str(base / "1"),
        signatures={
            "serving_default": module.regress,
            "classify": module.classify,
            "regress": module.regress,
        },
    )
    return base


@pytest.fixture(scope="session")
def half_plus_two(tmp_path_factory):
    """TensorFlow Serving's own first example: y = x / 2 + 2 of x [?, 1]."""
    base = tmp_path_factory.mktemp("half") / "plus_two"
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 1], name="x")
        y = v1.add(v1.multiply(v1.get_variable("a", initializer=0.5), x), 2.0)
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(base / "123"))
        signature = v1.saved_model.signature_def_utils.predict_signature_def(
            {"x": x}, {"y": y}
        )
        builder.add_meta_graph_and_variables(
            session, ["serve"], signature_def_map={"serving_default": signature}
        )
        builder.save()
    return base


@pytest.fixture
def connect():
    """Opens stubs of both services to a server's address."""
    channels = []

    def connect(address):
        channel = grpc.insecure_channel(address)
        channels.append(channel)
        return PredictionServiceStub(channel), ModelServiceStub(channel)

    yield connect
    for channel in channels:
        channel.close()


@pytest.fixture(scope="session")
def halves_base(tmp_path_factory, publish):
    """A base path with version 1 of y = x / 2 + 2."""
    base = tmp_path_factory.mktemp("models") / "halves"
    base.mkdir()
    publish(base, 1, 2)
    return base


@pytest.fixture(scope="session")
def halves_server(halves_base):
    """Serves y = x / 2 + 2 as `halves`, for tests that change nothing."""
    with Server.on_free_ports(
        model_base_path=str(halves_base), model_name="halves"
    ) as server:
        yield server


@pytest.fixture
def ask():
    """Makes a Predict request of arrays by name."""

    def ask(model, signature="", version=None, **inputs):
        request = PredictRequest()
        request.model_spec.name = model
        request.model_spec.signature_name = signature
        if version is not None:
            request.model_spec.version.value = version
        for alias, value in inputs.items():
            request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
        return request

    return ask
