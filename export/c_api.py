"""Loads a SavedModel as a model server does: by the C++ loader, through the C API.

`tf.saved_model.load` rebuilds Python objects; a server calls `LoadSavedModel` and runs
sessions. This reaches the same code in the libraries that the TensorFlow wheel brings.
Use it in a process of its own: an error in C ends the process.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

_STRING_SIZE = 24  # sizeof(TF_TString)
_INIT_SIGNATURE = "__saved_model_init_op"


class _Buffer(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    )


class _Output(ctypes.Structure):
    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


_POINTER, _TEXT, _SIZE, _INT = (
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.c_int,
)
_OUTPUTS, _POINTERS = ctypes.POINTER(_Output), ctypes.POINTER(_POINTER)
# The declarations of tensorflow/c/c_api.h and tf_tensor.h: result, arguments.
_DECLARATIONS = {
    "TF_NewStatus": (_POINTER, []),
    "TF_DeleteStatus": (None, [_POINTER]),
    "TF_GetCode": (_INT, [_POINTER]),
    "TF_Message": (_TEXT, [_POINTER]),
    "TF_NewGraph": (_POINTER, []),
    "TF_DeleteGraph": (None, [_POINTER]),
    "TF_NewSessionOptions": (_POINTER, []),
    "TF_SetConfig": (None, [_POINTER, _TEXT, _SIZE, _POINTER]),
    "TF_DeleteSessionOptions": (None, [_POINTER]),
    "TF_NewBuffer": (ctypes.POINTER(_Buffer), []),
    "TF_DeleteBuffer": (None, [ctypes.POINTER(_Buffer)]),
    "TF_LoadSessionFromSavedModel": (
        _POINTER,
        [
            *(_POINTER, _POINTER, _TEXT, ctypes.POINTER(_TEXT), _INT),
            *(_POINTER, ctypes.POINTER(_Buffer), _POINTER),
        ],
    ),
    "TF_CloseSession": (None, [_POINTER, _POINTER]),
    "TF_DeleteSession": (None, [_POINTER, _POINTER]),
    "TF_GraphOperationByName": (_POINTER, [_POINTER, _TEXT]),
    "TF_SessionRun": (
        None,
        [
            *(_POINTER, _POINTER, _OUTPUTS, _POINTERS, _INT),
            *(_OUTPUTS, _POINTERS, _INT, _POINTER, _INT, _POINTER, _POINTER),
        ],
    ),
    "TF_AllocateTensor": (
        _POINTER,
        [_INT, ctypes.POINTER(ctypes.c_int64), _INT, _SIZE],
    ),
    "TF_DeleteTensor": (None, [_POINTER]),
    "TF_TensorData": (_POINTER, [_POINTER]),
    "TF_TensorByteSize": (_SIZE, [_POINTER]),
    "TF_TensorType": (_INT, [_POINTER]),
    "TF_NumDims": (_INT, [_POINTER]),
    "TF_Dim": (ctypes.c_int64, [_POINTER, _INT]),
    "TF_StringInit": (None, [_POINTER]),
    "TF_StringCopy": (None, [_POINTER, _TEXT, _SIZE]),
    "TF_StringDealloc": (None, [_POINTER]),
}


def _library() -> ctypes.CDLL:
    """Loads the C API and declares the functions used here."""
    home = Path(tf.__file__).parent
    ctypes.CDLL(str(home / "libtensorflow_framework.so.2"), mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(str(home / "libtensorflow_cc.so.2"), mode=ctypes.RTLD_GLOBAL)
    for name, (result, arguments) in _DECLARATIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class ServingSession:
    """One loaded SavedModel.

    Attributes:
        signatures: every `SignatureDef` of the SavedModel, by key.
    """

    def __init__(
        self, directory: str | os.PathLike[str], *, optimize: bool = True
    ) -> None:
        """Loads graph, variables and tables.

        Args:
            directory: of the SavedModel.
            optimize: whether the graph of each signature is optimised at its first
                request, as in a server; that takes seconds.

        Raises:
            RuntimeError: The loader refuses it.
        """
        self._c = _library()
        self._status = self._c.TF_NewStatus()
        self._graph = self._c.TF_NewGraph()
        options = self._c.TF_NewSessionOptions()
        config = tf.compat.v1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = not optimize
        content = config.SerializeToString()
        self._c.TF_SetConfig(options, content, len(content), self._status)
        described = self._c.TF_NewBuffer()
        tags = (ctypes.c_char_p * 1)(tf.saved_model.SERVING.encode())
        self._session = self._c.TF_LoadSessionFromSavedModel(
            *(options, None, os.fsencode(directory), tags, 1),
            *(self._graph, described, self._status),
        )
        self._c.TF_DeleteSessionOptions(options)
        meta_graph = meta_graph_pb2.MetaGraphDef()
        try:
            self._check()
            content = ctypes.string_at(
                described.contents.data, described.contents.length
            )
            meta_graph.ParseFromString(content)
        finally:
            self._c.TF_DeleteBuffer(described)
        self.signatures = {
            key: signature
            for key, signature in meta_graph.signature_def.items()
            if key != _INIT_SIGNATURE
        }

    def run(self, key: str, inputs: Mapping[str, object]) -> dict[str, np.ndarray]:
        """Runs a signature.

        Args:
            key: of the signature.
            inputs: a value for every input, by name; bytes of any content for strings.

        Returns:
            Every output by name, none of them strings.

        Raises:
            RuntimeError: The session refuses the inputs or fails.
        """
        signature = self.signatures[key]
        if set(inputs) != set(signature.inputs):
            raise RuntimeError(
                f"{key} takes {sorted(signature.inputs)}. Got {sorted(inputs)}."
            )
        fed = [
            self._tensor(inputs[name], signature.inputs[name].dtype)
            for name in signature.inputs
        ]
        names = list(signature.outputs)
        answers = (_POINTER * len(names))()
        try:
            self._c.TF_SessionRun(
                *(self._session, None),
                *(self._places(signature.inputs.values()), _pointers(fed), len(fed)),
                *(self._places(signature.outputs.values()), answers, len(names)),
                *(None, 0, None, self._status),
            )
            self._check()
            return {n: self._array(a) for n, a in zip(names, answers)}
        finally:
            for tensor in [*fed, *filter(None, answers)]:
                self._delete(tensor)

    def close(self) -> None:
        """Frees the session and its variables."""
        self._c.TF_CloseSession(self._session, self._status)
        self._c.TF_DeleteSession(self._session, self._status)
        self._c.TF_DeleteGraph(self._graph)
        self._c.TF_DeleteStatus(self._status)

    def _check(self) -> None:
        if self._c.TF_GetCode(self._status) != 0:
            message = self._c.TF_Message(self._status).decode("utf-8", "replace")
            raise RuntimeError(message)

    def _places(self, infos: Iterable[meta_graph_pb2.TensorInfo]) -> ctypes.Array:
        """Finds the tensors that a signature names as `operation:index`."""
        places = []
        for info in infos:
            operation, index = info.name.rsplit(":", 1)
            found = self._c.TF_GraphOperationByName(self._graph, operation.encode())
            places.append(_Output(found, int(index)))
        return (_Output * len(places))(*places)

    def _tensor(self, value: object, dtype: int) -> int:
        kind = tf.dtypes.as_dtype(dtype)
        # As objects: numpy's own bytes lose zeros at their ends.
        array = np.asarray(value, object if kind == tf.string else kind.as_numpy_dtype)
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        size = array.size * _STRING_SIZE if kind == tf.string else array.nbytes
        tensor = self._c.TF_AllocateTensor(dtype, dims, array.ndim, size)
        data = self._c.TF_TensorData(tensor)
        if kind != tf.string:
            ctypes.memmove(data, np.ascontiguousarray(array).ctypes.data, size)
            return tensor
        for i, text in enumerate(array.reshape(-1)):
            content = text.encode() if isinstance(text, str) else text
            self._c.TF_StringInit(data + i * _STRING_SIZE)
            self._c.TF_StringCopy(data + i * _STRING_SIZE, content, len(content))
        return tensor

    def _delete(self, tensor: int) -> None:
        if self._c.TF_TensorType(tensor) == tf.string.as_datatype_enum:
            data = self._c.TF_TensorData(tensor)
            for place in range(0, self._c.TF_TensorByteSize(tensor), _STRING_SIZE):
                self._c.TF_StringDealloc(data + place)
        self._c.TF_DeleteTensor(tensor)

    def _array(self, tensor: int) -> np.ndarray:
        kind = tf.dtypes.as_dtype(self._c.TF_TensorType(tensor))
        dims = self._c.TF_NumDims(tensor)
        shape = [self._c.TF_Dim(tensor, i) for i in range(dims)]
        data = self._c.TF_TensorData(tensor)
        content = ctypes.string_at(data, self._c.TF_TensorByteSize(tensor))
        return np.frombuffer(content, kind.as_numpy_dtype).reshape(shape)


def _pointers(tensors: list[int]) -> ctypes.Array:
    return (_POINTER * len(tensors))(*tensors)
