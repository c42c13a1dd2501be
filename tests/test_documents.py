"""What Sphinx does not check: the pages outside docs, and what must not be left out."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


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


def test_every_python_that_is_installed_on_is_in_the_table():
    setup, table = ((ROOT / name).read_text() for name in ("setup.py", "BUILD.md"))
    low, high = re.search(r'python_requires=">=3\.(\d+),<3\.(\d+)"', setup).groups()
    tried = re.findall(r"^\| ((?:3\.\d+(?:, )?)+) \| 2\.", table, re.M)
    minors = {int(minor) for row in tried for minor in re.findall(r"3\.(\d+)", row)}
    assert minors == set(range(int(low), int(high)))
