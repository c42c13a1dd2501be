"""Runs a phone's file on this machine: with TensorFlow, or without it.

The standalone runtime (`pip install ai-edge-litert`) is the one that phones have. It
is used where it is installed; otherwise TensorFlow's own is.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import numpy as np


def _standalone() -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter


def _tensorflow() -> Any:
    import tensorflow as tf

    return tf.lite.Interpreter


RUNTIMES = {"ai_edge_litert": _standalone, "tensorflow": _tensorflow}
"""By the package that must be installed, the one of phones first."""


def installed_runtimes() -> list[str]:
    """Names the runtimes of this machine."""
    return [name for name in RUNTIMES if importlib.util.find_spec(name)]


class PhoneFile:
    """One `.tflite` file, asked by signature.

    Attributes:
        signatures: name -> {"inputs": names, "outputs": names}.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        runtime: str | None = None,
        num_threads: int = 1,
    ) -> None:
        """Loads the file.

        Args:
            path: of the file.
            runtime: one of `RUNTIMES`; the first installed one if None.
            num_threads: more than one is faster for a large network, and slower for
                `adapt`, whose many small steps would wait for each other.
        """
        interpreter_class = RUNTIMES[runtime or installed_runtimes()[0]]()
        self._interpreter = interpreter_class(
            model_path=os.fspath(path), num_threads=num_threads
        )
        # TensorFlow 2.15 does not use its fast kernels unless this comes first.
        self._interpreter.allocate_tensors()
        self.signatures = self._interpreter.get_signature_list()
        self._runners = {
            name: self._interpreter.get_signature_runner(name)
            for name in self.signatures
        }

    def __call__(self, signature: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Asks a signature; inputs and outputs go by their names in the contract."""
        return self._runners[signature](**inputs)
