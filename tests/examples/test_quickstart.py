import csv
import importlib
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_tour_goes_the_whole_line(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(EXAMPLES)
    quickstart = importlib.import_module("quickstart")
    config = quickstart.QuickstartConfig(run_dir=str(tmp_path), is_tiny=True, repeats=1)
    quickstart.run(config)
    for name in (
        "gallery.png",
        "users.png",
        "networks.png",
        "album/ranking.html",
    ):
        assert (tmp_path / name).stat().st_size > 5000
    with (tmp_path / "album" / "ranking.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["known_user"] for row in rows} == {"true"}
