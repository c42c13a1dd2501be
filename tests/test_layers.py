"""The import arrows of the project point down."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each place may import the places of lower rank, and itself.
RANKS = {
    "piaa_tf.version": 0,
    "piaa_tf.compatibility": 0,
    "piaa_tf.errors": 0,
    "piaa_tf.tensorflow_log": 0,
    "piaa_tf.ratings": 0.1,
    "piaa_tf.files": 0.2,
    "piaa_tf.presentation": 0.2,
    "piaa_tf.c_api": 0.3,
    "piaa_tf.contract": 0.5,
    "piaa_tf.photos": 0.5,
    "piaa_tf.data": 1,
    "piaa_tf.losses": 1,
    "piaa_tf.metrics": 1.2,
    "piaa_tf.models": 1.5,
    "piaa_tf.adaptation": 2,
    "piaa_tf.training": 3,
    "piaa_tf.evaluation": 4,
    "piaa_tf.album": 5,
    "piaa_tf.explain": 3.5,
    "export": 5,
    "serving": 5,
    "piaa_tf.library": 5.5,
    "piaa_tf.programs": 6,
    "examples": 7,
    "benchmarks": 7,
}
FORBIDDEN = [
    ("piaa_tf.models", "piaa_tf.data"),
    ("piaa_tf.data", "piaa_tf.metrics"),
    ("export", "piaa_tf.data"),
    ("export", "piaa_tf.training"),
    ("serving", "piaa_tf.models"),
    ("serving", "piaa_tf.data"),
    ("serving", "piaa_tf.adaptation"),
    ("serving", "piaa_tf.training"),
    ("serving", "piaa_tf.evaluation"),
    ("serving", "export"),
]
ROOMS_APART = [
    ("serving.client", "serving.server"),
    ("export.saved_model", "export.tflite"),
    ("piaa_tf.training.supervised", "piaa_tf.training.meta"),
]
"""Neighbours that share no import, in either direction."""


def place(module):
    """The entry of RANKS that a module belongs to, or None for foreign ones."""
    fitting = [p for p in RANKS if module == p or module.startswith(p + ".")]
    return max(fitting, key=len, default=None)


def imports_of(path):
    """The modules and packages that a file imports, or imports names of."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if is_source(inner) else node.module


def is_source(module):
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def arrows():
    for top in ("piaa_tf", "export", "serving", "examples", "benchmarks"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for imported in imports_of(path):
                yield module_name(path), imported


def test_every_module_has_a_place():
    for path in (ROOT / "piaa_tf").rglob("*.py"):
        name = module_name(path)
        assert name == "piaa_tf" or place(name), f"{name} is in no layer"


def test_imports_point_down():
    seen = 0
    for module, imported in arrows():
        here, there = place(module), place(imported)
        if here is None or there is None or here == there:
            continue
        seen += 1
        assert RANKS[here] > RANKS[there], f"{module} imports {imported}: upwards"
        assert (here, there) not in FORBIDDEN, f"{module} imports {imported}"
    assert seen > 10


def package_of(module):
    """The package in whose folder a module lies; a package is its own."""
    path = ROOT.joinpath(*module.split("."))
    return module if path.is_dir() else module.rpartition(".")[0]


def test_no_two_packages_import_each_other():
    graph = {}
    for module, imported in arrows():
        here, there = package_of(module), package_of(imported)
        if is_source(imported) and here != there and here != "piaa_tf":
            graph.setdefault(here, set()).add(there)
    assert len(graph) > 10
    cycle = find_cycle(graph)
    assert not cycle, " imports ".join(cycle)


def find_cycle(graph):
    """A path of packages that ends where it began, or nothing."""
    done = set()

    def follow(package, path):
        if package in path:
            return [*path[path.index(package) :], package]
        if package in done:
            return []
        found = (follow(n, [*path, package]) for n in sorted(graph.get(package, ())))
        cycle = next(filter(None, found), [])
        done.add(package)
        return cycle

    return next(filter(None, (follow(package, []) for package in sorted(graph))), [])


def test_a_cycle_is_found():
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}}) == []


@pytest.mark.parametrize(("one", "other"), ROOMS_APART)
def test_rooms_apart_share_no_import(one, other):
    for module, imported in arrows():
        for here, there in ((one, other), (other, one)):
            assert not (
                module.startswith(f"{here}.") and imported.startswith(f"{there}.")
            ), f"{module} imports {imported}"


def test_tensorflow_addons_is_imported_in_one_file():
    users = {m for m, i in arrows() if i.split(".")[0] == "tensorflow_addons"}
    assert users == {"piaa_tf.training.optimizers"}


@pytest.mark.parametrize(
    "module",
    [
        "piaa_tf",
        "piaa_tf.adaptation.taste",
        "piaa_tf.contract.signatures",
        "piaa_tf.contract.manifest",
        "piaa_tf.data.samples",
        "piaa_tf.models.config",
        "piaa_tf.programs.score",
        "serving.client.connection",
        "serving.client.request_limits",
        "serving.server.options",
        "serving.server.preflight",
    ],
)
def test_importing_loads_no_tensorflow(module):
    code = f"import sys, {module}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
