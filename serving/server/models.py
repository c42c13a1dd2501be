"""The models of a server, by name, version or label, and a new config for them."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import grpc
from absl import logging
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.config.model_server_config_pb2 import (
    ModelConfig,
    ModelServerConfig,
    ModelType,
)

from serving.server.servable import Servable
from serving.server.served_model import (
    Loader,
    Patience,
    ServedModel,
    servable_not_found,
)
from serving.server.status import (
    ServingError,
    failed_precondition,
    invalid_argument,
    not_found,
    unavailable,
)
from serving.server.versions import State

PLATFORM = "tensorflow"


class Models:
    """Every model that is served.

    Attributes:
        own_base_paths: those that the server's own files and flags have named.
    """

    def __init__(
        self,
        load: Loader,
        patience: Patience,
        *,
        allow_labels_of_unavailable: bool = False,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Serves none until the first `reload`.

        Args:
            load: makes a servable of (name, version, path).
            patience: how often to look for versions, and to try to load them.
            allow_labels_of_unavailable: whether a new label may name a version that is
                not loaded.
            on_change: is called when a version has started or stopped serving, and
                after the list of models has changed.
        """
        self._load = load
        self._on_change = on_change
        self._patience = patience
        self._allow_labels_of_unavailable = allow_labels_of_unavailable
        self._models: Mapping[str, ServedModel] = {}
        self._labels: Mapping[str, Mapping[str, int]] = {}
        self._reloading = threading.Lock()
        self.own_base_paths: set[str] = set()

    @property
    def names(self) -> list[str]:
        """The names of the models, whether or not a version is loaded."""
        return sorted(self._models)

    def get(self, name: str) -> ServedModel | None:
        """Returns a model by its name, or None."""
        return self._models.get(name)

    @contextlib.contextmanager
    def borrow(self, spec: ModelSpec) -> Iterator[Servable]:
        """Lends the version that a request means.

        Raises:
            ServingError: INVALID_ARGUMENT or NOT_FOUND; it means none that is loaded.
        """
        if not spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        version = self._version(spec)
        model = self._models.get(spec.name)
        if model is None:
            raise not_found(servable_not_found(spec.name, version))
        with model.borrow(version) as servable:
            yield servable

    def statuses(self, spec: ModelSpec) -> dict[int, tuple[State, ServingError | None]]:
        """Returns state and last error of the versions that a spec means.

        Raises:
            ServingError: NOT_FOUND; nothing is known of such a model or version.
        """
        version = self._version(spec)
        model = self._models.get(spec.name)
        known = model.statuses() if model else {}
        if version is None:
            if not known:
                raise not_found(f"Could not find any versions of model {spec.name}")
            return known
        if version not in known:
            raise not_found(f"Could not find version {version} of model {spec.name}")
        return {version: known[version]}

    def are_available(self) -> bool:
        """Checks whether every model has a version that serves."""
        return all(model.is_available() for model in self._models.values())

    def poll(self) -> None:
        """Looks for new versions now rather than at the next interval."""
        for model in self._models.values():
            model.poll()

    def reload(
        self,
        config: ModelServerConfig,
        *,
        timeout_s: float | None = None,
        waits_for_versions: bool = False,
        is_own: bool = False,
    ) -> None:
        """Serves the models of a config from now on, and no others.

        Args:
            config: the whole list; models that it does not name are unloaded.
            timeout_s: how long to wait for models that are new; None for no limit.
            waits_for_versions: whether a base path may still be without versions.
            is_own: whether the server's own files and flags say so, and not a request.

        Raises:
            ServingError: The config contradicts itself or what is served, or a new
                model does not load; models that do load still serve.
        """
        if not self._reloading.acquire(blocking=False):
            raise unavailable("Another config is being loaded. Try again later.")
        try:
            configs = list(config.model_config_list.config)
            check_models(configs)
            labels = self._checked_labels(configs)
            if is_own:
                self.own_base_paths.update(config.base_path for config in configs)
            new = self._apply(configs)
            self._labels = labels
            self._wait(new, timeout_s, waits_for_versions)
        finally:
            self._reloading.release()

    def cancel(self) -> None:
        """Ends the runs of all models, as far as graphs can be cancelled."""
        for model in self._models.values():
            model.cancel()

    def stop(self, timeout_s: float | None = None) -> bool:
        """Unloads all models.

        Args:
            timeout_s: how long to wait for what loads or runs; None for no limit.

        Returns:
            Whether everything is unloaded.
        """
        models, self._models = self._models, {}
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        for model in models.values():
            model.stop(_left_s(end_s))
        return all(model.has_ended(_left_s(end_s)) for model in models.values())

    def _apply(self, configs: list[ModelConfig]) -> list[ServedModel]:
        """Adds, updates and removes models; returns those that are new."""
        models, new = {}, []
        for config in configs:
            base_path, policy = Path(config.base_path), config.model_version_policy
            model = self._models.get(config.name)
            if model is None:
                model = ServedModel(
                    config.name,
                    base_path,
                    policy,
                    load=self._load,
                    patience=self._patience,
                    on_change=self._on_change,
                )
                new.append(model)
            else:
                model.update(base_path, policy)
            models[config.name] = model
            logging.info("model %s: %s", config.name, config.base_path)
        removed = [model for name, model in self._models.items() if name not in models]
        self._models = models
        for model in removed:
            model.stop()
        self._on_change()
        return new

    def _wait(
        self,
        new: list[ServedModel],
        timeout_s: float | None,
        waits_for_versions: bool,
    ) -> None:
        """Waits until each new model serves.

        Raises:
            ServingError: One does not.
        """
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        failures = []
        for model in new:
            is_settled = model.wait_for(
                functools.partial(_is_settled, model, waits_for_versions),
                _left_s(end_s),
            )
            if not is_settled:
                raise ServingError(
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                    f"Model {model.name} is still loading.",
                )
            if not model.is_available():
                failures.extend(_failures(model))
        if failures:
            raise ServingError(
                grpc.StatusCode.UNKNOWN,
                f"{len(failures)} model(s) did not become available: "
                f"{{{''.join(failures)}}}",
            )

    def _version(self, spec: ModelSpec) -> int | None:
        """Returns the version that a request names, if any."""
        choice = spec.WhichOneof("version_choice")
        if choice == "version":
            return spec.version.value
        if choice == "version_label":
            labels = self._labels.get(spec.name, {})
            if spec.version_label not in labels:
                raise invalid_argument(
                    f"Unrecognized servable version label: {spec.version_label}"
                )
            return labels[spec.version_label]
        return None

    def _checked_labels(self, configs: list[ModelConfig]) -> dict[str, dict[str, int]]:
        """Returns the labels of a config.

        Raises:
            ServingError: FAILED_PRECONDITION; a label names a version that cannot be
                asked yet.
        """
        labels: dict[str, dict[str, int]] = {}
        for config in configs:
            model = self._models.get(config.name)
            known = model.statuses() if model else {}
            for label, version in config.version_labels.items():
                old = self._labels.get(config.name, {}).get(label, version)
                may_wait = self._allow_labels_of_unavailable and old == version
                state, _ = known.get(version, (None, None))
                if state != State.AVAILABLE and not may_wait:
                    raise failed_precondition(
                        f"Request to assign label to version {version} of model "
                        f"{config.name}, which is not currently available for inference"
                    )
                labels.setdefault(config.name, {})[label] = version
        return labels


