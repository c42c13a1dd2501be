"""Which files below a folder are a person's photos, and which are passed over.

Beside photos an album holds what software put there: thumbnails of network drives,
previews of photo managers, trash, halves of files that another system needed. Nobody
wants these ranked.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from piaa_tf.errors import InputError
from piaa_tf.photos.opening import RAW_SUFFIXES, SUFFIXES

VIDEO_SUFFIXES = (
    *(".3gp", ".avi", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".mpeg"),
    *(".mts", ".webm", ".wmv"),
)

_SOFTWARES_FOLDERS = re.compile(
    r"@eadir|@recycle|@tmp|@sharebin|#recycle|#snapshot|\$recycle\.bin|.*\.lrdata"
    r"|.*\.aplibrary|__macosx|lost\+found|ipod photo cache|captureone"
    r"|system volume information",
    re.IGNORECASE,
)
"""Thumbnails and trash of network drives, previews of photo managers, and the like."""

_LIBRARY, _ORIGINALS = ".photoslibrary", ("originals", "masters")
"""Apple Photos keeps a library as a folder, with the photos in one of these."""


@dataclass(frozen=True)
class PhotoFiles:
    """What was found below a folder.

    Attributes:
        photos: paths relative to the folder, with forward slashes, sorted.
        passed_over: kind -> paths of a person's files that are not ranked.
    """

    photos: list[str]
    passed_over: dict[str, list[str]] = field(default_factory=dict)


def find_photos(folder: str | os.PathLike[str]) -> PhotoFiles:
    """Finds the photos below a folder, at any depth, by the ends of their names.

    Links to folders are followed, each folder once; a file under two names, and the raw
    file beside its JPEG, is one photo.

    Args:
        folder: where to look.

    Returns:
        The photos, and what was passed over: "video", "raw beside its JPEG", "second
        name of a photo", "folder of software". What is hidden, and files of other
        kinds, are not listed.

    Raises:
        InputError: There is no such folder, or a photo's name is not UTF-8, which
            neither tables nor pages can hold.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"A folder of photos must exist. Got {folder}.")
    photos: list[str] = []
    passed_over: dict[str, list[str]] = defaultdict(list)
    seen: set[tuple[int, int]] = set()
    for directory, names in _folders(folder, passed_over):
        developed = {Path(name).stem.lower() for name in names if _ends(name, SUFFIXES)}
        for name in names:
            path = Path(directory, name)
            relative = path.relative_to(folder).as_posix()
            if _ends(name, VIDEO_SUFFIXES):
                passed_over["video"].append(relative)
            elif _ends(name, RAW_SUFFIXES) and path.stem.lower() in developed:
                passed_over["raw beside its JPEG"].append(relative)
            elif _ends(name, SUFFIXES + RAW_SUFFIXES):
                if _is_new(path, seen):
                    photos.append(relative)
                else:
                    passed_over["second name of a photo"].append(relative)
    _check_names(folder, photos)
    return PhotoFiles(sorted(photos), {k: sorted(v) for k, v in passed_over.items()})


def _folders(
    folder: Path, passed_over: dict[str, list[str]]
) -> Iterator[tuple[str, list[str]]]:
    """Walks folders, each once whatever links lead to it, and their visible files."""
    walked = {os.path.realpath(folder)}
    for directory, subfolders, names in os.walk(folder, followlinks=True):
        is_library = directory.lower().endswith(_LIBRARY)
        kept = []
        for name in sorted(subfolders):
            path = os.path.join(directory, name)
            real = os.path.realpath(path)
            if _SOFTWARES_FOLDERS.fullmatch(name):
                relative = Path(path).relative_to(folder).as_posix()
                passed_over["folder of software"].append(relative)
            elif is_library and name.lower() not in _ORIGINALS:
                continue
            elif not name.startswith(".") and real not in walked:
                walked.add(real)
                kept.append(name)
        subfolders[:] = kept
        yield directory, sorted(name for name in names if not name.startswith("."))


def _ends(name: str, suffixes: tuple[str, ...]) -> bool:
    return name.lower().endswith(suffixes)


def _is_new(path: Path, seen: set[tuple[int, int]]) -> bool:
    """Checks that a file was not seen under another name; a broken link is new."""
    try:
        status = path.stat()
    except OSError:
        return True
    key = (status.st_dev, status.st_ino)
    # Some file systems give files no numbers.
    is_new = key not in seen or status.st_ino == 0
    seen.add(key)
    return is_new


def _check_names(folder: Path, photos: list[str]) -> None:
    # os.walk returns bytes that are not UTF-8 as lone surrogates.
    unwritable = [name for name in photos if re.search("[\ud800-\udfff]", name)]
    if unwritable:
        raise InputError(
            f"Names of photos in {folder} must be UTF-8. Got {unwritable[0]!a}. "
            "Rename the file or its folder."
        )
