"""What is asked of the loaders of published sets, and what they share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from absl import logging

from piaa_tf.data.csv_table import Table
from piaa_tf.data.samples import Samples
from piaa_tf.data.shards import is_there
from piaa_tf.data.splits import EVERYTHING, SPLITS, check_split
from piaa_tf.errors import InputError

OnMissing = Callable[[Path, Sequence[str]], None] | None
"""Called with the photo folder and the images left out; None: they are refused."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What a loader is asked for.

    A loader takes a request and returns samples of its kind. What is missing or not
    sound it refuses with an `InputError` that says which file, line and column.

    Attributes:
        kind: `PersonalRatings`, `ScoreDistributions` or `LikedImages`.
        data_dir: DIR of the loader's module.
        split: one of `SPLITS`, or `EVERYTHING`.
        on_missing: called with images that are listed but not there, and left
            out; None: they are refused.
    """

    kind: type[Samples]
    data_dir: Path
    split: str
    on_missing: OnMissing = None

    def __post_init__(self) -> None:
        """Checks the split."""
        check_split(self.split)

    @property
    def splits(self) -> Sequence[str]:
        """The splits that are asked for, for sets with a file of each."""
        return SPLITS if self.split == EVERYTHING else (self.split,)


def log_missing(photos: Path, images: Sequence[str]) -> None:
    """Accepts missing images, and logs how many there are."""
    some = ", ".join(images[:5]) + (", ..." if len(images) > 5 else "")
    logging.warning("%d images are not in %s, left out: %s", len(images), photos, some)


def log_drawn(dataset: str, path: Path) -> None:
    """Warns that a split is not the published one, since its list is not there."""
    logging.warning(
        "%s: no %s: the test images are drawn, not the published ones", dataset, path
    )


def present(
    request: Request, table: Table, photos: Path, known: Collection[str] = ()
) -> Table:
    """Leaves out the rows whose image is not there, if that is allowed.

    Args:
        request: says whether it is.
        table: with a column `image`.
        photos: the folder of the images.
        known: images that are missing from everybody's copy: always allowed.

    Returns:
        The table of the rows that have an image.

    Raises:
        InputError: An image is missing and must not be, or all are.
    """
    if not photos.is_dir():
        raise InputError(f"The photo folder must exist. Got {photos}.")
    images = table.texts("image")
    distinct, has = dict.fromkeys(images), is_there(photos)
    missing = {image for image in distinct if image and not has(image)}
    if not missing:
        return table
    if len(missing) == len(distinct):
        raise InputError(
            f"{photos} must hold the images of {table.csv_path}. Got none of "
            f"{len(distinct)}, such as {images[0]!r}. Check --data_dir."
        )
    excused, others = missing.intersection(known), missing.difference(known)
    if others and request.on_missing is None:
        row = next(i for i, image in enumerate(images) if image in others)
        raise InputError(
            f"{table.csv_path}, line {table.lines[row]}: each image must lie in "
            f"{photos}. Got {images[row]!r}, which is not there ({len(others)} of "
            f"{len(distinct)} images are missing). Add the files, or leave them out "
            "with --skip_broken or by piaa-prepare --out."
        )
    if excused:
        logging.info("%d images that every copy lacks are left out", len(excused))
    if others and request.on_missing is not None:
        request.on_missing(photos, sorted(others))
    return table.select(image not in missing for image in images)


def first_of(folder: Path, names: Sequence[str], what: str = "") -> Path:
    """Finds what copies of a set call by different names.

    Args:
        folder: where to look.
        names: of the file or folder, the best first.
        what: is in it, where the names do not say so: "the photos in ".

    Returns:
        The path of the first that is there.

    Raises:
        InputError: None of them is there.
    """
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise InputError(
        f"{folder} must hold {what}{' or '.join(names)}. Got none of them. "
        "Check --data_dir."
    )


def photo_folder(data_dir: Path, names: Sequence[str]) -> Path:
    """Finds the photo folder among the names that copies of a set give it."""
    return first_of(data_dir, names, "the photos in ")
