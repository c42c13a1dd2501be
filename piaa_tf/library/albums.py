"""Albums: a folder of photos, or a list of files, as the library takes them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from piaa_tf.data.folder import list_photos
from piaa_tf.data.images import find_broken
from piaa_tf.errors import InputError

PhotoPath = str | os.PathLike[str]
Photos = PhotoPath | Iterable[PhotoPath]
"""A folder, with its sub-folders, or the paths of files."""


@dataclass(frozen=True)
class Album:
    """Photos by their names, without those that are left out.

    Attributes:
        folder: what the names are relative to.
        images: POSIX paths relative to it.
        skipped: names of unreadable photos that are left out.
    """

    folder: Path
    images: list[str]
    skipped: tuple[str, ...] = ()

    @property
    def paths(self) -> list[Path]:
        """Each photo as a path that can be opened."""
        return [self.folder / image for image in self.images]


def open_album(photos: Photos, *, skip_broken: bool = False) -> Album:
    """Lists the photos of a folder, or takes a list of files.

    Args:
        photos: the folder, or the files, which keep their order.
        skip_broken: whether unreadable photos are left out, counted and logged.

    Returns:
        The album; a folder's photos are sorted.

    Raises:
        InputError: There is no photo, or none that can be read, or `photos` is neither
            a folder nor a list of files.
    """
    if isinstance(photos, (str, os.PathLike)):
        album = Album(Path(photos), list_photos(photos))
    else:
        album = Album(Path(), _names(photos))
    return _without_broken(album) if skip_broken else album


def _names(photos: Iterable[PhotoPath]) -> list[str]:
    if isinstance(photos, bytes) or not isinstance(photos, Iterable):
        raise InputError(
            f"photos must be a folder, or a list of files. Got {photos!r:.80}."
        )
    names = []
    for i, photo in enumerate(photos):
        if not isinstance(photo, (str, os.PathLike)):
            raise InputError(
                f"photos[{i}] must be the path of a file, so that it has a name. Got "
                f"{photo!r:.80}. Pixels and bytes can be scored: use score."
            )
        names.append(Path(photo).as_posix())
    if not names:
        raise InputError("photos must be one or more. Got an empty list.")
    return names


def _without_broken(album: Album) -> Album:
    broken = set(find_broken(album.paths))
    is_sound = [path not in broken for path in album.paths]
    if not any(is_sound):
        raise InputError(
            f"{album.folder} must hold a photo that can be read. Got "
            f"{len(album.images)} broken ones. Give another folder."
        )
    return Album(
        album.folder,
        [image for image, sound in zip(album.images, is_sound) if sound],
        tuple(image for image, sound in zip(album.images, is_sound) if not sound),
    )
