"""The embedded server of TensorFlow Serving's protocol, for one machine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from piaa_tf.tensorflow_log import tensorflow_notes_hidden

if TYPE_CHECKING:
    from serving.server.options import ANY_FREE_PORT, ServerOptions
    from serving.server.server import Server

__all__ = ["ANY_FREE_PORT", "Server", "ServerOptions"]

_MODULES = {"ANY_FREE_PORT": "options", "Server": "server", "ServerOptions": "options"}


def __getattr__(name: str) -> Any:
    """Imports what is asked for, and TensorFlow only if that needs it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with tensorflow_notes_hidden():
        module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    return getattr(module, name)
