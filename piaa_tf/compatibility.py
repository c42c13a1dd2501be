"""The one place that tells two TensorFlows apart: the default set, and today's.

The default set is TensorFlow 2.15 with its own Keras 2. From TensorFlow 2.16 on,
`tf.keras` is Keras 3, unless TF_USE_LEGACY_KERAS=1 says at its first use that it is
tf-keras, which keeps the Keras 2 API. Everything here is read from version numbers
and the environment; TensorFlow is not imported.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, MutableMapping
from importlib import metadata
from types import ModuleType

Versions = Callable[[str], str | None]

SWITCH = "TF_USE_LEGACY_KERAS"
ON = ("1", "true", "True")
"""The values of the switch that TensorFlow takes for on."""

DEFAULT_SET = "pip install 'tensorflow==2.15.1' 'keras<2.16'"


def use_keras_2(
    versions: Versions,
    environment: MutableMapping[str, str],
    tensorflow: ModuleType | None = None,
) -> None:
    """Makes `tf.keras` Keras 2 in this process and its children, or says why not.

    Args:
        versions: returns the installed version of a package, or None.
        environment: of the process; the switch is set in it where TensorFlow needs it.
        tensorflow: the module, if it has been imported already.

    Raises:
        ImportError: TensorFlow is older than 2.15, the Keras that it would load is not
            Keras 2, or tensorflow-addons is beside a TensorFlow that it does not know.
    """
    found = versions("tensorflow")
    if found is None:
        return
    if _minor(found) < (2, 15):
        raise ImportError(
            f"piaa_tf needs TensorFlow 2.15 or newer. Got tensorflow {found}. "
            f"Install the default set: {DEFAULT_SET}."
        )
    if _minor(found) == (2, 15):
        _check_own_keras(versions, environment)
    else:
        _check_legacy_keras(found, versions, environment)
        environment[SWITCH] = "1"
        _check_not_too_late(tensorflow)


def _minor(version: str) -> tuple[int, ...]:
    """Returns major and minor of a version, whatever follows them."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _check_own_keras(versions: Versions, environment: MutableMapping[str, str]) -> None:
    keras = versions("keras")
    if keras is not None and _minor(keras)[0] != 2:
        raise ImportError(
            f"piaa_tf needs the Keras 2 API. Got keras {keras}. "
            f"Install the default set: {DEFAULT_SET}."
        )
    if environment.get(SWITCH) in ON and versions("tf-keras") is None:
        raise ImportError(
            f"TensorFlow 2.15 has Keras 2 without {SWITCH}. Got "
            f"{SWITCH}={environment[SWITCH]} and no tf-keras. Unset it: unset {SWITCH}."
        )


def _check_legacy_keras(
    found: str, versions: Versions, environment: MutableMapping[str, str]
) -> None:
    addons = versions("tensorflow-addons")
    if addons is not None:
        raise ImportError(
            "tensorflow-addons ends at TensorFlow 2.15. Got tensorflow-addons "
            f"{addons} beside tensorflow {found}. Remove it: "
            "pip uninstall tensorflow-addons."
        )
    if environment.get(SWITCH, "1") not in ON:
        raise ImportError(
            f"piaa_tf needs the Keras 2 API, so {SWITCH} must be 1 or unset. "
            f"Got {SWITCH}={environment[SWITCH]}. Unset it: unset {SWITCH}."
        )
    if versions("tf-keras") is None:
        line = ".".join(map(str, _minor(found)))
        raise ImportError(
            "piaa_tf needs the Keras 2 API, which tf-keras has. Got tensorflow "
            f"{found} with keras {versions('keras')} and no tf-keras. "
            f"Install it: pip install 'tf-keras=={line}.*'."
        )


def _check_not_too_late(tensorflow: ModuleType | None) -> None:
    """Refuses a `tf.keras` whose first use has already made it another Keras."""
    if tensorflow is None:
        return
    home = tensorflow.keras.Model.__module__.split(".")[0]
    if home != "tf_keras":
        raise ImportError(
            "piaa_tf must be imported before tf.keras is used, which is Keras 3 "
            f"otherwise. Got a tf.keras of {home}. Import piaa_tf first, or set "
            f"{SWITCH}=1."
        )


def installed_version(package: str) -> str | None:
    """Returns the installed version of a package, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def use_keras_2_here() -> None:
    """Applies `use_keras_2` to this process and what is installed."""
    use_keras_2(installed_version, os.environ, sys.modules.get("tensorflow"))
