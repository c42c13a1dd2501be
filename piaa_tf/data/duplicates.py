"""Photos that are the same file under several names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def find_duplicates(paths: Sequence[Path]) -> list[list[Path]]:
    """Finds files with the same bytes.

    Only files of the same size are read.

    Args:
        paths: of files; what is not a file is skipped, and so are packed photos.

    Returns:
        Groups of two or more paths, each in the order of `paths`.
    """
    by_size: dict[int, list[Path]] = {}
    for path in dict.fromkeys(paths):
        if path.is_file():
            by_size.setdefault(path.stat().st_size, []).append(path)
    alike = [path for group in by_size.values() if len(group) > 1 for path in group]
    by_content: dict[bytes, list[Path]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, digest in zip(alike, pool.map(_digest, alike)):
            by_content.setdefault(digest, []).append(path)
    return [group for group in by_content.values() if len(group) > 1]


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
