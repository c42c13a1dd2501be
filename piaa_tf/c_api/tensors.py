"""Between numpy and the tensors of the C API, by copies."""

from __future__ import annotations

import ctypes
import math

import numpy as np
import tensorflow as tf

from piaa_tf.c_api.library import library

_STRING_SIZE = 24  # sizeof(TF_TString)
_STRING = tf.string.as_datatype_enum
_READ_WRITE = 0x200  # PyBUF_WRITE

_memory = ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int
)(("PyMemoryView_FromMemory", ctypes.pythonapi))


def new_tensor(array: np.ndarray) -> int:
    """Makes a tensor, which `delete_tensor` frees.

    Args:
        array: of numbers, truth values, or objects that are bytes.
    """
    c = library()
    dims = (ctypes.c_int64 * array.ndim)(*array.shape)
    if array.dtype == object:
        size = array.size * _STRING_SIZE
        tensor = c.TF_AllocateTensor(_STRING, dims, array.ndim, size)
        place = c.TF_TensorData(tensor)
        for content in array.reshape(-1):
            c.TF_StringInit(place)
            c.TF_StringCopy(place, content, len(content))
            place += _STRING_SIZE
        return tensor
    dtype = tf.as_dtype(array.dtype).as_datatype_enum
    tensor = c.TF_AllocateTensor(dtype, dims, array.ndim, array.nbytes)
    if array.size:
        memory = _memory(c.TF_TensorData(tensor), array.nbytes, _READ_WRITE)
        np.frombuffer(memory, array.dtype).reshape(array.shape)[...] = array
    return tensor


def array_of(tensor: int) -> np.ndarray:
    """Returns the content of a tensor; strings as objects that are bytes."""
    c = library()
    shape = [c.TF_Dim(tensor, axis) for axis in range(c.TF_NumDims(tensor))]
    dtype = c.TF_TensorType(tensor)
    if dtype == _STRING:
        array = np.empty(math.prod(shape), object)
        place = c.TF_TensorData(tensor)
        for position in range(array.size):
            array[position] = ctypes.string_at(
                c.TF_StringGetDataPointer(place), c.TF_StringGetSize(place)
            )
            place += _STRING_SIZE
        return array.reshape(shape)
    size = c.TF_TensorByteSize(tensor)
    content = ctypes.string_at(c.TF_TensorData(tensor), size) if size else b""
    return np.frombuffer(content, tf.as_dtype(dtype).as_numpy_dtype).reshape(shape)


def delete_tensor(tensor: int) -> None:
    """Frees a tensor and the strings in it."""
    c = library()
    if c.TF_TensorType(tensor) == _STRING:
        place = c.TF_TensorData(tensor)
        for offset in range(0, c.TF_TensorByteSize(tensor), _STRING_SIZE):
            c.TF_StringDealloc(place + offset)
    c.TF_DeleteTensor(tensor)
