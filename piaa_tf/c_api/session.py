"""A SavedModel in a session, loaded and run by the code that TensorFlow Serving runs.

`tf.saved_model.load` rebuilds Python objects; a server calls `LoadSavedModel` and runs
sessions. So graphs of TensorFlow 1 and 2 load alike, no other thread waits for the
loading, feeds are of any shape that the graph can compute with, a deadline ends a run,
and closing gives all memory back.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from piaa_tf.c_api.library import POINTER, Output, library
from piaa_tf.c_api.tensors import array_of, delete_tensor, new_tensor

INIT_SIGNATURE = "__saved_model_init_op"
"""A signature of every SavedModel of TensorFlow 2 that is not meant for clients."""

_INVALID_ARGUMENT = 3
_LONGEST_MS = 2**31 - 1


class SessionError(RuntimeError):
    """What TensorFlow says instead of an answer.

    Attributes:
        code: of the status, by TensorFlow's and gRPC's numbers.
        message: of the status.
    """

    def __init__(self, code: int, message: str) -> None:
        """Takes both."""
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        """Returns the message."""
        return self.message


def unoptimized_config() -> tf.compat.v1.ConfigProto:
    """Returns the config of a session that runs graphs as they are.

    TensorFlow optimises the graph of each signature at its first request otherwise,
    which takes seconds.
    """
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config


class SavedModelSession:
    """One loaded SavedModel; may be run by several threads.

    Attributes:
        signatures: every `SignatureDef` of the SavedModel, by key.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        tags: Sequence[str] = (tf.saved_model.SERVING,),
        config: tf.compat.v1.ConfigProto | None = None,
    ) -> None:
        """Loads graph, variables and tables.

        Args:
            directory: of the SavedModel.
            tags: of the graph.
            config: of the session.

        Raises:
            SessionError: The loader refuses it.
        """
        self._c = library()
        self._places: dict[str, Output] = {}
        self._graph = self._c.TF_NewGraph()
        content = (config or tf.compat.v1.ConfigProto()).SerializeToString()
        texts = (ctypes.c_char_p * len(tags))(*(tag.encode() for tag in tags))
        described = self._c.TF_NewBuffer()
        options = self._c.TF_NewSessionOptions()
        try:
            with self._status() as status:
                self._c.TF_SetConfig(options, content, len(content), status)
            with self._status() as status:
                self._session = self._c.TF_LoadSessionFromSavedModel(
                    *(options, None, os.fsencode(directory), texts, len(tags)),
                    *(self._graph, described, status),
                )
            content = ctypes.string_at(
                described.contents.data, described.contents.length
            )
        except SessionError:
            self._c.TF_DeleteGraph(self._graph)
            raise
        finally:
            self._c.TF_DeleteSessionOptions(options)
            self._c.TF_DeleteBuffer(described)
        meta_graph = meta_graph_pb2.MetaGraphDef.FromString(content)
        self.signatures = dict(meta_graph.signature_def)

    def run(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        timeout_ms: int | None = None,
    ) -> list[np.ndarray]:
        """Runs the part of the graph that some tensors need.

        Args:
            feeds: arrays by the names of tensors, `operation:index`, of any shapes;
                strings are objects that are bytes.
            fetches: names of tensors.
            timeout_ms: the run is cancelled after this time; None for no limit.

        Returns:
            The array of each fetch.

        Raises:
            SessionError: The graph has no such tensor, or fails.
        """
        places = [self._place(name) for name in feeds]
        wanted = [self._place(name) for name in fetches]
        answers = (POINTER * len(wanted))()
        tensors: list[int] = []
        options = None
        try:
            for array in feeds.values():
                tensors.append(new_tensor(array))
            if timeout_ms is not None:
                options = self._run_options(timeout_ms)
            with self._status() as status:
                self._c.TF_SessionRun(
                    *(self._session, options, (Output * len(places))(*places)),
                    *((POINTER * len(tensors))(*tensors), len(tensors)),
                    *((Output * len(wanted))(*wanted), answers, len(wanted)),
                    *(None, 0, None, status),
                )
            return [array_of(answer) for answer in answers if answer]
        finally:
            if options is not None:
                self._c.TF_DeleteBuffer(options)
            for tensor in [*tensors, *filter(None, answers)]:
                delete_tensor(tensor)

    def answer(self, key: str, inputs: Mapping[str, object]) -> dict[str, np.ndarray]:
        """Runs a signature.

        Args:
            key: of the signature.
            inputs: a value for every input, by name; bytes of any content for strings.

        Returns:
            Every output by name.

        Raises:
            SessionError: The inputs have other names, or the graph fails.
        """
        signature = self.signatures[key]
        if set(inputs) != set(signature.inputs):
            raise SessionError(
                _INVALID_ARGUMENT,
                f"{key} takes {sorted(signature.inputs)}. Got {sorted(inputs)}.",
            )
        feeds = {
            info.name: _as_array(inputs[name], info.dtype)
            for name, info in signature.inputs.items()
        }
        fetches = [info.name for info in signature.outputs.values()]
        return dict(zip(signature.outputs, self.run(feeds, fetches)))

    def cancel(self) -> None:
        """Ends all runs for good, as far as their operations can be cancelled."""
        with self._status() as status:
            self._c.TF_CloseSession(self._session, status)

    def close(self) -> None:
        """Frees the session, its variables and its graph; it must not run again."""
        self.cancel()
        with self._status() as status:
            self._c.TF_DeleteSession(self._session, status)
        self._c.TF_DeleteGraph(self._graph)

    @contextlib.contextmanager
    def _status(self) -> Iterator[int]:
        """Lends a status to one call and raises what it says."""
        status = self._c.TF_NewStatus()
        try:
            yield status
            code = self._c.TF_GetCode(status)
            if code:
                message = self._c.TF_Message(status).decode("utf-8", "replace")
                raise SessionError(code, message)
        finally:
            self._c.TF_DeleteStatus(status)

    def _run_options(self, timeout_ms: int) -> Any:
        """Makes a buffer, which `TF_DeleteBuffer` frees, with the options of a run."""
        milliseconds = min(max(1, timeout_ms), _LONGEST_MS)
        options = tf.compat.v1.RunOptions(timeout_in_ms=milliseconds)
        content = options.SerializeToString()
        return self._c.TF_NewBufferFromString(content, len(content))

    def _place(self, name: str) -> Output:
        """Finds a tensor of the graph whose values can leave it."""
        if name not in self._places:
            operation, _, index = name.rpartition(":")
            found = self._c.TF_GraphOperationByName(self._graph, operation.encode())
            is_there = found and index.isdecimal()
            if not is_there or int(index) >= self._c.TF_OperationNumOutputs(found):
                raise SessionError(
                    _INVALID_ARGUMENT, f"The graph must have the tensor {name!r}."
                )
            place = Output(found, int(index))
            dtype = tf.as_dtype(self._c.TF_OperationOutputType(place))
            if not dtype.is_numpy_compatible:
                raise SessionError(
                    _INVALID_ARGUMENT,
                    f"The tensor {name!r} must hold values. Got {dtype.name}.",
                )
            self._places[name] = place
        return self._places[name]


def _as_array(value: object, dtype: int) -> np.ndarray:
    kind = tf.as_dtype(dtype)
    if kind != tf.string:
        return np.asarray(value, kind.as_numpy_dtype)
    # As objects: numpy's own bytes lose zeros at their ends.
    array = np.asarray(value, object)
    for position, text in np.ndenumerate(array):
        if isinstance(text, str):
            array[position] = text.encode()
    return array
