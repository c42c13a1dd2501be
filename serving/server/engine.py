"""Runs a signature on arrays: checks them first, then alone or batched with others.

Every way into a model (Predict, Classify, Regress, HTTP, warm-up) passes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server.batching import Batcher
from serving.server.limits import Limits
from serving.server.metrics import Metrics
from serving.server.servable import Servable
from serving.server.status import ServingError, invalid_argument
from serving.server.tensors import dtype_name, dtype_of


class Engine:
    """What all servables are run by.

    Attributes:
        checks_method_name: whether Predict refuses signatures not made for serving.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        metrics: Metrics | None = None,
        batcher: Batcher | None = None,
        checks_method_name: bool = False,
    ) -> None:
        """Takes the bounds of a request, and what may be left away.

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
            ServingError: An array has another type or shape than the signature says,
                an image is too large, or the model fails.
        """
        check_tensors(servable.signatures[signature_name], inputs)
        self._limits.check_images(inputs)
        if self._metrics is None:
            return self._run(servable, signature_name, inputs, outputs, timeout_s)
        with self._metrics.runtime(api, servable.name):
            return self._run(servable, signature_name, inputs, outputs, timeout_s)


def check_tensors(signature: SignatureDef, inputs: Mapping[str, np.ndarray]) -> None:
    """Checks types and shapes before the graph would, in a sentence that names them.

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
        if not _fits(info.tensor_shape, array.shape):
            raise _shape_error(alias, info.tensor_shape, array.shape)


def _fits(wanted: TensorShapeProto, shape: Sequence[int]) -> bool:
    """Tells whether a shape is one of those that a signature declares."""
    if wanted.unknown_rank:
        return True
    return len(wanted.dim) == len(shape) and all(
        dim.size in (-1, size) for dim, size in zip(wanted.dim, shape)
    )


def _shape_error(
    alias: str, wanted: TensorShapeProto, shape: Sequence[int]
) -> ServingError:
    sizes = ",".join("?" if dim.size < 0 else str(dim.size) for dim in wanted.dim)
    given = ",".join(str(size) for size in shape)
    return invalid_argument(f"{alias} must have shape [{sizes}]. Got [{given}].")
