"""Runs a signature on arrays: checks them first, then alone or batched with others.

Every way into a model (Predict, Classify, Regress, HTTP, warm-up) passes here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

import numpy as np
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server.batching import Batcher
from serving.server.limits import Limits
from serving.server.metrics import Metrics
from serving.server.servable import Call, Servable
from serving.server.status import invalid_argument
from serving.server.tensors import dtype_name, dtype_of


class Engine:
    """Runs every servable.

    Attributes:
        checks_method_name: whether a signature must have been made for the method that
            it is asked by.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        metrics: Metrics | None = None,
        batcher: Batcher | None = None,
        checks_method_name: bool = False,
    ) -> None:
        """Takes the bounds of a request, and what is optional.

        Args:
            limits: of a request.
            metrics: where runs are counted.
            batcher: merges requests.
            checks_method_name: see above.
        """
        self.checks_method_name = checks_method_name
        self._limits = limits or Limits()
        self._metrics = metrics
        self._run = Servable.run if batcher is None else batcher.run

    def run(
        self,
        servable: Servable,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        *,
        api: str,
        timeout_s: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs a signature of a servable.

        Args:
            servable: a loaded version.
            signature_name: one of its signatures.
            inputs: an array for each of its inputs, of any type and shape.
            outputs: aliases of the outputs wanted.
            api: by which it was asked for, such as Predict.
            timeout_s: until the caller's deadline; None for none.

        Returns:
            The array of each output wanted.

        Raises:
            ServingError: An array has another type than the signature says, an image is
                too large, the shapes break the contract of an export, or the model
                fails.
        """
        self._check(servable, signature_name, inputs)
        with self._measured(api, servable):
            return self._run(servable, signature_name, inputs, outputs, timeout_s)

    def run_together(
        self,
        servable: Servable,
        calls: Mapping[str, Call],
        *,
        api: str,
        timeout_s: float | None = None,
    ) -> dict[str, dict[str, np.ndarray]]:
        """Runs several signatures of a servable in one run, which is never batched.

        Args:
            servable: a loaded version.
            calls: what is asked of each signature.
            api: as of `run`.
            timeout_s: as of `run`.

        Returns:
            The arrays of each signature's outputs.

        Raises:
            ServingError: As `run`.
        """
        for name, call in calls.items():
            self._check(servable, name, call.inputs)
        with self._measured(api, servable):
            return servable.run_together(calls, timeout_s)

    def _check(
        self, servable: Servable, name: str, inputs: Mapping[str, np.ndarray]
    ) -> None:
        check_types(servable.signatures[name], inputs)
        self._limits.check_images(inputs)

    def _measured(
        self, api: str, servable: Servable
    ) -> contextlib.AbstractContextManager[None]:
        if self._metrics is None:
            return contextlib.nullcontext()
        return self._metrics.runtime(api, servable.name)


def check_types(signature: SignatureDef, inputs: Mapping[str, np.ndarray]) -> None:
    """Checks the types of inputs, in the graph's words and with each input's name.

    Shapes are for the graph to judge.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    for position, alias in enumerate(sorted(signature.inputs)):
        info, array = signature.inputs[alias], inputs[alias]
        if dtype_of(array) != info.dtype:
            raise invalid_argument(
                f"Expects arg[{position}] to be {dtype_name(info.dtype)} but "
                f"{dtype_name(dtype_of(array))} is provided: input {alias}"
            )
