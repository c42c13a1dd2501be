"""A typed client of TensorFlow Serving, or of the embedded server."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from piaa_tf.tensorflow_log import tensorflow_notes_hidden

if TYPE_CHECKING:
    from serving.client.call_error import CallError
    from serving.client.client import Client
    from serving.client.connection import Connection, Retries
    from serving.client.request_limits import RequestLimits
    from serving.client.uploads import upload_bytes

__all__ = [
    "CallError",
    "Client",
    "Connection",
    "RequestLimits",
    "Retries",
    "upload_bytes",
]

_MODULES = {
    "CallError": "call_error",
    "Client": "client",
    "Connection": "connection",
    "RequestLimits": "request_limits",
    "Retries": "connection",
    "upload_bytes": "uploads",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for, and TensorFlow only if that needs it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with tensorflow_notes_hidden():
        module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    return getattr(module, name)
