import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from serving.server.engine import Engine
from serving.server.servable import load_servable
from serving.server.status import ServingError
from serving.server.warmup import REQUESTS, warm_up


class CountingEngine(Engine):
    """Records what it is asked to run."""

    def __init__(self):
        super().__init__()
        self.runs = []

    def run(self, servable, signature_name, inputs, outputs, **options):
        self.runs.append((signature_name, *inputs))
        return super().run(servable, signature_name, inputs, outputs, **options)


@pytest.fixture
def version(tmp_path, publish):
    return publish(tmp_path, 1, 2)


@pytest.fixture
def write(version, ask):
    """Writes a warm-up file of Predict requests."""

    def write(*requests):
        (version / REQUESTS).parent.mkdir()
        with tf.io.TFRecordWriter(str(version / REQUESTS)) as writer:
            for request in requests:
                log = PredictionLog()
                log.predict_log.request.CopyFrom(request)
                writer.write(log.SerializeToString())

    return write


def test_every_record_is_replayed_as_often_as_told(version, write, ask):
    write(ask("any", x=[1.0]), ask("other", "pick", index=[0]))
    engine = CountingEngine()
    servable = load_servable("m", 1, version)
    assert warm_up(engine, servable, version, num_iterations=2) == 2
    assert engine.runs == [("serving_default", "x")] * 2 + [("pick", "index")] * 2


def test_a_version_without_a_file_needs_none(version):
    assert warm_up(Engine(), load_servable("m", 1, version), version) == 0


def test_a_request_that_fails_fails_the_version(version, write, ask):
    write(ask("any", "pick", index=[7]))
    with pytest.raises(ServingError, match="7 is not in"):
        warm_up(Engine(), load_servable("m", 1, version), version)


def test_a_damaged_file_fails_the_version(version, write, ask):
    write(ask("any", x=np.ones(100, np.float32)))
    data = (version / REQUESTS).read_bytes()
    (version / REQUESTS).write_bytes(data[:-20])
    with pytest.raises(ServingError, match=r"DATA_LOSS: .* is in TFRecord format"):
        warm_up(Engine(), load_servable("m", 1, version), version)
