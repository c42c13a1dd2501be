"""Reads the tensors of a .pth or .pt file, without PyTorch and without running it.

A pickle may run any code when it is read. Here only ordered dictionaries, tensors and
their storages are let through, so a file from anywhere is safe to try. Both forms of
`torch.save` are read: the zip archive, and the older row of pickles.
"""

from __future__ import annotations

import collections
import io
import math
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from piaa_tf.errors import InputError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",  # the high halves of float32
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_WRAPPERS = ("state_dict", "model", "model_state_dict")
"""Where training programs keep the weights among other things."""

_DATA_PARALLEL = "module."


@dataclass
class _Storage:
    """Numbers that tensors are views of; filled when their bytes are read."""

    kind: str
    count: int
    numbers: np.ndarray | None = None

    def fill(self, content: bytes) -> None:
        numbers = np.frombuffer(content, _DTYPES[self.kind])
        if len(numbers) < self.count:
            raise ValueError(f"a storage of {len(numbers)} numbers, not {self.count}")
        if self.kind == "BFloat16Storage":
            numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
        self.numbers = numbers


@dataclass
class _Tensor:
    """A view of a storage, not yet resolved."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> np.ndarray:
        numbers = self.storage.numbers
        if numbers is None:
            raise ValueError("a tensor whose storage is not in the file")
        # Shape and strides are the file's word; nothing beyond its numbers is read.
        last = self.offset + sum(
            (n - 1) * s for n, s in zip(self.shape, self.strides, strict=True)
        )
        if min((*self.shape, *self.strides, self.offset), default=0) < 0:
            raise ValueError("a tensor of a negative size, stride or offset")
        if math.prod(self.shape) == 0:
            return np.zeros(self.shape, numbers.dtype)
        if last >= len(numbers):
            raise ValueError("a tensor that reaches beyond its storage")
        view = np.lib.stride_tricks.as_strided(
            numbers[self.offset :],
            self.shape,
            [s * numbers.itemsize for s in self.strides],
            writeable=False,
        )
        return view.copy()


class _Unpickler(pickle.Unpickler):
    """Admits ordered dictionaries, tensors and storages."""

    def __init__(self, file: io.BytesIO, storage: Callable[..., _Storage]) -> None:
        super().__init__(file, encoding="utf-8")
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name in (
            "_rebuild_tensor_v2",
            "_rebuild_tensor",
        ):
            return _rebuilt
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, saved_id: Any) -> _Storage:
        if not isinstance(saved_id, tuple) or saved_id[:1] != ("storage",):
            raise pickle.UnpicklingError("something other than a storage")
        return self._storage(*saved_id[1:])


def _rebuilt(
    storage: _Storage,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: Any,
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def read_torch_file(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Reads a state dict, as `torch.save(model.state_dict(), path)` writes it.

    Args:
        path: a .pth or .pt file, of either form. A checkpoint that keeps the weights
            under `state_dict`, `model` or `model_state_dict` does as well.

    Returns:
        Tensor name -> array, without a prefix "module." that all names share.

    Raises:
        InputError: The file cannot be read, or holds anything but numbers and tensors.
    """
    path = Path(path)
    try:
        found = _read_zip(path) if zipfile.is_zipfile(path) else _read_legacy(path)
        tensors = _state_dict(found)
        return {name: tensor.array() for name, tensor in tensors.items()}
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} must hold tensors and no other objects, which could run code. Got "
            f"{error}. Save model.state_dict() where PyTorch is installed."
        ) from error
    except (
        *(OSError, EOFError, ValueError, KeyError, IndexError, TypeError),
        *(AttributeError, struct.error, zipfile.BadZipFile, MemoryError, OverflowError),
    ) as error:
        raise InputError(
            f"{path} must be a whole file of torch.save. Got: {error}. Copy it again."
        ) from error


def _read_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError("an archive without data.pkl")
        folder = pickles[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in names:
            order = archive.read(f"{folder}byteorder")
            if order != b"little":
                raise ValueError(f"byte order {order.decode('ascii', 'replace')}")
        storages: dict[str, _Storage] = {}

        def storage(kind: str, key: str, _location: str, count: int) -> _Storage:
            if key not in storages:
                storages[key] = _Storage(kind, count)
                storages[key].fill(archive.read(f"{folder}data/{key}"))
            return storages[key]

        return _Unpickler(io.BytesIO(archive.read(pickles[0])), storage).load()


def _read_legacy(path: Path) -> Any:
    storages: dict[str, _Storage] = {}

    def storage(
        kind: str, key: str, _location: str, count: int, _view: Any = None
    ) -> _Storage:
        return storages.setdefault(key, _Storage(kind, count))

    file = io.BytesIO(path.read_bytes())

    def load() -> Any:
        return _Unpickler(file, storage).load()

    if file.getbuffer()[:1].tobytes() != b"\x80" or load() != _LEGACY_MAGIC:
        raise ValueError("another kind of file")
    load()  # the version of the form
    load()  # the machine it was written on
    found = load()
    for key in load():
        (count,) = struct.unpack("<q", file.read(8))
        stored = storages[key]
        stored.fill(file.read(count * np.dtype(_DTYPES[stored.kind]).itemsize))
    return found


def _state_dict(found: Any) -> dict[str, _Tensor]:
    """Takes the tensors out of what was pickled."""
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
            break
    if not isinstance(found, Mapping) or not found:
        raise ValueError("no dictionary of tensors")
    for name, tensor in found.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise ValueError(f"{name!r}, which is not a tensor")
    if all(name.startswith(_DATA_PARALLEL) for name in found):
        found = {name.removeprefix(_DATA_PARALLEL): t for name, t in found.items()}
    return dict(found)