def _left_s(end_s: float | None) -> float | None:
    """Returns the seconds until a moment, if there is one."""
    return None if end_s is None else max(0.0, end_s - time.monotonic())


def check_models(configs: list[ModelConfig]) -> None:
    """Checks a list of models by itself.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    names = set()
    for config in configs:
        if config.name in names:
            raise invalid_argument(
                f"Illegal to list model {config.name} multiple times in config list"
            )
        names.add(config.name)
        is_old_form = config.model_type == ModelType.TENSORFLOW
        if is_old_form == bool(config.model_platform):
            both = "both" if is_old_form else "neither"
            raise invalid_argument(
                f"Illegal setting {both} ModelServerConfig::model_type (deprecated) "
                f"{'and' if is_old_form else 'nor'} ModelServerConfig::model_platform."
            )
        if not is_old_form and config.model_platform != PLATFORM:
            raise invalid_argument(
                f"Model {config.name} requests unsupported platform "
                f"{config.model_platform}"
            )
        if not Path(config.base_path).is_absolute():
            raise invalid_argument(
                f"Expected model {config.name} to have an absolute path or URI; got "
                f"base_path()={config.base_path}"
            )


def _is_settled(model: ServedModel, waits_for_versions: bool) -> bool:
    """Checks whether there is nothing left to wait for."""
    in_vain = model.has_polled_in_vain() and not waits_for_versions
    return model.is_settled() or in_vain


def _failures(model: ServedModel) -> list[str]:
    """Lists the versions of a model that have failed, with their errors."""
    failed = [
        f"{{{{name: {model.name} version: {number}}} due to error: {error}}}, "
        for number, (_, error) in model.statuses().items()
        if error is not None
    ]
    return failed or [f"{{{{name: {model.name}}} has no version in its base path}}, "]
