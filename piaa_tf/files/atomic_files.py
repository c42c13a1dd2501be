"""Files and folders that appear as a whole, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path


def write_file(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Writes a file; makes its folder where there is none.

    Args:
        path: the name.
        content: text is written in UTF-8; in it a file name that is not UTF-8 keeps
            its bytes.

    Raises:
        OSError: It cannot be written; an earlier file of that name is unchanged.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogateescape")
    with atomic_file(path) as unfinished:
        unfinished.write_bytes(content)


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields the path of a file to write, which gets its name at the end.

    An earlier file of that name is replaced; an error inside leaves it as it is. The
    folder is made where there is none.

    Args:
        path: the name.

    Yields:
        The path to write to, beside the named one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _hidden(path, "incomplete")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(
    directory: str | os.PathLike[str], *, replace: bool = False, sync: bool = False
) -> Iterator[Path]:
    """Makes an empty folder to fill, which gets its name at the end, by one rename.

    An error inside removes it. A killed process leaves it behind under a hidden name,
    `.NAME.incomplete-...`, never under its own.

    Args:
        directory: the name; the folders above it are made.
        replace: whether an earlier folder of that name is replaced; otherwise nothing
            may have the name, not even an empty folder.
        sync: whether everything is on the disk, through all caches, before the name
            appears.

    Yields:
        The folder to fill, beside the named one.

    Raises:
        FileExistsError: The name is taken and nothing is to be replaced.
    """
    directory = Path(directory)
    part = _hidden(directory, "incomplete")
    part.mkdir(parents=True)
    try:
        yield part
        if sync:
            _sync_tree(part)
        with _moved_away(directory) if replace else contextlib.nullcontext():
            _rename_to_free(part, directory)
        if sync:
            _sync(directory.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove_folder(directory: str | os.PathLike[str]) -> None:
    """Removes a folder that somebody may be reading: its name goes first."""
    trash = _hidden(Path(directory), "removed")
    os.rename(directory, trash)
    shutil.rmtree(trash)


@contextlib.contextmanager
def _moved_away(directory: Path) -> Iterator[None]:
    """Renames a folder, if there is one, and removes it at the end."""
    old = _hidden(directory, "removed")
    if directory.exists():
        os.rename(directory, old)
    try:
        yield
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _rename_to_free(part: Path, directory: Path) -> None:
    is_taken = os.path.lexists(directory)  # a rename would replace an empty folder
    if not is_taken:
        try:
            os.rename(part, directory)
        except OSError as error:
            is_taken = error.errno == errno.ENOTEMPTY
            if not is_taken:
                raise
    if is_taken:
        reason = os.strerror(errno.EEXIST)
        raise FileExistsError(errno.EEXIST, reason, os.fspath(directory))


def _hidden(path: Path, what: str) -> Path:
    """Returns a hidden name beside a path that nothing else uses."""
    return path.with_name(f".{path.name}.{what}-{uuid.uuid4().hex[:8]}")


def _sync_tree(directory: Path) -> None:
    for folder, _, files in os.walk(directory):
        for name in files:
            _sync(Path(folder) / name)
        _sync(Path(folder))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
