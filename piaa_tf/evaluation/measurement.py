"""What was measured of one system, in memory and on disk.

WORK/systems/KEY/results.csv     SROCC per n, user and repeat
                 scores.npz      predicted scores of the test images
                 traits.npz      predicted traits of the test likes
                 done.json       name and seconds; written last
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np

from piaa_tf.evaluation.results import Result, read_results, write_results
from piaa_tf.files.atomic_files import write_file


@dataclasses.dataclass(frozen=True, eq=False)
class Measurement:
    """One system, measured.

    Attributes:
        key: its name in `--systems`.
        name: its name in the tables.
        results: of all n, users and repeats; empty if it does not adapt.
        scores: predicted for the test images, `score` and perhaps `distribution`;
            empty if it predicts none.
        traits: predicted for the test likes, `traits`; empty if it predicts none.
        fit_s: seconds of `fit`, without those of a prior that an earlier system of this
            evaluation trained.
        adaptation_s: n -> seconds of a typical adaptation (the median).
    """

    key: str
    name: str
    results: list[Result]
    scores: dict[str, np.ndarray]
    traits: dict[str, np.ndarray]
    fit_s: float
    adaptation_s: dict[int, float]

    def of(self, num_images: int) -> list[Result]:
        """Returns the results of one n."""
        return [r for r in self.results if r.num_images == num_images]

    def save(self, directory: Path) -> None:
        """Writes the folder; it counts as done once done.json exists."""
        write_results(directory / "results.csv", self.results)
        for name in ("scores", "traits"):
            np.savez(directory / f"{name}.npz", **getattr(self, name))
        done = {
            "key": self.key,
            "name": self.name,
            "fit_s": self.fit_s,
            "adaptation_s": self.adaptation_s,
        }
        write_file(directory / "done.json", json.dumps(done, indent=2))


def load_measurement(directory: str | os.PathLike[str]) -> Measurement | None:
    """Reads what `Measurement.save` wrote; None if it is missing or incomplete."""
    directory = Path(directory)
    if not (directory / "done.json").exists():
        return None
    done = json.loads((directory / "done.json").read_text(encoding="utf-8"))
    arrays = {}
    for name in ("scores", "traits"):
        with np.load(directory / f"{name}.npz", allow_pickle=False) as file:
            arrays[name] = dict(file)
    return Measurement(
        key=done["key"],
        name=done["name"],
        results=read_results(directory / "results.csv"),
        **arrays,
        fit_s=done["fit_s"],
        adaptation_s={int(n): s for n, s in done["adaptation_s"].items()},
    )
