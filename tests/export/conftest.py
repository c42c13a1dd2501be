"""Exports that many tests ask, each written once."""

import pytest
from conformance_table import ROWS, CApiProcess, World
from served_columns import Servers


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    """Gives the row of a name, exported when it is first asked for."""
    made = {}

    def world(name):
        if name not in made:
            made[name] = World(ROWS[name], tmp_path_factory.mktemp("world"))
        return made[name]

    return world


@pytest.fixture(scope="session")
def c_api():
    process = CApiProcess()
    yield process
    process.close()


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    servers = Servers(tmp_path_factory.mktemp("served"))
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def jpegs(tiny_gallery):
    """The bytes of a few photos."""
    paths = sorted((tiny_gallery / "photos").rglob("*.jpg"))
    return [path.read_bytes() for path in paths[:7]]
