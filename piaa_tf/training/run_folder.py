"""A run's folder: self-describing, resumable, never half of two runs.

runs/NAME/  config.json  splits/  checkpoints/  metrics.jsonl  tensorboard/  prior/
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from piaa_tf.data.samples import Samples
from piaa_tf.data.splits import write_split
from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import write_file


class RunFolder:
    """The files of one run, whose config has been written or found to be the same."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        config: Mapping[str, Any],
        *,
        may_change: tuple[str, ...] = (),
        write: bool = True,
        flag: str = "run_dir",
    ) -> None:
        """Opens a new run or one to be continued.

        A run that has not finished its first step may be started again with another
        config and other data.

        Args:
            path: the folder; made if missing.
            config: what the run depends on, as plain data.
            may_change: keys that may differ in a continued run.
            write: whether this process writes the run's files (the chief does).
            flag: the flag that names the folder.

        Raises:
            InputError: The folder holds a run of another config; the first
                differences are named.
        """
        self.path, self._flag = Path(path), flag
        self.checkpoints = self.path / "checkpoints"
        self.metrics = self.path / "metrics.jsonl"
        self.tensorboard = self.path / "tensorboard"
        self.prior = self.path / "prior"
        self.splits = self.path / "splits"
        self._is_writer = write
        described = self.path / "config.json"
        wanted = json.loads(json.dumps(dict(config)))
        if described.exists():
            has_results = self._has_results()
            self._check_same(described, wanted, may_change, has_results)
            if write and not has_results:
                shutil.rmtree(self.splits, ignore_errors=True)
        if write:
            write_file(described, json.dumps(wanted, indent=2, sort_keys=True) + "\n")

    def _check_same(
        self,
        described: Path,
        wanted: dict[str, Any],
        may_change: tuple[str, ...],
        has_results: bool,
    ) -> None:
        try:
            found = json.loads(described.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise InputError(
                f"{described} must be a run's config. Got: {error}. "
                f"Name another --{self._flag}."
            ) from error
        differences = [
            f"{key} {wanted.get(key)!r} where the run has {found.get(key)!r}"
            for key in sorted({*wanted, *found} - set(may_change))
            if wanted.get(key) != found.get(key)
        ]
        # A run that failed before its first step has nothing to be consistent with.
        if differences and (found.keys() != wanted.keys() or has_results):
            raise InputError(
                f"A run is continued with the config it was begun with. Got for "
                f"{self.path}: {'; '.join(differences[:5])}. "
                f"Name another --{self._flag}, or delete this one."
            )

    def _has_results(self) -> bool:
        plans = (self.path / "config.json", self.splits, self.tensorboard)
        return any(
            path.is_file() and not any(path.is_relative_to(plan) for plan in plans)
            for path in self.path.rglob("*")
        )

    def write_split(self, name: str, samples: Samples) -> None:
        """Lists the images and users of samples of the run, if this process writes.

        Raises:
            InputError: The run was begun with others.
        """
        if self._is_writer:
            write_split(self.splits, name, samples)

    def write_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Appends one line of numbers to metrics.jsonl."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
