"""Input speed: images per second from JPEGs and from shards, beside a network's.

    python benchmarks/input_speed.py
    python benchmarks/input_speed.py --photos=album --num_images=2000

Reads the same images, in training's order and with its crops, from the JPEG files and
from shards that were packed from them (--shorter_side), on all cores and with no cache.
Beside it the forward pass of a backbone, of images in memory, on the same cores. The
input is no bottleneck where it is faster than the network; the last line says by how
much, as if each had the machine to itself. Without --photos, scenes of the simulated
gallery are rendered as JPEGs of --render_size pixels first. Prints medians of --turns
turns, after some minutes on two cores.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import app, flags
from PIL import Image

from piaa_tf.data.folder import list_photos
from piaa_tf.data.gallery import draw_scene, render_scene
from piaa_tf.data.pack import pack
from piaa_tf.data.streams import training_stream
from piaa_tf.models.backbones.catalog import build_backbone


def render_photos(folder: Path, count: int, size: int) -> Path:
    """Writes JPEGs such as cameras write, by rendering scenes."""
    folder.mkdir()
    for index in range(count):
        pixels = render_scene(draw_scene(0, index), size)
        Image.fromarray(pixels).save(folder / f"{index:05d}.jpg", quality=90)
    return folder


def reading(paths: list[Path], flag_values) -> Callable[[], int]:
    """Makes what reads every image once, as training does, and counts them."""
    batch_size = flag_values.batch_size
    dataset = training_stream(
        paths,
        np.zeros(len(paths)),
        batch_size=batch_size,
        image_size=flag_values.image_size,
        resize_size=flag_values.image_size * 8 // 7,
        seed=0,
        cache_bytes=0,
    )
    num_batches = max(1, len(paths) // batch_size)

    def read() -> int:
        for image, _ in dataset.take(num_batches):
            image.numpy()
        return num_batches * batch_size

    return read


def computing(flag_values) -> Callable[[], int]:
    """Makes what runs the network forward on a batch, and counts its images."""
    size, batch_size = flag_values.image_size, flag_values.batch_size
    backbone = build_backbone(flag_values.backbone, image_size=size)
    forward = tf.function(lambda image: backbone(image, training=False))
    image = tf.random.stateless_uniform([batch_size, size, size, 3], [0, 1], 0, 255)

    def compute() -> int:
        forward(image).numpy()
        return batch_size

    return compute


def speeds(calls: dict[str, Callable[[], int]], turns: int) -> dict[str, float]:
    """Calls in turns; returns the median images per second of each."""
    seen: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(turns + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            count = call()
            if turn > 0:  # the first one traces, and fills the system's cache
                seen[name].append(count / (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in seen.items()}


def main(arguments: list[str]) -> None:
    """Measures and prints."""
    del arguments
    values = flags.FLAGS
    with tempfile.TemporaryDirectory() as scratch:
        photos = (
            Path(values.photos)
            if values.photos
            else render_photos(
                Path(scratch) / "jpegs", values.num_images, values.render_size
            )
        )
        names = list_photos(photos)[: values.num_images]
        packed = Path(scratch) / "shards"
        pack({name: photos / name for name in names}, packed, side=values.shorter_side)
        found = speeds(
            {
                "jpegs": reading([photos / name for name in names], values),
                "shards": reading([packed / name for name in names], values),
                values.backbone: computing(values),
            },
            values.turns,
        )
    for name, speed in found.items():
        sys.stdout.write(f"{name:20s} {speed:8.1f} images/s\n")
    for name in ("jpegs", "shards"):
        ratio = found[name] / found[values.backbone]
        sys.stdout.write(f"{name + ' / ' + values.backbone:20s} {ratio:8.2f}\n")


if __name__ == "__main__":
    flags.DEFINE_string("photos", None, "Folder of JPEGs; rendered ones if empty.")
    flags.DEFINE_integer("num_images", 256, "Images, at most.")
    flags.DEFINE_integer("render_size", 640, "Pixels a side of rendered images.")
    flags.DEFINE_integer("shorter_side", 256, "Of images in shards, in pixels.")
    flags.DEFINE_integer("image_size", 224, "Of the network's input, in pixels.")
    flags.DEFINE_integer("batch_size", 16, "Images of a batch.")
    flags.DEFINE_integer("turns", 3, "Timings of each; the medians are printed.")
    flags.DEFINE_string("backbone", "densenet121", "Whose forward pass is timed.")
    app.run(main)
