"""Who and what is for training, validation and test; and what two of them share.

A split is a list that was published, or a rule that draws by name: the same name falls
into the same part on every machine, whatever else is there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
from absl import logging

from piaa_tf.data.samples import Samples
from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import write_file

SPLITS = ("train", "validation", "test")
EVERYTHING = "all"
"""Asks a loader for what is in all splits, and between them."""

LISTS = Path(__file__).parent / "datasets" / "lists"
IMAGES, USERS = "images.txt", "users.txt"


def check_split(split: str) -> None:
    """Refuses what is not a split."""
    if split not in (*SPLITS, EVERYTHING):
        raise InputError(f"split must be one of {', '.join(SPLITS)}. Got {split!r}.")


def drawn(
    names: Sequence[str], *, validation: float = 0.05, test: float = 0.1, seed: int = 0
) -> np.ndarray:
    """Draws the split of each name by a hash of it.

    >>> drawn(["a", "b", "a"], validation=0.2, test=0.3).tolist()
    ['train', 'validation', 'train']

    Args:
        names: of users or images, [N]; the same name gets the same split.
        validation: share of the names, about. The defaults are those of the sets whose
            split was not published.
        test: share of the names, about.
        seed: of the draw.

    Returns:
        [N] of `SPLITS`.
    """
    place_of = {name: _place(f"{seed}/{name}") for name in set(names)}
    places = np.array([place_of[name] for name in names])
    splits = np.full(len(names), "train", dtype="<U10")
    splits[places < test + validation] = "validation"
    splits[places < test] = "test"
    return splits


def _place(text: str) -> float:
    """Returns a number in [0, 1) that looks random and is the same everywhere."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def listed(
    names: Sequence[str], *, validation: Collection[str] = (), test: Collection[str]
) -> np.ndarray:
    """Returns the split of each name by published lists; what is on none is train.

    >>> listed(["a", "b"], test={"b"}).tolist()
    ['train', 'test']
    """
    validation, test = frozenset(validation), frozenset(test)
    return np.array(
        [
            "test" if n in test else "validation" if n in validation else "train"
            for n in names
        ],
        dtype="<U10",
    )


def with_validation(
    splits: np.ndarray, names: Sequence[str], share: float = 0.05
) -> np.ndarray:
    """Draws some of what is for training for validation, by their names.

    >>> with_validation(np.array(["train", "test", "train"]), ["b", "b", "c"], 0.4)
    array(['train', 'test', 'validation'], dtype='<U10')

    Args:
        splits: of each name, [N].
        names: of users or images, [N].
        share: of the names, about.

    Returns:
        [N] of `SPLITS`.
    """
    is_drawn = drawn(names, validation=share, test=0) == "validation"
    held = (splits == "train") & is_drawn
    return np.where(held, "validation", splits).astype("<U10")


def read_list(path: str | os.PathLike[str]) -> list[str]:
    """Reads one name per line, without spaces around it; empty lines do not count.

    Raises:
        InputError: The file cannot be read, or is empty.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} must be a list that can be read, one name per line. Got: {error}."
        ) from error
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        raise InputError(f"{path} must list a name per line. Got none.")
    return names


def write_split(folder: Path, name: str, samples: Samples) -> None:
    """Writes which images and users a run has seen, to be looked up later.

    Args:
        folder: of the run's splits; made where it is not there.
        name: such as "train".
        samples: the run's.

    Raises:
        InputError: The run was started with others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lists = {IMAGES: samples.images, USERS: getattr(samples, "users", ())}
    for kind, names in lists.items():
        text = "".join(f"{n}\n" for n in sorted(set(names)))
        path = folder / f"{name}.{kind}"
        if not text:
            continue
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise InputError(
                f"A run is continued with the data it was started with. Got other "
                f"{kind.split('.')[0]} than {path} lists. Name another --run_dir, or "
                "restore the data."
            )
        write_file(path, text)


def trained_images(prior_dir: str | os.PathLike[str]) -> set[str] | None:
    """Returns the images that a prior was trained on.

    Args:
        prior_dir: RUN_DIR/prior.

    Returns:
        Their names; None where the prior is not in its run.
    """
    lists = sorted((Path(prior_dir).parent / "splits").glob(f"*train.{IMAGES}"))
    return {n for path in lists for n in read_list(path)} if lists else None


def log_overlap(
    learned: Iterable[str] | None, samples: Samples, *, by: str, what: str
) -> int | None:
    """Logs how many images of some samples something has been trained on already.

    What is tested on images that it was trained on looks better than it is. Images
    are compared by their names.

    Args:
        learned: names of images; None where they are not known.
        samples: to be adapted to or tested on.
        by: what has been trained, in words.
        what: the samples are, in words.

    Returns:
        The number of distinct images; None where it is not known.
    """
    images = set(samples.images)
    if learned is None:
        logging.warning(
            "%s: it is not known how many of its %d images %s was trained on",
            what,
            len(images),
            by,
        )
        return None
    shared = len(images.intersection(learned))
    log = logging.warning if shared else logging.info
    log("%s: %d of its %d images %s was trained on", what, shared, len(images), by)
    return shared
