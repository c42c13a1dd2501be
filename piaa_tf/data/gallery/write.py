"""A gallery on disk: ordinary JPEGs and CSV files that a person can look at.

OUT/photos/012/012345.jpg          named by the number of the scene
OUT/<split>/ratings.csv, scores.csv, likes.csv      as `folder` reads them
OUT/users.csv                      everybody's split, Big Five, mean and spread
OUT/attributes.csv                 content and latent attributes of every photo
OUT/truth.csv                      noiseless scores of validation and test users
OUT/gallery.json                   the config, and that all this is simulated
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from piaa_tf.data import folder
from piaa_tf.data.csv_table import write_table
from piaa_tf.data.gallery.config import GalleryConfig, SplitSizes, TasteShares
from piaa_tf.data.gallery.photos import photo_name, write_photos
from piaa_tf.data.gallery.raters import BIN_SCORES, RATING_RANGE
from piaa_tf.data.gallery.scene import ATTRIBUTES, draw_scene
from piaa_tf.data.gallery.survey import SplitAnswers, take_survey
from piaa_tf.data.samples import (
    AnySamples,
    LikedImages,
    PersonalRatings,
    ScoreDistributions,
)
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import atomic_folder
from piaa_tf.ratings import TRAITS

VERSION = 1
"""Changes whenever the same config gives other photos or answers."""


def write_gallery(
    out_dir: str | os.PathLike[str],
    config: GalleryConfig | None = None,
    num_processes: int | None = None,
) -> Path:
    """Renders a gallery into a folder, all of it or nothing.

    The folder appears by one rename when everything is in it. The same config gives
    the same tables and pixels, whatever the number of processes. The default one
    takes about 50 s on two cores.

    Args:
        out_dir: the folder to make; if it holds this very gallery, nothing is done.
        config: sizes, seed and taste; None for the defaults.
        num_processes: processes that render; None for as many as there are cores. A
            script that calls this with more than one needs the usual
            `if __name__ == "__main__":`.

    Returns:
        `out_dir` as a path.

    Raises:
        InputError: `out_dir` holds something else, or the processes died.
    """
    config, out = config or GalleryConfig(), Path(out_dir)
    if _is_written(out, config):
        logging.info("gallery %s is there already", out)
        return out
    logging.info("gallery %s: drawing scenes, asking people", out)
    answers = take_survey(config)
    indices = np.concatenate([split.photos() for split in answers.values()])
    try:
        with atomic_folder(out) as part:
            write_photos(part / "photos", config, indices.tolist(), num_processes)
            _write_tables(part, config, answers, indices.tolist())
            with contextlib.suppress(OSError):  # an empty folder makes way
                out.rmdir()
    except FileExistsError as error:
        raise InputError(
            f"Nothing else may write {out} at the same time. Got {error.strerror}. "
            "Remove it or choose another folder."
        ) from error
    logging.info("gallery %s written: %d photos", out, len(indices))
    return out


def read_description(gallery_dir: str | os.PathLike[str]) -> Mapping[str, Any]:
    """Reads gallery.json.

    Raises:
        InputError: There is none, or it is not one.
    """
    path = Path(gallery_dir) / "gallery.json"
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"A written gallery has a gallery.json. Got none at {path}. "
            "Write one with write_gallery."
        ) from error
    except ValueError as error:
        raise InputError(f"{path} must be JSON. Got: {error}.") from error
    if not isinstance(described, dict) or "config" not in described:
        raise InputError(f"{path} must describe a gallery. Got no config in it.")
    return described


def read_config(gallery_dir: str | os.PathLike[str]) -> GalleryConfig:
    """Reads what a written gallery was made from.

    Raises:
        InputError: There is no gallery, or it was written by another version.
    """
    described = read_description(gallery_dir)
    if described.get("version") != VERSION:
        raise InputError(
            f"{gallery_dir} must be a gallery of version {VERSION}. "
            f"Got {described.get('version')!r}. Write it again."
        )
    config: dict[str, Any] = dict(described["config"])
    config["shares"] = TasteShares(**config["shares"])
    for split in SPLITS:
        config[split] = SplitSizes(**config[split])
    return GalleryConfig(**config)


def load(
    kind: type[AnySamples], data_dir: str | os.PathLike[str], split: str
) -> AnySamples:
    """Loads samples of a gallery; renders the default one where there is none yet.

    Args:
        kind: `ScoreDistributions`, `LikedImages` or `PersonalRatings`.
        data_dir: a gallery of any config, or where to write the default one.
        split: "train", "validation" or "test".

    Returns:
        The samples.

    Raises:
        InputError: `data_dir` holds something else, or the split is unknown.
    """
    if not (Path(data_dir) / "gallery.json").exists():
        write_gallery(data_dir)
    return folder.load(kind, data_dir, split)


def _is_written(out: Path, config: GalleryConfig) -> bool:
    """Checks whether this very gallery is there; refuses to replace anything else."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    if not (out / "gallery.json").exists():
        raise InputError(
            f"A gallery is written into a new or empty folder. Got {out}, which holds "
            "something else. Choose another folder."
        )
    described = read_description(out)
    differences = list(config.differences(described["config"]))
    if described.get("version") != VERSION:
        differences.append("version")
    if differences:
        raise InputError(
            f"{out} must not hold another gallery. Got one that differs in "
            f"{', '.join(differences)}. Choose another folder or remove it."
        )
    return True


