"""The photos of a gallery as JPEG files, rendered by several processes."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from PIL import Image

from piaa_tf.data.gallery.config import GalleryConfig
from piaa_tf.data.gallery.render import render_scene
from piaa_tf.data.gallery.scene import draw_scene
from piaa_tf.errors import InputError
from piaa_tf.files.progress import Progress

_CHUNK = 200
# A process that starts costs as much as some hundreds of photos.
_PHOTOS_PER_PROCESS = 1000


def photo_name(index: int) -> str:
    """Names the file of a scene, relative to the photos' folder.

    >>> photo_name(12345)
    '012/012345.jpg'
    """
    return f"{index // 1000:03d}/{index:06d}.jpg"


def write_photos(
    photos: Path,
    config: GalleryConfig,
    indices: Sequence[int],
    num_processes: int | None = None,
) -> None:
    """Renders photos and writes them as JPEGs of quality 95 without subsampling.

    Args:
        photos: folder to write into.
        config: seed and size.
        indices: numbers of the scenes.
        num_processes: None for as many as cores and photos are worth.

    Raises:
        InputError: num_processes is below 1, or a process died.
    """
    if num_processes is not None and num_processes < 1:
        raise InputError(f"num_processes must be >= 1. Got {num_processes}.")
    if num_processes is None:
        worth = 1 + len(indices) // _PHOTOS_PER_PROCESS
        num_processes = min(os.cpu_count() or 1, worth)
    for name in sorted({photo_name(index).split("/")[0] for index in indices}):
        (photos / name).mkdir(parents=True)
    jobs = [
        (photos, config.seed, config.image_size, indices[start : start + _CHUNK])
        for start in range(0, len(indices), _CHUNK)
    ]
    progress = Progress(len(indices))
    for count in _run(jobs, num_processes):
        progress.step(count)


def _run(jobs: Sequence[tuple], num_processes: int) -> Iterator[int]:
    """Yields the number of photos of each finished job, in any order."""
    if num_processes == 1:
        yield from map(_write_chunk, jobs)
        return
    # Not fork: TensorFlow's threads do not survive it.
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(num_processes, mp_context=context)
    try:
        futures = [pool.submit(_write_chunk, job) for job in jobs]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise InputError(
            "Rendering needs processes that live until they are done. Got one that "
            'ended. Guard the script by `if __name__ == "__main__":` or pass '
            "num_processes=1."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _write_chunk(job: tuple[Path, int, int, Sequence[int]]) -> int:
    photos, seed, size, indices = job
    for index in indices:
        image = Image.fromarray(render_scene(draw_scene(seed, index), size))
        image.save(photos / photo_name(index), quality=95, subsampling=0)
    return len(indices)
