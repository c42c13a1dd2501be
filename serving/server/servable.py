"""One loaded version of a model: a SavedModel in a session, ready to be asked."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from absl import logging

from piaa_tf.c_api.session import SavedModelSession, SessionError
from piaa_tf.contract.input_shapes import check_input_shapes
from piaa_tf.contract.manifest import MANIFEST_NAME, Manifest
from piaa_tf.contract.signatures import PRIMARY_SIGNATURE, SERVING_DEFAULT
from piaa_tf.errors import InputError
from serving.server.status import CODES, ServingError, invalid_argument, unavailable

# Each choice of outputs of a signature is optimised and kept by TensorFlow for good, so
# clients may not make as many as they like: further ones run all outputs, and further
# sets of signatures run one after the other.
MOST_CHOICES = 32


@dataclasses.dataclass(frozen=True)
class Call:
    """What is asked of one signature.

    Attributes:
        inputs: the array of each of its inputs, by alias.
        outputs: aliases of the outputs wanted; all of them are the signature's.
    """

    inputs: Mapping[str, np.ndarray]
    outputs: Sequence[str]


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
        session: SavedModelSession,
        manifest: Manifest | None = None,
    ) -> None:
        """Takes a session; `load_servable` makes one from a folder.

        Args:
            name: of the model.
            version: its number.
            session: of the SavedModel.
            manifest: of an export, whose contract is then enforced.
        """
        self.name = name
        self.version = version
        self.signatures = session.signatures
        self._session = session
        self._contract = {} if manifest is None else manifest.served()
        self._sizes = {} if manifest is None else manifest.sizes
        self._choices: dict[tuple[str, ...], set[tuple]] = {}
        self._lock = threading.Lock()
        self._num_users = 0
        self._is_cancelled = False
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
            ServingError: What TensorFlow says; DEADLINE_EXCEEDED for lack of time;
                UNAVAILABLE after `cancel`.
        """
        calls = {signature_name: Call(inputs, outputs)}
        return self.run_together(calls, timeout_s)[signature_name]

    def run_together(
        self, calls: Mapping[str, Call], timeout_s: float | None = None
    ) -> dict[str, dict[str, np.ndarray]]:
        """Runs several signatures in one run; what they share runs once.

        Args:
            calls: what is asked of each signature.
            timeout_s: as of `run`.

        Returns:
            The arrays of each signature's outputs.

        Raises:
            ServingError: As `run`.
        """
        for name, call in calls.items():
            self._check_contract(name, call.inputs)
        chosen = self._chosen(calls)
        if chosen is None:
            return {
                name: self.run(name, call.inputs, call.outputs, timeout_s)
                for name, call in calls.items()
            }
        feeds = {
            self.signatures[name].inputs[alias].name: array
            for name, call in calls.items()
            for alias, array in call.inputs.items()
        }
        fetches = {
            (name, alias): self.signatures[name].outputs[alias].name
            for name, aliases in chosen
            for alias in aliases
        }
        # In one order, or TensorFlow would keep each order.
        order = sorted(set(fetches.values()))
        values = dict(zip(order, self._run_session(feeds, order, timeout_s)))
        return {
            name: {alias: values[fetches[name, alias]] for alias in call.outputs}
            for name, call in calls.items()
        }

    def _run_session(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        timeout_s: float | None,
    ) -> list[np.ndarray]:
        """Runs tensors, and turns TensorFlow's errors into those of a server."""
        if timeout_s is not None and timeout_s <= 0:
            raise ServingError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "The deadline had passed before the model ran.",
            )
        timeout_ms = None if timeout_s is None else int(timeout_s * 1000)
        try:
            return self._session.run(dict(sorted(feeds.items())), fetches, timeout_ms)
        except SessionError as error:
            if self._is_cancelled:
                raise unavailable("The server is ending.") from error
            raise ServingError(CODES[error.code], error.message) from error

    def _chosen(self, calls: Mapping[str, Call]) -> list[tuple[str, tuple]] | None:
        """Returns the outputs to run of each signature, or None for one by one."""
        names = tuple(sorted(calls))
        chosen = tuple(tuple(sorted(calls[name].outputs)) for name in names)
        with self._lock:
            known = self._choices.setdefault(names if len(names) == 1 else (), set())
            if (names, chosen) not in known and len(known) >= MOST_CHOICES:
                if len(names) > 1:
                    return None
                chosen = (tuple(sorted(self.signatures[names[0]].outputs)),)
            known.add((names, chosen))
        return list(zip(names, chosen))

    def _check_contract(self, name: str, inputs: Mapping[str, np.ndarray]) -> None:
        """Checks the shapes of an export's inputs; other models have no contract."""
        key = PRIMARY_SIGNATURE if name == SERVING_DEFAULT else name
        if key not in self._contract:
            return
        shapes = {alias: array.shape for alias, array in inputs.items()}
        try:
            check_input_shapes(self._contract[key], self._sizes, shapes)
        except InputError as error:
            raise invalid_argument(str(error)) from error

    def acquire(self) -> None:
        """Counts one more user."""
        with self._lock:
            self._num_users += 1

    def release(self) -> None:
        """Counts one user less; the last one of a retired servable closes it."""
        with self._lock:
            self._num_users -= 1
            on_closed = self._on_closed if self._num_users == 0 else None
        if on_closed is not None:
            # The last user has an answer to give first.
            threading.Thread(
                target=self._close, args=[on_closed], name="closing"
            ).start()

    def retire(self, on_closed: Callable[[], None]) -> None:
        """Closes after its last user, and then calls; it takes no new users."""
        with self._lock:
            self._on_closed = on_closed
            is_idle = self._num_users == 0
        if is_idle:
            self._close(on_closed)

    def cancel(self) -> None:
        """Ends all runs as UNAVAILABLE, as far as the graph can be cancelled."""
        self._is_cancelled = True
        self._session.cancel()

    def _close(self, on_closed: Callable[[], None]) -> None:
        """Frees the memory."""
        self._session.close()
        on_closed()


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
    try:
        session = SavedModelSession(path, tags=tags, config=config)
    except SessionError as error:
        raise ServingError(CODES[error.code], error.message) from error
    return Servable(name, version, session, _manifest(Path(path)))


def _manifest(path: Path) -> Manifest | None:
    """Reads the manifest of an export; other models have none."""
    if not (path / MANIFEST_NAME).is_file():
        return None
    try:
        return Manifest.load(path / MANIFEST_NAME)
    except InputError as error:
        logging.warning("served without checks of the contract: %s", error)
        return None
