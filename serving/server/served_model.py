"""One model under its name: watches its base path, loads new versions, drops old ones.

A thread per model, so that a version that does not load never holds up another model.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from absl import logging

from serving.server.servable import Servable
from serving.server.status import ServingError, not_found
from serving.server.versions import (
    Action,
    Snapshot,
    State,
    VersionPolicy,
    aspired_versions,
    list_versions,
    next_action,
)

# So many versions that have ended are remembered for GetModelStatus; a server under
# which versions change every few seconds must not grow.
MOST_REMEMBERED = 16

Loader = Callable[[str, int, Path], Servable]


@dataclasses.dataclass(frozen=True)
class Patience:
    """How often a model looks for versions, and how often it tries to load one.

    Attributes:
        poll_interval_s: between two looks at the base path; 0 looks once, below never.
        max_num_retries: attempts after the first one.
        retry_interval_s: between two attempts.
    """

    poll_interval_s: float = 1.0
    max_num_retries: int = 5
    retry_interval_s: float = 60.0


@dataclasses.dataclass
class _Version:
    """A version that is or was of interest."""

    path: Path
    state: State = State.START
    is_aspired: bool = True
    error: ServingError | None = None
    servable: Servable | None = None
    num_attempts: int = 0
    retry_at_s: float = 0.0

    def may_return(self) -> bool:
        """Checks whether it has ended, but not by failing while it was wanted."""
        return self.state == State.END and not (self.is_aspired and self.error)


class ServedModel:
    """Keeps those versions of one model loaded that its policy selects."""

    def __init__(
        self,
        name: str,
        base_path: Path,
        policy: VersionPolicy,
        *,
        load: Loader,
        patience: Patience,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Starts watching at once.

        Args:
            name: of the model.
            base_path: the folder of the numbered versions.
            policy: which of them to serve.
            load: makes a servable of (name, version, path), warmed up.
            patience: how often to look and to try.
            on_change: is called when a version has started or stopped serving.
        """
        self.name = name
        self._base_path = base_path
        self._policy = policy
        self._load = load
        self._patience = patience
        self._on_change = on_change
        self._versions: dict[int, _Version] = {}
        self._num_polls = 0
        self._is_stopping = False
        self._has_news = False
        self._changed = threading.Condition()
        self._last_complaint = ""
        self._thread = threading.Thread(
            target=self._work, name=f"versions of {name}", daemon=True
        )
        self._thread.start()

    @contextlib.contextmanager
    def borrow(self, version: int | None = None) -> Iterator[Servable]:
        """Lends a loaded version, which stays loaded as long as it is lent.

        Args:
            version: its number; None for the highest that is loaded.

        Raises:
            ServingError: NOT_FOUND; no such version is loaded.
        """
        with self._changed:
            loaded = {n: v.servable for n, v in self._versions.items() if v.servable}
            number = max(loaded, default=None) if version is None else version
            if number not in loaded:
                raise not_found(servable_not_found(self.name, version))
            servable = loaded[number]
            servable.acquire()
        try:
            yield servable
        finally:
            servable.release()

    def statuses(self) -> dict[int, tuple[State, ServingError | None]]:
        """Returns state and last error of each version, the highest first."""
        with self._changed:
            ordered = sorted(self._versions.items(), reverse=True)
            return {number: (v.state, v.error) for number, v in ordered}

    def update(self, base_path: Path, policy: VersionPolicy) -> None:
        """Follows another base path or policy from now on."""
        with self._changed:
            self._base_path, self._policy = base_path, policy
        self.poll()

    def poll(self) -> None:
        """Looks at the base path now rather than at the next interval."""
        with self._changed:
            self._has_news = True
            self._changed.notify_all()

    def wait_for(
        self, condition: Callable[[], bool], timeout_s: float | None = None
    ) -> bool:
        """Waits until a condition on this model holds; returns whether it does."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def is_available(self, version: int | None = None) -> bool:
        """Checks whether a version serves; by default, whether any does."""
        with self._changed:
            wanted = self._versions if version is None else [version]
            return any(
                n in self._versions and self._versions[n].servable for n in wanted
            )

    def is_settled(self) -> bool:
        """Checks whether a version serves, or none will by itself."""
        with self._changed:
            wanted = [v for v in self._versions.values() if v.is_aspired]
            has_failed = bool(wanted) and all(v.state == State.END for v in wanted)
            return self._is_stopping or has_failed or self.is_available()

    def has_polled_in_vain(self) -> bool:
        """Checks whether the base path has been looked at and holds no version."""
        with self._changed:
            return self._num_polls > 0 and not self._versions

    def cancel(self) -> None:
        """Ends the runs of its versions, as far as graphs can be cancelled."""
        with self._changed:
            loaded = [v.servable for v in self._versions.values() if v.servable]
        for servable in loaded:
            servable.cancel()

    def stop(self, timeout_s: float | None = None) -> None:
        """Unloads everything, each version after its last request.

        Args:
            timeout_s: how long to wait for a version that loads; None for no limit.
        """
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def has_ended(self, timeout_s: float | None = None) -> bool:
        """Waits until a stopped model runs nothing; returns whether that is so.

        Args:
            timeout_s: how long to wait; None for no limit.
        """
        is_unloaded = self.wait_for(
            lambda: all(
                v.servable is None and v.state != State.UNLOADING
                for v in self._versions.values()
            ),
            timeout_s,
        )
        return is_unloaded and not self._thread.is_alive()

    def _work(self) -> None:
        """Looks, acts, waits; the thread of the model."""
        interval_s = self._patience.poll_interval_s
        next_poll_s = 0.0 if interval_s >= 0 else float("inf")
        while not self._is_stopping:
            if self._has_news or time.monotonic() >= next_poll_s:
                self._has_news = False
                self._look()
                is_last = interval_s <= 0
                next_poll_s = float("inf") if is_last else time.monotonic() + interval_s
            while not self._is_stopping:
                action = self._next_action()
                if action is None:
                    break
                (self._attempt if action.loads else self._unload)(action.number)
                self._on_change()
            with self._changed:
                wake_s = min(next_poll_s, self._next_retry_s())
                self._changed.wait_for(
                    lambda: self._is_stopping or self._has_news,
                    None
                    if wake_s == float("inf")
                    else max(0.0, wake_s - time.monotonic()),
                )
        for number in sorted(self._versions):
            self._unload(number)

    def _look(self) -> None:
        """Compares the base path with what is known."""
        with self._changed:
            base_path, policy = self._base_path, self._policy
        try:
            found = list_versions(base_path, self.name)
        except ServingError as error:
            self._complain(error.message)
            with self._changed:
                self._num_polls += 1
                self._changed.notify_all()
            return
        if not found:
            self._complain(
                f"No versions of servable {self.name} found under base path "
                f"{base_path}. Did you forget to name your leaf directory as a number "
                "(eg. '/1/')?"
            )
        else:
            self._last_complaint = ""
        self._aspire(aspired_versions(policy, found))

    def _aspire(self, aspired: Mapping[int, Path]) -> None:
        """Takes over what the policy selects now."""
        with self._changed:
            for number, path in aspired.items():
                known = self._versions.get(number)
                if known is None or known.may_return():
                    self._versions[number] = _Version(path)
                self._versions[number].is_aspired = True
            for number in set(self._versions) - set(aspired):
                version = self._versions[number]
                version.is_aspired = False
                if version.state in (State.START, State.LOADING):
                    version.state = State.END  # an attempt to load it is given up
            self._forget()
            self._num_polls += 1
            self._changed.notify_all()

    def _complain(self, message: str) -> None:
        """Warns of the state of the base path once, not at every look."""
        if message != self._last_complaint:
            logging.warning("%s", message)
        self._last_complaint = message

    def _forget(self) -> None:
        """Drops the oldest versions that have ended."""
        ended = sorted(
            number
            for number, version in self._versions.items()
            if version.state == State.END and not version.is_aspired
        )
        for number in ended[:-MOST_REMEMBERED]:
            del self._versions[number]

    def _next_action(self) -> Action | None:
        """Chooses among the policy's actions and the attempts that are due."""
        with self._changed:
            action = next_action(
                Snapshot(number, version.state, version.is_aspired)
                for number, version in self._versions.items()
            )
            if action is not None:
                return action
            due = [
                number
                for number, version in self._versions.items()
                if version.state == State.LOADING
                and version.retry_at_s <= time.monotonic()
            ]
            return Action(max(due), loads=True) if due else None

    def _next_retry_s(self) -> float:
        """Returns when the next attempt is due."""
        return min(
            (v.retry_at_s for v in self._versions.values() if v.state == State.LOADING),
            default=float("inf"),
        )

    def _attempt(self, number: int) -> None:
        """Tries to load a version; after the last failure it ends with the error."""
        with self._changed:
            version = self._versions[number]
            version.state = State.LOADING
            self._changed.notify_all()
        if version.num_attempts:
            logging.info(
                "Retrying load of %s version %d, retry %d",
                self.name,
                number,
                version.num_attempts,
            )
        start_s = time.monotonic()
        try:
            servable, error = self._load(self.name, number, version.path), None
        except ServingError as raised:
            servable, error = None, raised
            logging.error(
                "%s version %d does not load: %s", self.name, number, raised.message
            )
        with self._changed:
            version.servable, version.error = servable, error
            version.num_attempts += 1
            if error is None:
                version.state = State.AVAILABLE
                logging.info(
                    "%s version %d available after %.1f s: %s",
                    self.name,
                    number,
                    time.monotonic() - start_s,
                    version.path,
                )
            elif version.num_attempts > self._patience.max_num_retries:
                version.state = State.END
            else:
                wait_s = max(0.0, self._patience.retry_interval_s)
                version.retry_at_s = time.monotonic() + wait_s
            self._changed.notify_all()

    def _unload(self, number: int) -> None:
        """Takes a loaded version out of service; its last request closes it."""
        with self._changed:
            version = self._versions[number]
            servable = version.servable
            if servable is None:
                return
            version.servable = None
            version.state = State.UNLOADING
            self._changed.notify_all()
        servable.retire(lambda: self._ended(number, version))

    def _ended(self, number: int, version: _Version) -> None:
        """Records that a version has freed its memory."""
        with self._changed:
            version.state = State.END
            self._changed.notify_all()
        logging.info("%s version %d unloaded", self.name, number)


def servable_not_found(name: str, version: int | None) -> str:
    """Writes TensorFlow Serving's sentence for a model that is not loaded.

    >>> servable_not_found("x", 3)
    'Servable not found for request: Specific(x, 3)'
    >>> servable_not_found("x", None)
    'Servable not found for request: Latest(x)'
    """
    wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
    return f"Servable not found for request: {wanted}"
