"""Version folders `<base>/<integer>/`: each appears whole, by one rename, or never.

A model server looks into `<base>` every second and loads the highest number it finds.
Only plain decimal numbers are versions; everything else there is passed over.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import atomic_folder, remove_folder

# What the server reads as a number; not the spellings that Python reads differently.
_VERSION = re.compile(r"[1-9][0-9]{0,17}")


def versions(base_dir: str | os.PathLike[str]) -> list[int]:
    """Lists the versions below a folder, rising; none where it does not exist."""
    base = Path(base_dir)
    names = [path.name for path in base.iterdir()] if base.is_dir() else []
    return sorted(int(name) for name in names if _VERSION.fullmatch(name))


def newest(base_dir: str | os.PathLike[str]) -> Path:
    """Returns the folder of the newest version.

    Raises:
        InputError: There is none.
    """
    found = versions(base_dir)
    if not found:
        raise InputError(
            f"An update needs an earlier version. Got none in {base_dir}. "
            "Export without --update first."
        )
    return Path(base_dir) / str(found[-1])


def free_version(base_dir: str | os.PathLike[str], version: int = 0) -> int:
    """Chooses the number of a new version.

    Args:
        base_dir: of the versions.
        version: the wanted number; 0 for one above the newest.

    Raises:
        InputError: It exists already, is not a version, or is below the newest, which
            a server would keep serving.
    """
    found = versions(base_dir)
    newest_version = found[-1] if found else 0
    chosen = version or newest_version + 1
    if not _VERSION.fullmatch(str(chosen)):
        raise InputError(
            f"version must have 1 to 18 digits and be >= 1. Got {version}. "
            "Leave --version out for the next one."
        )
    if chosen <= newest_version:
        raise InputError(
            f"version must be above {newest_version}, the newest in {base_dir}. "
            f"Got {chosen}. Leave --version out for the next one."
        )
    return chosen


@contextlib.contextmanager
def new_version(base_dir: str | os.PathLike[str], version: int) -> Iterator[Path]:
    """Makes a hidden folder to fill, which becomes the version at the end.

    An error inside removes it. Everything is on the disk before the name appears.

    Args:
        base_dir: of the versions; created if missing.
        version: of `free_version`.

    Yields:
        The folder to fill.

    Raises:
        InputError: The folder cannot be written to, the version appeared in the
            meantime, or the disk is full.
    """
    target = Path(base_dir) / str(version)
    with _refusals(target), contextlib.ExitStack() as stack:
        try:
            part = stack.enter_context(atomic_folder(target, sync=True))
        except OSError as error:
            raise InputError(
                f"{base_dir} must be a folder that can be written to. "
                f"Got: {error.strerror}. Choose another --base_dir."
            ) from error
        yield part


@contextlib.contextmanager
def _refusals(target: Path) -> Iterator[None]:
    """Explains why a version could not be written."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        if getattr(error, "filename", None) == os.fspath(target):
            raise InputError(
                f"{target} must not be there yet. Got one from another export. "
                "Leave --version out for the next one."
            ) from error
        reason = _fullness(error)
        if not reason:
            raise
        raise InputError(
            f"{target.parent} must have room for the export. Got: {reason}. Nothing "
            "was published. Make room, or choose another --base_dir."
        ) from error


def _fullness(error: OSError | tf.errors.OpError) -> str:
    """Returns the system's words for a full disk, or nothing if it is another error."""
    # TensorFlow gives the system's reason as text alone, under several codes.
    text = error.strerror if isinstance(error, OSError) else error.message
    full = (os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
    return next((words for words in full if words in (text or "")), "")


def remove_old(base_dir: str | os.PathLike[str], keep: int) -> list[int]:
    """Removes all versions but the newest.

    A server that has loaded an old one keeps serving it from memory.

    Args:
        base_dir: of the versions.
        keep: how many stay; 0 for all.

    Returns:
        The versions that are gone.
    """
    old = versions(base_dir)[:-keep] if keep else []
    for version in old:
        remove_folder(Path(base_dir) / str(version))
    return old
