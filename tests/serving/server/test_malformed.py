"""What no client should send neither stops the server nor changes its answers."""

import collections
import importlib.util
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictResponse

from serving.server.limits import Limits, count_pixels
from serving.server.server import Server
from serving.server.status import ServingError

FILE = Path(__file__).parents[3] / "benchmarks" / "malformed_requests.py"


@pytest.fixture(scope="module")
def malformed():
    spec = importlib.util.spec_from_file_location("malformed_requests", FILE)
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


class Brightness(tf.Module):
    """The mean of each photo, with a decoder that fails its whole batch."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image_bytes"),
            tf.TensorSpec([None], tf.string, name="user_id"),
        ]
    )
    def score(self, image_bytes, user_id):
        means = tf.map_fn(
            lambda data: tf.reduce_mean(
                tf.cast(
                    tf.image.decode_image(data, 3, expand_animations=False), tf.float32
                )
            ),
            image_bytes,
            fn_output_signature=tf.TensorSpec([], tf.float32),
        )
        return {"score": means, "length": tf.strings.length(user_id)}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    base = tmp_path_factory.mktemp("brightness")
    module = Brightness()
    tf.saved_model.save(module, str(base / "1"), signatures=module.score)
    with Server.on_free_ports(model_base_path=str(base), model_name="m") as server:
        yield server


def test_every_kind_is_answered_by_its_code_and_changes_nothing(server, malformed):
    maker = malformed.Maker("m")
    wrong = collections.Counter()
    with grpc.insecure_channel(server.address) as channel:

        def score():
            call = channel.unary_unary(
                malformed.PREDICTION + "Predict",
                response_deserializer=PredictResponse.FromString,
            )
            answer = call(maker.good().SerializeToString(), timeout=20)
            return list(answer.outputs["score"].float_val)

        before = score()
        for request in maker.stream(400):
            code = malformed.send(channel, request)
            if code not in request.codes:
                wrong[request.kind, code.name] += 1
        assert not wrong
        assert score() == before


def test_pixels_are_read_off_the_header(malformed):
    maker = malformed.Maker("m")
    assert count_pixels(maker.jpeg) == 64 * 64
    assert count_pixels(malformed.png_bomb(50, 40)) == 50 * 40
    assert count_pixels(b"BMW is a car") == 0
    assert count_pixels(b"") == 0
    assert count_pixels(maker.jpeg[:20]) == 0


def test_frames_of_a_gif_count(malformed):
    assert count_pixels(malformed.gif_of(20, 300)) == 20 * 300 * 300


def test_all_images_of_a_request_count_together(malformed):
    images = np.array([malformed.png_bomb(10, 10)] * 3, dtype=object)
    Limits(100, 300).check_images({"image_bytes": images})
    with pytest.raises(ServingError, match=r"at most 299 pixels together\. Got 300\."):
        Limits(100, 299).check_images({"image_bytes": images})
    with pytest.raises(ServingError, match=r"at most 99 pixels\. Got 100 in a\[0\]\."):
        Limits(99, 300).check_images({"a": images})
