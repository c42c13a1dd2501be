"""The text files of tensorflow_model_server: models, batching, monitoring, TLS.

tensorflow-serving-api has the messages of the models file only. The small ones of the
others are described here, with the names and numbers of TensorFlow Serving's .proto
files, so that the same files serve both servers.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)

from piaa_tf.errors import InputError

_DESCRIPTION = """
name: "piaa_tf/serving/config_files.proto"
package: "tensorflow.serving"
syntax: "proto3"
dependency: "google/protobuf/wrappers.proto"
message_type {
  name: "BatchingParameters"
  field { name: "max_batch_size" number: 1 type_name: "Int64Value" }
  field { name: "batch_timeout_micros" number: 2 type_name: "Int64Value" }
  field { name: "max_enqueued_batches" number: 3 type_name: "Int64Value" }
  field { name: "num_batch_threads" number: 4 type_name: "Int64Value" }
  field { name: "thread_pool_name" number: 5 type_name: "StringValue" }
  field { name: "allowed_batch_sizes" number: 6 type: TYPE_INT64 label: LABEL_REPEATED }
  field { name: "pad_variable_length_inputs" number: 7 type: TYPE_BOOL }
  field { name: "enable_large_batch_splitting" number: 8 type_name: "BoolValue" }
  field { name: "max_execution_batch_size" number: 9 type_name: "Int64Value" }
}
message_type {
  name: "PrometheusConfig"
  field { name: "enable" number: 1 type: TYPE_BOOL }
  field { name: "path" number: 2 type: TYPE_STRING }
}
message_type {
  name: "MonitoringConfig"
  field {
    name: "prometheus_config" number: 1
    type_name: ".tensorflow.serving.PrometheusConfig"
  }
}
message_type {
  name: "SSLConfig"
  field { name: "server_key" number: 1 type: TYPE_STRING }
  field { name: "server_cert" number: 2 type: TYPE_STRING }
  field { name: "custom_ca" number: 3 type: TYPE_STRING }
  field { name: "client_verify" number: 4 type: TYPE_BOOL }
}
"""


@functools.cache
def message_class(name: str) -> Any:
    """Returns BatchingParameters, MonitoringConfig or SSLConfig.

    >>> message_class("MonitoringConfig").DESCRIPTOR.full_name
    'tensorflow.serving.MonitoringConfig'
    """
    description = text_format.Parse(_DESCRIPTION, descriptor_pb2.FileDescriptorProto())
    for message in description.message_type:
        for field in message.field:
            if field.type_name:
                field.type = field.TYPE_MESSAGE
                if not field.type_name.startswith("."):
                    field.type_name = f".google.protobuf.{field.type_name}"
            if not field.HasField("label"):
                field.label = field.LABEL_OPTIONAL
    # A pool of its own: other code may bring the real files into the process.
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(description)
    descriptor = pool.FindMessageTypeByName(f"tensorflow.serving.{name}")
    return message_factory.GetMessageClass(descriptor)


def read_text_proto(path: str | Path, message: Any) -> Any:
    """Reads a file in protobuf's text form into a message.

    Args:
        path: of the file.
        message: an empty message of the file's type.

    Returns:
        The message.

    Raises:
        InputError: The file cannot be read, or is of another form.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        raise InputError(
            f"Invalid protobuf file: '{path}'. It must hold a "
            f"{message.DESCRIPTOR.name} in text form. Got, in line and column, {error}."
        ) from error
