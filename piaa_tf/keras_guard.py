"""Refuses a Keras 3 before TensorFlow is imported."""

from __future__ import annotations

from importlib import metadata
from typing import Callable


def check(versions: Callable[[str], str | None]) -> None:
    """Raises unless the Keras that TensorFlow will load is of the 2.x line.

    Reads version numbers alone and imports neither package.

    Args:
        versions: gives the installed version of a package, or None.

    Raises:
        ImportError: The installed Keras is not of the 2.x line.
    """
    keras = versions("keras")
    if keras is not None and keras.split(".")[0] != "2":
        raise ImportError(
            f"piaa_tf needs the Keras 2 API. Got keras {keras}. "
            "Install the tested set: pip install 'tensorflow==2.15.1' 'keras<2.16'."
        )


def installed_version(package: str) -> str | None:
    """Returns the installed version of a package, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_installed() -> None:
    """Applies `check` to what is installed."""
    check(installed_version)
