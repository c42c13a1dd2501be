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
    ranked, scored = (
        table(tmp_path / "album" / name) for name in ("ranking.csv", "scores.csv")
    )
    assert ranked.keys() == scored.keys()
    for image, row in ranked.items():
        assert row["known_user"] == scored[image]["known_user"] == "true"
        assert abs(float(row["score"]) - float(scored[image]["score"])) < 1e-4


def table(path):
    with path.open(newline="") as file:
        return {row["image"]: row for row in csv.DictReader(file)}
