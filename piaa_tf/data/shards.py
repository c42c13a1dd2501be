"""A folder of photos packed into a few files, read as if each were a file.

    PHOTOS/00000.tfrecord    records of tf.train.Example: image/filename, image/encoded
    PHOTOS/00000.json        image -> where its record begins, and its length
    PHOTOS/shards.json       how they were made; there when all shards are

`PHOTOS/a/b.jpg` then names the photo a/b.jpg, though there is no such file: code
that has a path need not know. `pack.py` writes the shards.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path

from piaa_tf.errors import InputError

DESCRIPTION = "shards.json"
# TFRecord: eight bytes of length and four of its checksum stand before the data.
HEADER_BYTES = 12


class Shards:
    """The photos of one folder and where their records are."""

    def __init__(self, photos: Path) -> None:
        """Reads the index.

        Args:
            photos: a folder with a shards.json.

        Raises:
            InputError: A shard is missing, or its index is not one.
        """
        described = json.loads((photos / DESCRIPTION).read_text(encoding="utf-8"))
        self._records: dict[str, tuple[Path, int, int]] = {}
        for number in range(described["num_shards"]):
            shard = photos / shard_name(number)
            index = shard.with_suffix(".json")
            if not (shard.is_file() and index.is_file()):
                raise InputError(
                    f"{photos} must hold {described['num_shards']} shards. Got no "
                    f"{shard.name} with its {index.name}. Copy them there, or pack "
                    "the set again."
                )
            places = json.loads(index.read_text(encoding="utf-8"))
            for image, (offset, length) in places.items():
                self._records[image] = (shard, offset, length)

    @property
    def images(self) -> list[str]:
        """Names of the photos, sorted."""
        return sorted(self._records)

    def __contains__(self, image: str) -> bool:
        """Checks whether there is a photo of this name."""
        return image in self._records

    def record(self, image: str) -> bytes:
        """Reads one record: a serialised tf.train.Example.

        Raises:
            FileNotFoundError: There is no photo of this name.
        """
        if image not in self._records:
            raise FileNotFoundError(2, "No such file or directory", image)
        shard, offset, length = self._records[image]
        with shard.open("rb") as file:
            file.seek(offset + HEADER_BYTES)
            return file.read(length)


def shard_name(number: int) -> str:
    """Names a shard.

    >>> shard_name(7)
    '00007.tfrecord'
    """
    return f"{number:05d}.tfrecord"


def shards_of(photos: Path) -> Shards | None:
    """Returns the shards of a folder, or None where photos are single files."""
    try:
        written = os.stat(photos / DESCRIPTION).st_mtime_ns
    except OSError:
        return None
    return _read(photos, written)


@functools.lru_cache(maxsize=8)
def _read(photos: Path, written: int) -> Shards:
    del written  # a set that is packed again is read again
    return Shards(photos)


def is_there(photos: Path) -> Callable[[str], bool]:
    """Returns a function that checks whether the folder has an image of a name."""
    shards = shards_of(photos)
    if shards is not None:
        return shards.__contains__
    root = os.fspath(photos)
    # os.path: tens of thousands of Path objects would take seconds.
    return lambda image: os.path.isfile(f"{root}/{image}")


def stamp(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Identifies what a path leads to now: it changes when the photo does.

    Args:
        path: of a photo, packed or not.

    Returns:
        Bytes and time of writing, in nanoseconds: of the file, or, for a packed
        photo, of the description of its shards.

    Raises:
        FileNotFoundError: There is no such photo.
    """
    path = Path(path)
    for folder in path.parents:
        if shards_of(folder) is not None:
            path = folder / DESCRIPTION
            break
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def packed_record(path: str | os.PathLike[str]) -> bytes | None:
    """Reads the record that a path leads to.

    Args:
        path: of a photo: a folder of shards, and the photo's name.

    Returns:
        The serialised tf.train.Example; None where no folder above holds shards.

    Raises:
        FileNotFoundError: There is such a folder, but no photo of this name in it.
    """
    path = Path(path)
    for folder in path.parents:
        shards = shards_of(folder)
        if shards is not None:
            return shards.record(path.relative_to(folder).as_posix())
    return None
