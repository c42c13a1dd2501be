"""What every set of samples must hold; each check raises at the first wrong sample."""

from __future__ import annotations

import posixpath
from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np

from piaa_tf.data.shards import is_there
from piaa_tf.errors import InputError


class SampleError(InputError):
    """A set of samples is not sound.

    Attributes:
        row: index of the first sample that is wrong, from 0; None for the whole set.
        column: what is wrong in it, by the name of its column in a file, or None.
    """

    def __init__(
        self, message: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        """Keeps the sentence and the place."""
        super().__init__(message)
        self.row = row
        self.column = column


def check_images(photos: Path, images: Sequence[str]) -> None:
    """Refuses paths that may leave the folder or lead to no file."""
    first_row: dict[str, int] = {}
    for row, image in enumerate(images):
        first_row.setdefault(image, row)
    missing = []
    has = is_there(photos)
    for image, row in first_row.items():
        if not _stays_inside(image):
            raise SampleError(
                "An image is named by a path inside the photo folder, with forward "
                f"slashes and without '.' or '..'. Got {image!r}.",
                row=row,
                column="image",
            )
        if not has(image):
            missing.append(image)
    if missing:
        if not photos.is_dir():
            raise SampleError(f"The photo folder must exist. Got {photos}.")
        others = f" ({len(missing)} images are missing)" if len(missing) > 1 else ""
        raise SampleError(
            f"Each image must lie in {photos}. Got {missing[0]!r}, which is not there"
            f"{others}. Add the file or remove its rows.",
            row=first_row[missing[0]],
            column="image",
        )


def _stays_inside(image: str) -> bool:
    """Checks whether a path is relative and in its plain form, on Windows too."""
    if "\\" in image or "\0" in image or image[1:2] == ":":
        return False
    # normpath takes a/../b and ./b to b, and leaves .. only at the start.
    return posixpath.normpath(image) == image and image.split("/")[0] not in ("", "..")


def check_bins(bin_scores: np.ndarray, counts_shape: tuple[int, ...]) -> None:
    """Refuses bins that do not rise or do not fit the counts."""
    if bin_scores.ndim != 1 or len(counts_shape) != 2:
        raise SampleError(
            "counts must be [samples, bins] and bin_scores [bins]. "
            f"Got {counts_shape} and {bin_scores.shape}."
        )
    if len(bin_scores) < 2 or counts_shape[1] != len(bin_scores):
        raise SampleError(
            "Distributions need one column per score, for at least two scores. "
            f"Got {counts_shape[1]} columns, {len(bin_scores)} scores."
        )
    if not (np.isfinite(bin_scores).all() and (np.diff(bin_scores) > 0).all()):
        raise SampleError(
            "The scores of the bins must rise from bin to bin. "
            f"Got {', '.join(f'{score:g}' for score in bin_scores)}."
        )


def check_users(users: Sequence[str]) -> None:
    """Refuses a blank user id."""
    for row, user in enumerate(users):
        if not user.strip():
            raise SampleError(
                f"A user id must not be blank. Got {user!r}.", row=row, column="user_id"
            )


def check_numbers(
    numbers: np.ndarray,
    is_sound: np.ndarray,
    columns: Sequence[str],
    rule: str,
    remedy: str = "Correct it.",
) -> None:
    """Refuses the first number, in reading order, that is not sound."""
    if is_sound.all():
        return
    row, column = np.argwhere(~is_sound)[0]
    raise SampleError(
        f"{rule} Got {numbers[row, column]:g}. {remedy}",
        row=int(row),
        column=columns[column],
    )


def check_distinct(keys: Sequence[Hashable], column: str, rule: str) -> None:
    """Refuses a second sample with the key of an earlier one."""
    if len(set(keys)) == len(keys):
        return
    seen = set()
    for row, key in enumerate(keys):
        if key in seen:
            raise SampleError(
                f"{rule} Got {key!r} again. Remove one of the rows.",
                row=row,
                column=column,
            )
        seen.add(key)
