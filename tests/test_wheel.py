"""The package as somebody else gets it: a wheel, in an environment of its own."""

import csv
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("piaa_tf", "export", "serving")
PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"


def run(*command, cwd):
    """Returns what a command prints outside the tree, without a path into the tree."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    result = subprocess.run(
        [str(part) for part in command],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of programs of an environment with the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    # Building writes beside the sources.
    source = folder / "source"
    for name in ROOMS:
        shutil.copytree(
            ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip"]
    offline = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    run(
        *[*pip, "wheel", *offline, "--no-build-isolation"],
        *[f"--wheel-dir={folder}", source],
        cwd=folder,
    )
    environment = folder / "environment"
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    packages = run(programs / "python", "-c", PACKAGES, cwd=folder).strip()
    # What a .pth file adds is searched after what is installed, and its own .pth
    # files, an editable install's among them, are not read.
    Path(packages, "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (wheel,) = folder.glob("*.whl")
    run(*pip, f"--python={environment}", "install", *offline, wheel, cwd=folder)
    return programs


def test_the_three_packages_come_from_the_wheel(installed, tmp_path):
    printing = "; ".join(f"import {room}; print({room}.__file__)" for room in ROOMS)
    places = run(installed / "python", "-c", printing, cwd=tmp_path).splitlines()
    assert len(places) == len(ROOMS)
    assert all(Path(place).is_relative_to(installed.parent) for place in places)


def test_data_files_come_with_the_wheel(installed):
    (packages,) = installed.parent.rglob("site-packages")
    expected = [
        path.relative_to(ROOT)
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".py")
    ]
    assert {"py.typed", "ava_missing.txt", "models.config"} <= {
        path.name for path in expected
    }
    assert [path for path in expected if not (packages / path).is_file()] == []


def test_an_installed_program_ranks_an_album(
    installed, tiny_prior, tiny_gallery, tmp_path
):
    photos = tmp_path / "photos"
    photos.mkdir()
    for path in sorted((tiny_gallery / "photos").rglob("*.jpg"))[:3]:
        shutil.copy(path, photos)
    run(
        installed / "piaa-rank",
        f"--prior={tiny_prior}",
        f"--photos={photos}",
        f"--out={tmp_path}/ranking",
        cwd=tmp_path,
    )
    with (tmp_path / "ranking" / "ranking.csv").open(newline="") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file)]
    assert len(scores) == 3
    assert np.isfinite(scores).all()
