"""Files and folders that appear as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def write_file(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Writes a file; makes its folder where there is none.

    Args:
        path: the name.
        content: text is written in UTF-8; in it a file name that is not UTF-8 keeps
            its bytes.

    Raises:
        OSError: It cannot be written; an earlier file of that name is as it was.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogateescape")
    with atomic_file(path) as unfinished:
        unfinished.write_bytes(content)


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives the path of a file to write, and makes it the named one at the end.

    An earlier file of that name is replaced; an error inside leaves it as it is. The
    folder is made where there is none.

    Args:
        path: the name.

    Yields:
        The path to write to, beside the named one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def replaced_folder(directory: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives an empty folder to fill, and makes it the named one at the end.

    An earlier folder of that name is replaced; an error inside leaves it as it is.

    Args:
        directory: the name.

    Yields:
        The folder to fill, beside the named one.
    """
    directory = Path(directory)
    new = directory.with_name(f".{directory.name}.new-{os.getpid()}")
    old = directory.with_name(f".{directory.name}.old-{os.getpid()}")
    new.mkdir(parents=True)
    try:
        yield new
        if directory.exists():
            os.replace(directory, old)
        os.replace(new, directory)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
