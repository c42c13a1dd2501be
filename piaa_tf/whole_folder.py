"""Folders that appear as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_folder(directory: str | os.PathLike[str]) -> Iterator[Path]:
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