def _write_tables(
    part: Path,
    config: GalleryConfig,
    answers: Mapping[str, SplitAnswers],
    indices: list[int],
) -> None:
    """Writes everything but the photos."""
    _write_samples(part, answers)
    _write_people(part, answers)
    _write_truth(part, config, answers, indices)
    described = {"simulated": True, "version": VERSION, "config": asdict(config)}
    text = json.dumps(described, indent=2) + "\n"
    (part / "gallery.json").write_text(text, encoding="utf-8")


def _write_samples(part: Path, answers: Mapping[str, SplitAnswers]) -> None:
    """Writes what readers of any folder read."""
    photos = part / "photos"
    for (split, said), users, likers in zip(
        answers.items(), _names(answers, "u"), _names(answers, "p")
    ):
        scored = ScoreDistributions(
            photos=photos,
            images=[photo_name(index) for index in said.scored],
            counts=said.counts,
            bin_scores=BIN_SCORES,
        )
        folder.write_scores(part / split / "scores.csv", scored)
        liked = LikedImages(
            photos=photos,
            images=[photo_name(index) for index in said.liked.ravel()],
            users=np.repeat(likers, said.liked.shape[1]).tolist(),
            traits=np.repeat(said.likers.traits, said.liked.shape[1], axis=0),
        )
        folder.write_likes(part / split / "likes.csv", liked)
        rated = PersonalRatings(
            photos=photos,
            images=[photo_name(index) for index in said.rated.ravel()],
            users=np.repeat(users, said.rated.shape[1]).tolist(),
            ratings=said.ratings.ravel(),
            rating_range=RATING_RANGE,
        )
        folder.write_ratings(part / split / "ratings.csv", rated)


def _write_people(part: Path, answers: Mapping[str, SplitAnswers]) -> None:
    rows = []
    for letter in "up":
        for (split, said), names in zip(answers.items(), _names(answers, letter)):
            people = said.users if letter == "u" else said.likers
            for i, name in enumerate(names):
                numbers = [*people.traits[i], people.means[i], people.spreads[i]]
                rows.append([name, split, *(f"{number:.4f}" for number in numbers)])
    columns = ["user_id", "split", *TRAITS, "mean", "spread"]
    write_table(part / "users.csv", columns, rows)


def _write_truth(
    part: Path,
    config: GalleryConfig,
    answers: Mapping[str, SplitAnswers],
    indices: list[int],
) -> None:
    """Writes what no real data set knows: the latent attributes and scores."""
    scenes = [draw_scene(config.seed, index) for index in indices]
    write_table(
        part / "attributes.csv",
        ["image", "content", *ATTRIBUTES],
        (
            [photo_name(s.index), s.content, *(f"{a:.4f}" for a in s.attributes())]
            for s in scenes
        ),
    )
    rows = []
    for (split, said), names in zip(answers.items(), _names(answers, "u")):
        if split == "train":
            continue
        for i, name in enumerate(names):
            for index, score, shared in zip(
                said.rated[i], said.scores[i], said.shared[i]
            ):
                rows.append(
                    [name, photo_name(index), split, f"{score:.5f}", f"{shared:.5f}"]
                )
    columns = ["user_id", "image", "split", "score", "shared_score"]
    write_table(part / "truth.csv", columns, rows)


def _names(answers: Mapping[str, SplitAnswers], letter: str) -> list[list[str]]:
    """Names the users ("u") or likers ("p") of each split: u0001, u0002, ..."""
    names, start = [], 1
    for said in answers.values():
        count = len(said.users if letter == "u" else said.likers)
        names.append([f"{letter}{start + i:04d}" for i in range(count)])
        start += count
    return names
