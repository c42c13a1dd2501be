"""Numbers that describe images, computed once and kept in a work folder.

Several systems look at the same images, and an evaluation that was interrupted looks
at them again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from piaa_tf.data.shards import stamp
from piaa_tf.files.atomic_files import write_file


def cached(
    folder: Path,
    key: Sequence[str],
    images: Sequence[Path],
    compute: Callable[[], Mapping[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """Reads arrays that were kept, or computes and keeps them.

    Args:
        folder: where; one file for each key and list of images.
        key: what the numbers depend on besides the images.
        images: files; if the size or time of one changes, the numbers are computed
            anew.
        compute: name -> array, one row for each image.

    Returns:
        What `compute` returns, now or earlier.
    """
    stamps = [(str(path.absolute()), *stamp(path)) for path in images]
    digest = hashlib.sha256(json.dumps([list(key), stamps]).encode()).hexdigest()
    path = folder / f"{digest[:24]}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    arrays = dict(compute())
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_file(path, content.getvalue())
    return arrays
