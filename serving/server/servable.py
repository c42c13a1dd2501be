"""One loaded version of a model: a SavedModel in a session, ready to be asked.

A session rather than `tf.saved_model.load`: it is what TensorFlow Serving runs, so
graphs of TensorFlow 1 and 2 load alike, errors are the same, a deadline ends a run, and
closing it gives all memory back.
"""

from __future__ import annotations

import dataclasses
import gc
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo

from serving.server.status import CODES, ServingError, invalid_argument, not_found

# Each choice of outputs of a signature is optimised and kept by TensorFlow for good, so
# clients may not make as many as they like: further ones run all outputs.
MOST_CHOICES = 32


@dataclasses.dataclass(frozen=True)
class _Choice:
    """The tensors of a signature's inputs, and of some of its outputs, by alias."""

    feeds: Mapping[str, tf.Tensor]
    fetches: Mapping[str, tf.Tensor]


class Servable:
    """A SavedModel that answers, counting who uses it, and closing after the last.

    Attributes:
        name: of the model.
        version: its number.
        signatures: the SignatureDef of each name.
    """

    def __init__(
        self,
        name: str,
        version: int,
        session: tf.compat.v1.Session,
        signatures: Mapping[str, SignatureDef],
    ) -> None:
        """Takes an initialised session; `load_servable` makes one from a folder."""
        self.name = name
        self.version = version
        self.signatures = dict(signatures)
        self._session = session
        self._choices: dict[tuple[str, tuple[str, ...]], _Choice] = {}
        self._lock = threading.Lock()
        self._num_users = 0
        self._on_closed: Callable[[], None] | None = None

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout_s: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs a signature.

        Args:
            signature_name: one of `signatures`.
            inputs: the array of each input of the signature, by alias.
            outputs: aliases of the outputs wanted; all of them are the signature's.
            timeout_s: the run is cancelled after so many seconds; None for never.

        Returns:
            The array of each output.

        Raises:
            ServingError: What TensorFlow says; DEADLINE_EXCEEDED for lack of time.
        """
        choice = self._choice(signature_name, outputs)
        options = None
        if timeout_s is not None:
            if timeout_s <= 0:
                raise ServingError(
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                    "The deadline had passed before the model ran.",
                )
            milliseconds = min(max(1, int(timeout_s * 1000)), 2**31 - 1)
            options = tf.compat.v1.RunOptions(timeout_in_ms=milliseconds)
        feeds = {tensor: inputs[alias] for alias, tensor in choice.feeds.items()}
        try:
            values = self._session.run(choice.fetches, feeds, options=options)
        except tf.errors.OpError as error:
            # The session wraps the message of the runtime in one about its graph.
            original = error.__context__
            if not isinstance(original, tf.errors.OpError):
                original = error
            raise ServingError(CODES[error.error_code], original.message) from error
        except ValueError as error:
            raise invalid_argument(str(error)) from error
        return {alias: _as_array(values[alias]) for alias in outputs}

    def _choice(self, name: str, outputs: Sequence[str]) -> _Choice:
        """Returns the tensors to feed and to fetch."""
        signature = self.signatures[name]
        order = tuple(sorted(outputs))
        with self._lock:
            num_choices = sum(1 for key in self._choices if key[0] == name)
            if (name, order) not in self._choices and num_choices >= MOST_CHOICES:
                order = tuple(sorted(signature.outputs))
            key = (name, order)
            if key not in self._choices:
                self._choices[key] = _Choice(
                    self._tensors(signature.inputs, signature.inputs),
                    self._tensors(signature.outputs, order),
                )
            return self._choices[key]

    def _tensors(
        self, infos: Mapping[str, TensorInfo], aliases: Iterable[str]
    ) -> dict[str, tf.Tensor]:
        """Finds the tensors of some aliases in the graph."""
        graph = self._session.graph
        try:
            return {
                alias: graph.get_tensor_by_name(infos[alias].name) for alias in aliases
            }
        except (KeyError, ValueError) as error:
            raise invalid_argument(
                f"The signature names a tensor that the graph does not have: {error}"
            ) from error

    def acquire(self) -> None:
        """Counts one more user."""
        with self._lock:
            self._num_users += 1

    def release(self) -> None:
        """Counts one user less; the last one of a retired servable closes it."""
        with self._lock:
            self._num_users -= 1
            is_last = self._num_users == 0 and self._on_closed is not None
        if is_last:
            self._close()

    def retire(self, on_closed: Callable[[], None]) -> None:
        """Closes as soon as nobody uses it any more, and says so; nobody new may."""
        with self._lock:
            self._on_closed = on_closed
            is_idle = self._num_users == 0
        if is_idle:
            self._close()

    def _close(self) -> None:
        """Gives the memory back."""
        self._choices.clear()
        self._session.close()
        del self._session
        gc.collect()  # a graph is full of cycles
        self._on_closed()


def load_servable(
    name: str,
    version: int,
    path: str | Path,
    *,
    tags: Sequence[str] = ("serve",),
    config: tf.compat.v1.ConfigProto | None = None,
) -> Servable:
    """Loads a SavedModel of TensorFlow 1 or 2.

    Args:
        name: of the model.
        version: its number.
        path: the folder of the version.
        tags: of the graph to load.
        config: of the session.

    Raises:
        ServingError: The folder holds no SavedModel, or a damaged one.
    """
    if not any((Path(path) / file).is_file() for file in _FILES):
        raise not_found(
            "Could not find SavedModel .pb or .pbtxt at supplied export directory "
            f"path: {path}. Check that the directory exists and that you have the "
            "right permissions for accessing it."
        )
    graph = tf.Graph()
    session = tf.compat.v1.Session(graph=graph, config=config)
    try:
        with graph.as_default():
            meta_graph = tf.compat.v1.saved_model.load(session, list(tags), str(path))
    except tf.errors.OpError as error:
        session.close()
        raise ServingError(CODES[error.error_code], error.message) from error
    except Exception as error:
        session.close()
        raise ServingError(
            grpc.StatusCode.INTERNAL, f"{path} does not load: {error}"
        ) from error
    graph.finalize()
    return Servable(name, version, session, meta_graph.signature_def)


_FILES = ("saved_model.pb", "saved_model.pbtxt")


def _as_array(value) -> np.ndarray:
    """Makes an array of what a session returns: scalars come as plain values."""
    if isinstance(value, (bytes, str)):
        array = np.empty([], dtype=object)
        array[()] = value
        return array
    return np.asarray(value)
