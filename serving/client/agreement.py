"""Compares what a server serves with this client's contract."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from piaa_tf.contract.signatures import (
    CONTRACT_VERSION,
    SIGNATURES,
    ServedTensor,
    Signature,
    served_signatures,
)
from piaa_tf.errors import InputError

SIZES_OF_THE_CLIENT = ("batch", "N", "M")
"""Letters of the contract's shapes that a request chooses."""


@dataclasses.dataclass(frozen=True)
class ModelMetadata:
    """What a server says of a model.

    Attributes:
        description: which model it is and where: "model 'x' at HOST:PORT".
        version: the number of the version that answered.
        inputs: of each signature, each input's type and shape, -1 for an open size and
            None for an unknown number of axes.
        outputs: of each signature, the same of its outputs.
    """

    description: str
    version: int
    inputs: Mapping[str, Mapping[str, tuple[str, tuple[int, ...] | None]]]
    outputs: Mapping[str, Mapping[str, tuple[str, tuple[int, ...] | None]]]

    @classmethod
    def from_metadata(cls, response: Any, description: str) -> ModelMetadata:
        """Reads a GetModelMetadataResponse that was asked for `signature_def`."""
        from tensorflow_serving.apis.get_model_metadata_pb2 import SignatureDefMap

        signatures = SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        found = signatures.signature_def
        return cls(
            description,
            response.model_spec.version.value,
            {name: _tensors(found[name].inputs) for name in found},
            {name: _tensors(found[name].outputs) for name in found},
        )

    def contract(self) -> dict[str, Signature]:
        """Returns the contract's signatures as an export with this prior has them."""
        return served_signatures(
            has_distribution="distribution" in self.outputs.get("generic", {}),
            has_traits="personality" in self.inputs,
        )

    def agree(self, name: str) -> Signature:
        """Returns a signature of the contract that is served as the contract says.

        Args:
            name: of the signature.

        Raises:
            InputError: It is not served, or differs; names the first difference.
        """
        if name not in SIGNATURES:
            raise InputError(
                f"The signature must be one of {', '.join(SIGNATURES)}. Got {name!r}."
            )
        if name not in self.inputs:
            needs = SIGNATURES[name].needs
            because = f", which needs a prior that predicts {needs}" if needs else ""
            raise InputError(
                f"The {self.description} must serve the signature {name!r}{because}. "
                f"Got {', '.join(sorted(self.inputs)) or 'none'}. Ask for one of "
                "these, or export with piaa-export."
            )
        signature = self.contract()[name]
        difference = _difference(signature, self.inputs[name], self.outputs[name])
        if difference:
            raise InputError(
                f"The {self.description} must serve {name!r} as contract "
                f"{CONTRACT_VERSION} says: {difference}. Export again with "
                "piaa-export, or use the release of piaa_tf that wrote it."
            )
        return signature


def _tensors(infos: Mapping[str, Any]) -> dict[str, tuple[str, tuple | None]]:
    """Returns type and shape of each TensorInfo."""
    from tensorflow.core.framework.types_pb2 import DataType

    found = {}
    for name, info in infos.items():
        shape = tuple(dim.size for dim in info.tensor_shape.dim)
        dtype = DataType.Name(info.dtype)[len("DT_") :].lower()
        dtype = {"float": "float32"}.get(dtype, dtype)
        found[name] = dtype, None if info.tensor_shape.unknown_rank else shape
    return found


def _difference(
    signature: Signature, inputs: Mapping[str, tuple], outputs: Mapping[str, tuple]
) -> str:
    """Names the first difference, or returns an empty string."""
    unknown = sorted(set(inputs) - {tensor.name for tensor in signature.inputs})
    if unknown:
        return f"the inputs {_names(signature.inputs)}. Got {unknown[0]!r} too"
    for what, wanted, found in (
        ("input", signature.inputs, inputs),
        ("output", signature.outputs, outputs),
    ):
        for tensor in wanted:
            said = f"the {what} {tensor.name!r} of {tensor.dtype} {_shown(tensor)}"
            if tensor.name not in found:
                return f"{said}. Got {', '.join(sorted(found)) or 'none'}"
            dtype, shape = found[tensor.name]
            if dtype != tensor.dtype or not _fits(shape, tensor):
                return f"{said}. Got {dtype} {'?' if shape is None else list(shape)}"
    return ""


def _fits(shape: tuple[int, ...] | None, tensor: ServedTensor) -> bool:
    """Checks whether every shape that the contract allows is served."""
    if shape is None:
        return True
    return len(shape) == len(tensor.shape) and all(
        size in (-1, wanted)
        or (isinstance(wanted, str) and wanted not in SIZES_OF_THE_CLIENT)
        for size, wanted in zip(shape, tensor.shape)
    )


def _shown(tensor: ServedTensor) -> str:
    return f"[{', '.join(map(str, tensor.shape))}]"


def _names(tensors: Iterable[ServedTensor]) -> str:
    return ", ".join(tensor.name for tensor in tensors)
