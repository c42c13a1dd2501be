"""What Sphinx does not check: the pages outside docs, and what must not be left out."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "BUILD.md"


@pytest.mark.parametrize("page", ["README.md", "BUILD.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_program_is_in_the_reference():
    programs = re.findall(r"(piaa-[\w-]+) = ", (ROOT / "setup.py").read_text())
    reference = (ROOT / "docs" / "reference" / "programs.md").read_text()
    assert programs
    assert set(re.findall(r"^(piaa-[\w-]+)$", reference, re.M)) == set(programs)


def test_every_backbone_is_in_the_reference():
    folder = ROOT / "piaa_tf" / "models" / "backbones"
    names = re.findall(r'^    "(\w+)": Back', (folder / "catalog.py").read_text(), re.M)
    page = (ROOT / "docs" / "reference" / "backbones.md").read_text()
    assert len(names) > 5
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [name for name in names if f"`{name}`" not in BUILD.read_text()] == []


def test_every_package_has_its_place_in_the_house():
    house = (ROOT / "docs" / "explanation" / "house.md").read_text()
    packages = (path.parent for path in (ROOT / "piaa_tf").glob("*/**/__init__.py"))
    names = [".".join(path.relative_to(ROOT).parts) for path in packages]
    rooms = [n if n.count(".") == 1 else n.removeprefix("piaa_tf.") for n in names]
    assert len(rooms) > 20
    assert [room for room in rooms if f"`{room}`" not in house] == []


def test_every_python_that_is_installed_on_is_in_the_table():
    setup, table = (ROOT / "setup.py").read_text(), BUILD.read_text()
    low, high = re.search(r'python_requires=">=3\.(\d+),<3\.(\d+)"', setup).groups()
    tried = re.findall(r"^\| ((?:3\.\d+(?:, )?)+) \| 2\.", table, re.M)
    minors = {int(minor) for row in tried for minor in re.findall(r"3\.(\d+)", row)}
    assert minors == set(range(int(low), int(high)))
