"""Packs photos into shards: resized once, so that training waits for no disk.

A shard appears by one rename when it is whole, so an interrupted packing continues
with the first shard that is missing.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow as tf
from absl import logging
from PIL import Image

from piaa_tf.data.decode import read_image, shrink
from piaa_tf.data.shards import DESCRIPTION, shard_name
from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import atomic_file, write_file
from piaa_tf.files.progress import Progress

IMAGES_PER_SHARD = 2048
PLAN = ".plan.json"
# Far finer than what a resize without antialiasing leaves visible.
QUALITY = 95


def pack(
    paths: dict[str, Path],
    photos: Path,
    *,
    side: int,
    images_per_shard: int = IMAGES_PER_SHARD,
) -> dict[str, str]:
    """Packs photos into the shards of a folder, in parallel.

    Each is turned upright, shrunk to a shorter side of at most `side` by the one
    resize of this project, and kept as JPEG of quality 95 without subsampling.

    Args:
        paths: name in the packed folder -> where the photo is now.
        photos: the folder to fill; one that was begun with the same photos, side
            and shard size is continued.
        side: most pixels of the shorter side; 0 to keep it as it is.
        images_per_shard: photos of a shard; the last has fewer.

    Returns:
        Name -> what is wrong with it, of the photos that could not be read and are
        in no shard.

    Raises:
        InputError: The folder holds something else, or no photo can be read.
    """
    names = sorted(paths)
    _check_plan(photos, names, side, images_per_shard)
    groups = [
        names[start : start + images_per_shard]
        for start in range(0, len(names), images_per_shard)
    ]
    progress = Progress(len(names))
    broken: dict[str, str] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, group in enumerate(groups):
            shard = photos / shard_name(number)
            if not shard.exists():
                _write_shard(shard, group, paths, side, pool, progress)
            else:
                progress.skip(len(group))
            there = json.loads(shard.with_suffix(".json").read_text(encoding="utf-8"))
            broken |= _problems(shard, set(group) - set(there))
    if len(broken) == len(names):
        raise InputError(
            f"Some photo must be readable. Got none of {len(names)}, the first: "
            f"{broken[names[0]]}"
        )
    described = {"num_shards": len(groups), "side": side, "num_images": len(names)}
    write_file(photos / DESCRIPTION, json.dumps(described, indent=2) + "\n")
    return broken


def _check_plan(
    photos: Path, names: Sequence[str], side: int, images_per_shard: int
) -> None:
    """Refuses a folder that was begun with other settings, or is not ours."""
    digest = hashlib.sha256("\n".join(names).encode("utf-8")).hexdigest()
    plan = {"images": digest, "side": side, "images_per_shard": images_per_shard}
    path = photos / PLAN
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        wrong = [key for key in plan if plan[key] != found.get(key)]
        if wrong:
            raise InputError(
                f"{photos} must hold the same photos, packed alike. Got another "
                f"{', '.join(wrong)}. Choose another folder or remove it."
            )
        return
    if photos.exists() and any(photos.iterdir()):
        raise InputError(
            f"Photos are packed into a new or empty folder. Got {photos}, which "
            "holds something else. Choose another folder."
        )
    photos.mkdir(parents=True, exist_ok=True)
    write_file(path, json.dumps(plan, indent=2) + "\n")


def _write_shard(
    shard: Path,
    names: Sequence[str],
    paths: dict[str, Path],
    side: int,
    pool: ThreadPoolExecutor,
    progress: Progress,
) -> None:
    """Writes what can be read of some photos, their index, and what is wrong."""
    index: dict[str, tuple[int, int]] = {}
    problems: dict[str, str] = {}
    encoded = pool.map(_encode, (paths[name] for name in names), itertools.repeat(side))
    with atomic_file(shard) as part:
        with tf.io.TFRecordWriter(os.fspath(part)) as writer:
            offset = 0
            for name, (jpeg, problem) in zip(names, encoded):
                if jpeg is None:
                    problems[name] = problem
                else:
                    record = _example(name, jpeg)
                    writer.write(record)
                    index[name] = (offset, len(record))
                    # Length, its checksum, the data, its checksum.
                    offset += 8 + 4 + len(record) + 4
                progress.step()
        # The shard appears last of all: one that is there has both beside it.
        write_file(shard.with_suffix(".json"), json.dumps(index))
        write_file(_problem_file(shard), json.dumps(problems))


def _encode(path: Path, side: int) -> tuple[bytes | None, str]:
    try:
        pixels = shrink(read_image(path), side)
    except InputError as error:
        logging.warning("left out: %s", error)
        return None, str(error)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue(), ""


def _example(name: str, jpeg: bytes) -> bytes:
    def feature(value: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    features = {
        "image/filename": feature(name.encode("utf-8")),
        "image/encoded": feature(jpeg),
        "image/format": feature(b"jpeg"),
    }
    return tf.train.Example(
        features=tf.train.Features(feature=features)
    ).SerializeToString()


def _problem_file(shard: Path) -> Path:
    return shard.with_suffix(".broken.json")


def _problems(shard: Path, missing: set[str]) -> dict[str, str]:
    if not missing:
        return {}
    return json.loads(_problem_file(shard).read_text(encoding="utf-8"))
