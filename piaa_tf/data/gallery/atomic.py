"""A folder that appears complete or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from piaa_tf.errors import InputError


@contextlib.contextmanager
def atomic_folder(out: Path) -> Iterator[Path]:
    """Gives a hidden folder beside `out` and renames it to `out` at the end.

    An error inside removes it. A killed process leaves it behind under its own name,
    `.OUT.incomplete-...`, never as `out`.

    Args:
        out: the folder to make; nothing or an empty folder may be there.

    Yields:
        The folder to fill.

    Raises:
        InputError: Something else appeared at `out` in the meantime.
    """
    part = out.with_name(f".{out.name}.incomplete-{uuid.uuid4().hex[:8]}")
    part.mkdir(parents=True)
    try:
        yield part
        # os.replace would not do on every system for an empty folder.
        if out.is_dir() and not any(out.iterdir()):
            out.rmdir()
        try:
            os.rename(part, out)
        except OSError as error:
            raise InputError(
                f"Nothing else may write {out} at the same time. Got {error.strerror}. "
                "Remove it or choose another folder."
            ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
