"""Data sets by name: what `--dataset=NAME --data_dir=DIR` loads."""

from __future__ import annotations

import os
from pathlib import Path

from piaa_tf.contract import InputError
from piaa_tf.data import folder, gallery
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions

DEFAULT_DIRECTORIES = {"gallery": "runs/gallery"}
LOADERS = {"folder": folder.load, "gallery": gallery.load}


def load(
    dataset: str, kind: type, data_dir: str | os.PathLike[str] | None, split: str
) -> ScoreDistributions | LikedImages | PersonalRatings:
    """Loads one kind of samples of one split of a data set.

    Args:
        dataset: a key of `LOADERS`.
        kind: `ScoreDistributions`, `LikedImages` or `PersonalRatings`.
        data_dir: where the set lies; may be None for the gallery, which is rendered
            into runs/gallery when it is not there.
        split: "train", "validation" or "test".

    Returns:
        The samples, of the asked kind.

    Raises:
        InputError: The name is unknown, the directory is not given, or the set is
            broken or has no such samples.
    """
    if dataset not in LOADERS:
        raise InputError(f"dataset must be one of {sorted(LOADERS)}. Got {dataset!r}.")
    data_dir = data_dir or DEFAULT_DIRECTORIES.get(dataset)
    if data_dir is None:
        raise InputError(
            f"The data set {dataset!r} lies on disk: its directory must be given. "
            "Got none. Pass --data_dir=DIR."
        )
    return LOADERS[dataset](kind, Path(data_dir), split)
