"""What may be imported of the two rooms, and what that costs."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("serving.client", "serving.server")


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_there_and_no_other(room):
    package = importlib.import_module(room)
    assert sorted(package.__all__) == package.__all__
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match=f"'{room}' has no attribute 'Nobody'"):
        _ = package.Nobody


@pytest.mark.parametrize(
    ("statement", "loads_tensorflow"),
    [
        ("import serving.client, serving.server", False),
        ("from serving.client import CallError, Connection, RequestLimits", False),
        ("from serving.server import ANY_FREE_PORT, ServerOptions", False),
        ("from serving.client import Client, Connection", True),
        ("from serving.server import Server", True),
    ],
)
def test_an_import_says_nothing_and_loads_what_it_needs(statement, loads_tensorflow):
    code = f"{statement}; import sys; print('tensorflow' in sys.modules)"
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr) == (str(loads_tensorflow), "")
