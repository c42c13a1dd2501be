"""What `import piaa_tf` costs and offers."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import piaa_tf

ROOT = Path(__file__).parents[2]
HEAVY = (
    "tensorflow",
    "keras",
    "numpy",
    "PIL",
    "matplotlib",
    "scipy",
    "sklearn",
    "absl",
)


def test_importing_loads_nothing_heavy():
    code = (
        f"import sys, piaa_tf; sys.exit(str([m for m in {HEAVY} if m in sys.modules]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stderr.strip() == "[]"


def test_a_mistake_can_be_caught_without_tensorflow():
    code = "import sys, piaa_tf; piaa_tf.InputError; piaa_tf.RatingRange(1, 5); "
    code += "sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_every_public_name_is_there():
    assert set(piaa_tf._HOMES) == set(piaa_tf.__all__) - {"__version__"}
    assert dir(piaa_tf) == sorted(piaa_tf.__all__)
    for name, home in piaa_tf._HOMES.items():
        assert getattr(piaa_tf, name) is getattr(importlib.import_module(home), name)


def test_a_checker_sees_the_names_that_are_imported():
    tree = ast.parse((ROOT / "piaa_tf" / "__init__.py").read_text(encoding="utf-8"))
    [guard] = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name)
    ]
    seen = {alias.name: node.module for node in guard.body for alias in node.names}
    assert seen == piaa_tf._HOMES


def test_an_unknown_name_is_an_ordinary_error():
    with pytest.raises(AttributeError, match="'piaa_tf' has no attribute 'nothing'"):
        piaa_tf.nothing  # noqa: B018
