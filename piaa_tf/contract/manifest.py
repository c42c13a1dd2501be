"""What an export says about itself: `manifest.json`, beside the files it describes.

Written with every export and read back by whoever loads it: a server, a phone's twin,
the next export. Like the contract it needs no TensorFlow.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from piaa_tf.contract.signatures import (
    CONTRACT_VERSION,
    Signature,
    served_signatures,
)
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

MANIFEST_NAME = "manifest.json"


@dataclasses.dataclass(frozen=True)
class Adaptation:
    """The inner loop inside an export; constants, so that no client can hang a worker.

    Attributes:
        steps: S.
        rate: alpha.
        max_support: N_max, how many ratings of a user are adapted to at most.
    """

    steps: int
    rate: float
    max_support: int

    def __post_init__(self) -> None:
        """Checks the numbers."""
        if self.steps < 1 or self.max_support < 1 or not self.rate > 0:
            raise InputError(
                "An adaptation needs steps and max_support >= 1 and a rate > 0. Got "
                f"{self.steps}, {self.max_support} and {self.rate}."
            )


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What is exported, for whom, and how it was made.

    Attributes:
        form: "saved_model", or that of a phone's file.
        precision: of the backbone: "float32", "mixed_bfloat16", or a quantisation.
        prior_kind: "pa_iaa" or "blg_piaa".
        prior_config: the model's config, as plain data.
        prior_checksum: identifies the prior.
        prior_metrics: what was measured on the prior.
        scope: which weights are the user's.
        adapted_by: how the tastes were learned, in words.
        rating_range: of ratings and scores.
        num_users: how many tastes are inside.
        user_id: the only user it serves; empty where it serves many.
        image_size: S, pixels of the network's square image.
        keep_aspect: whether images are cropped to the square instead of squeezed.
        embedding_size: D.
        num_weights: P, of one user.
        bin_scores: the score of each bin of the distribution; empty where there is
            none.
        traits: names of the traits; empty where there are none.
        adaptation: the inner loop.
        signatures: what can be asked, by name.
        files: SHA-256 of every file of the export but this one, by path.
        contract_version: of the contract that the export follows.
    """

    form: str
    precision: str
    prior_kind: str
    prior_config: dict[str, Any]
    prior_checksum: str
    prior_metrics: dict[str, float]
    scope: str
    adapted_by: str
    rating_range: RatingRange
    num_users: int
    user_id: str
    image_size: int
    keep_aspect: bool
    embedding_size: int
    num_weights: int
    bin_scores: tuple[float, ...]
    traits: tuple[str, ...]
    adaptation: Adaptation
    signatures: tuple[str, ...]
    files: dict[str, str]
    contract_version: int = CONTRACT_VERSION

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes that the letters of the contract's shapes stand for."""
        return {
            "bins": len(self.bin_scores),
            "D": self.embedding_size,
            "P": self.num_weights,
            "H": self.image_size,
            "W": self.image_size,
        }

    def served(self) -> dict[str, Signature]:
        """Returns the contract's signatures, as this prior has them."""
        return served_signatures(
            has_distribution=bool(self.bin_scores), has_traits=bool(self.traits)
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the manifest; the same manifest gives the same bytes."""
        content = json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True)
        Path(path).write_text(content + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Manifest:
        """Reads what `save` wrote.

        Raises:
            InputError: It is missing or broken, of another contract, or has unknown or
                missing keys.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"An export has a {MANIFEST_NAME} beside it. Got {path}: {reason}. "
                "Export again with piaa-export."
            ) from error
        found = values.get("contract_version") if isinstance(values, dict) else None
        if found != CONTRACT_VERSION:
            raise InputError(
                f"{path} must follow contract {CONTRACT_VERSION}. Got {found}. Export "
                "again, or use the release of piaa_tf that wrote it."
            )
        values = _checked(cls, values, path)
        for key, kind in (("rating_range", RatingRange), ("adaptation", Adaptation)):
            values[key] = kind(**_checked(kind, values[key], path))
        for key, value in values.items():
            values[key] = tuple(value) if isinstance(value, list) else value
        return cls(**values)

    def check_files(self, directory: str | os.PathLike[str]) -> None:
        """Compares the files of an export with their checksums.

        Raises:
            InputError: A file is missing, or has other content.
        """
        for name, checksum in self.files.items():
            path = Path(directory) / name
            found = file_checksum(path) if path.is_file() else "no such file"
            if found != checksum:
                raise InputError(
                    f"{path} must have the checksum {checksum[:12]} of "
                    f"{MANIFEST_NAME}. Got {found[:12]}. Copy the export again."
                )


def _checked(kind: type, values: Any, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Returns a dataclass's values, all of them and no others."""
    keys = {field.name for field in dataclasses.fields(kind)}
    found = set(values) if isinstance(values, dict) else set()
    if found != keys:
        raise InputError(
            f"A {kind.__name__} has the keys {sorted(keys)}. Got from {path} unknown "
            f"{sorted(found - keys)}, missing {sorted(keys - found)}."
        )
    return values


def file_checksum(path: str | os.PathLike[str]) -> str:
    """Returns the SHA-256 of a file."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def checksums(
    directory: str | os.PathLike[str], skip: Sequence[str] = (MANIFEST_NAME,)
) -> dict[str, str]:
    """Returns the SHA-256 of every file below a folder, by POSIX path.

    Args:
        directory: of an export.
        skip: paths to leave out.
    """
    root = Path(directory)
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    names = [path.relative_to(root).as_posix() for path in paths]
    return {n: file_checksum(p) for n, p in zip(names, paths) if n not in skip}
