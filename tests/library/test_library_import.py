"""What `import piaa_tf` costs and offers."""

import ast
import importlib
import shutil
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


def test_the_package_shows_statements_that_run(
    tiny_prior, album, rows, tmp_path, monkeypatch, capsys
):
    shutil.copytree(
        tiny_prior, tmp_path / "runs" / "quickstart" / "multitask" / "prior"
    )
    shutil.copytree(album, tmp_path / "album")
    lines = [",".join(map(str, row)) for row in rows]
    table = "\n".join(["user_id,image,rating", *lines])
    (tmp_path / "ratings.csv").write_text(table + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shown = [line[4:] for line in piaa_tf.__doc__.splitlines() if line[:4] == "    "]
    names = {}
    exec("\n".join(shown), names)
    assert capsys.readouterr().out.startswith(names["ranking"][0].image)
    assert names["tastes"].user_ids == ("anna",)
    assert len(names["own"]) == len(names["generic"]) == 1
    assert (tmp_path / "ranking" / "ranking.html").exists()
    assert (tmp_path / "why.png").exists()
