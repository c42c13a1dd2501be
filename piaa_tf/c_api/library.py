"""The functions of TensorFlow's C API that are used here, declared for ctypes.

The libraries are those that the TensorFlow wheel brings and has loaded already.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

POINTER = ctypes.c_void_p
_TEXT, _SIZE, _INT = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int


class Buffer(ctypes.Structure):
    """TF_Buffer: bytes that TensorFlow owns."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    )


class Output(ctypes.Structure):
    """TF_Output: one of the tensors that an operation of a graph makes."""

    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


_OUTPUTS, _POINTERS = ctypes.POINTER(Output), ctypes.POINTER(POINTER)

# The declarations of tensorflow/c/c_api.h, tf_tensor.h and tf_tstring.h: result,
# arguments. Other threads go on during the long ones only: each quick one would let one
# of them in, and come back 5 ms later.
_QUICK = {
    "TF_NewStatus": (POINTER, []),
    "TF_DeleteStatus": (None, [POINTER]),
    "TF_GetCode": (_INT, [POINTER]),
    "TF_Message": (_TEXT, [POINTER]),
    "TF_NewGraph": (POINTER, []),
    "TF_NewSessionOptions": (POINTER, []),
    "TF_SetConfig": (None, [POINTER, _TEXT, _SIZE, POINTER]),
    "TF_DeleteSessionOptions": (None, [POINTER]),
    "TF_NewBuffer": (ctypes.POINTER(Buffer), []),
    "TF_NewBufferFromString": (ctypes.POINTER(Buffer), [_TEXT, _SIZE]),
    "TF_DeleteBuffer": (None, [ctypes.POINTER(Buffer)]),
    "TF_GraphOperationByName": (POINTER, [POINTER, _TEXT]),
    "TF_OperationNumOutputs": (_INT, [POINTER]),
    "TF_OperationOutputType": (_INT, [Output]),
    "TF_AllocateTensor": (POINTER, [_INT, ctypes.POINTER(ctypes.c_int64), _INT, _SIZE]),
    "TF_DeleteTensor": (None, [POINTER]),
    "TF_TensorData": (POINTER, [POINTER]),
    "TF_TensorByteSize": (_SIZE, [POINTER]),
    "TF_TensorType": (_INT, [POINTER]),
    "TF_NumDims": (_INT, [POINTER]),
    "TF_Dim": (ctypes.c_int64, [POINTER, _INT]),
    "TF_StringInit": (None, [POINTER]),
    "TF_StringCopy": (None, [POINTER, _TEXT, _SIZE]),
    "TF_StringDealloc": (None, [POINTER]),
    "TF_StringGetDataPointer": (POINTER, [POINTER]),
    "TF_StringGetSize": (_SIZE, [POINTER]),
}
_LONG = {
    "TF_LoadSessionFromSavedModel": (
        POINTER,
        [
            *(POINTER, ctypes.POINTER(Buffer), _TEXT, ctypes.POINTER(_TEXT), _INT),
            *(POINTER, ctypes.POINTER(Buffer), POINTER),
        ],
    ),
    "TF_SessionRun": (
        None,
        [
            *(POINTER, ctypes.POINTER(Buffer), _OUTPUTS, _POINTERS, _INT),
            *(_OUTPUTS, _POINTERS, _INT, POINTER, _INT, POINTER, POINTER),
        ],
    ),
    "TF_CloseSession": (None, [POINTER, POINTER]),
    "TF_DeleteSession": (None, [POINTER, POINTER]),
    "TF_DeleteGraph": (None, [POINTER]),
}


class Library:
    """The declared functions, as attributes."""

    def __init__(self) -> None:
        """Finds the libraries beside TensorFlow."""
        home = Path(tf.__file__).parent
        pattern = "{}.2.dylib" if sys.platform == "darwin" else "{}.so.2"
        framework = home / pattern.format("libtensorflow_framework")
        ctypes.CDLL(str(framework), mode=ctypes.RTLD_GLOBAL)
        path = str(home / pattern.format("libtensorflow_cc"))
        for kind, declarations in ((ctypes.PyDLL, _QUICK), (ctypes.CDLL, _LONG)):
            library = kind(path, mode=ctypes.RTLD_GLOBAL)
            for name, (result, arguments) in declarations.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
                setattr(self, name, function)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Returns one of the functions, whose types are declared above."""


library = functools.cache(Library)
"""Returns the library, which is loaded at the first call."""
