"""A model with the inputs of `score`, for benchmarks that need no trained one."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

NUM_USERS = 10_000


def export_stand_in(directory: Path, size: int, jpeg: bytes) -> None:
    """Writes a model with the inputs of `score`: a backbone and a vector per user."""
    backbone = tf.keras.applications.MobileNetV2(
        weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3)
    )
    users = directory.parents[1] / "users.txt"
    users.write_text("".join(f"user{n}\n" for n in range(NUM_USERS)))

    class StandIn(tf.Module):
        """Scores images."""

        def __init__(self) -> None:
            """Keeps the variables; the model itself would be traced layer by layer."""
            super().__init__()
            self.backbone_variables = list(backbone.variables)
            self.weights = tf.Variable(tf.random.normal([NUM_USERS + 1, 1280]))
            self.users = tf.saved_model.Asset(str(users))
            lines = tf.lookup.TextFileInitializer(
                self.users,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            )
            self.table = tf.lookup.StaticHashTable(lines, default_value=-1)

        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.string, name="image_bytes"),
                tf.TensorSpec([None], tf.string, name="user_id"),
            ]
        )
        def score(self, image_bytes, user_id):
            """Decodes, embeds, and weighs by the user's vector."""
            images = tf.map_fn(
                lambda data: tf.image.resize(
                    tf.io.decode_image(data, 3, expand_animations=False), [size, size]
                ),
                image_bytes,
                fn_output_signature=tf.TensorSpec([size, size, 3], tf.float32),
            )
            row = self.table.lookup(user_id) + 1
            features = backbone(images / 127.5 - 1.0, training=False)
            score = tf.reduce_sum(features * tf.gather(self.weights, row), axis=-1)
            return {"score": score, "known_user": row > 0}

    module = StandIn()
    tf.saved_model.save(module, str(directory), signatures={"score": module.score})
    write_warm_up(directory, jpeg)


def write_warm_up(directory: Path, jpeg: bytes) -> None:
    """Writes a request that a server replays before the version serves."""
    request = PredictRequest()
    request.model_spec.signature_name = "score"
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([jpeg]))
    request.inputs["user_id"].CopyFrom(tf.make_tensor_proto([""]))
    log = PredictionLog()
    log.predict_log.request.CopyFrom(request)
    file = directory / "assets.extra" / "tf_serving_warmup_requests"
    file.parent.mkdir()
    with tf.io.TFRecordWriter(str(file)) as writer:
        writer.write(log.SerializeToString())
