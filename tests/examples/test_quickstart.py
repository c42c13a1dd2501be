import csv
import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "examples" / "quickstart.py"


@pytest.fixture(scope="module")
def quickstart():
    spec = importlib.util.spec_from_file_location("quickstart", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tour_goes_the_whole_line(quickstart, tmp_path):
    config = quickstart.QuickstartConfig(run_dir=str(tmp_path), is_tiny=True, repeats=1)
    quickstart.run(config)
    for name in ("gallery.png", "users.png", "album/ranking.html"):
        assert (tmp_path / name).stat().st_size > 5000
    with (tmp_path / "album" / "ranking.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["known_user"] for row in rows} == {"true"}
