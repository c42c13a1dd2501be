"""What a served user costs: bytes, load time, memory, and time beside the network.

    python benchmarks/saved_model.py --backbone=densenet121 --image_size=224

Exports one untrained prior for each scope and rewrites it for more and more users. All
is run by the C++ loader, as in a model server, in new processes. Prints

- bytes per user of each scope, and their ratio to the four bytes of each weight;
- time to publish and to load, and memory, for each number of users;
- requests in turns in one process, as ratios to their floor: a batch of images with
  mixed users to the same batch of `generic`; `adapt` to 10 and 100 ratings, and
  `explain`, to `embed` of one image, which is one forward pass.

Some five minutes for densenet121 on two cores; 100 000 users need 1 GB of disk.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from absl import app, flags

NUM_USERS = (10, 1_000, 100_000)
SUPPORTS = (10, 100)


def main(arguments: list[str]) -> None:
    """Measures and prints."""
    del arguments
    with tempfile.TemporaryDirectory(dir=flags.FLAGS.scratch or None) as scratch:
        for kind, scope in (("pa_iaa", "fusion"), ("blg_piaa", "head")):
            directory = Path(scratch) / scope
            write_export(kind, scope, directory)
            users_cost(scope, directory, [int(n) for n in flags.FLAGS.num_users])
        print_latencies(in_fresh_process(latencies, directory, flags.FLAGS.turns))


def write_export(kind: str, scope: str, directory: Path) -> None:
    """Exports an untrained prior with a few users and says how long it takes."""
    import tensorflow as tf

    from export.saved_model.save import Export, save_export
    from export.saved_model.user_table import UserRows
    from piaa_tf.contract.manifest import Adaptation
    from piaa_tf.models.prior import KINDS, build_prior
    from piaa_tf.ratings import RatingRange

    tf.keras.utils.set_random_seed(0)
    config = KINDS[kind][0](
        flags.FLAGS.backbone, flags.FLAGS.image_size, head_sizes=(), dropout=0.0
    )
    export = Export(
        build_prior(kind, config),
        scope,
        RatingRange(1, 5),
        Adaptation(steps=20, rate=1e-3, max_support=max(SUPPORTS)),
    )
    start = export.personal().prior_weights
    weights = start + np.random.default_rng(0).normal(0, 0.01, [32, start.size])
    rows = UserRows(tuple(map(str, range(32))), weights.astype(np.float32))
    directory.mkdir()
    began = time.perf_counter()
    save_export(export, rows, directory)
    say(f"{kind} {scope}: exported in {time.perf_counter() - began:.1f} s")


def users_cost(scope: str, directory: Path, numbers: list[int]) -> None:
    """Rewrites an export for each number of users, loads it, and prints what it costs.

    An update costs this time and the check by the C++ loader.
    """
    from export.saved_model.rewrite import rewrite
    from export.saved_model.user_table import UserRows
    from piaa_tf.contract.manifest import MANIFEST_NAME, Manifest

    manifest = Manifest.load(directory / MANIFEST_NAME)
    width = manifest.num_weights
    sizes = {}
    for number in (0, *numbers):
        generator = np.random.default_rng(number)
        rows = UserRows(
            tuple(f"user{i:08d}" for i in range(number)),
            generator.normal(size=[number, width]).astype(np.float32),
        )
        new = directory.with_name(f"{scope}-{number}")
        new.mkdir()
        described = dataclasses.replace(manifest, num_users=number)
        began = time.perf_counter()
        rewrite(directory, new, described, np.zeros(width, np.float32), rows)
        wrote_s = time.perf_counter() - began
        files = [path for path in new.rglob("*") if path.is_file()]
        sizes[number] = sum(path.stat().st_size for path in files)
        if number == 0:
            continue
        load_s, memory_mb = in_fresh_process(load_cost, new)
        each = (sizes[number] - sizes[0]) / number
        say(
            f"{scope:6s} {number:7d} users  {each:8.1f} bytes/user  "
            f"ratio to 4 x {width} {each / (4 * width):.2f}  written in {wrote_s:6.2f} "
            f"s  loaded in {load_s:5.2f} s  {memory_mb:6.0f} MB"
        )


def load_cost(directory: Path) -> tuple[float, float]:
    """Loads an export and returns the seconds and the megabytes that it takes."""
    from piaa_tf.c_api.session import SavedModelSession

    before = resident_mb()
    began = time.perf_counter()
    session = SavedModelSession(directory)
    load_s = time.perf_counter() - began
    memory_mb = resident_mb() - before
    session.close()
    return load_s, memory_mb


def resident_mb() -> float:
    """Reads the memory of this process that is in RAM."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def latencies(directory: Path, turns: int) -> dict[str, float]:
    """Times requests in turns; returns the median milliseconds of each."""
    import tensorflow as tf

    from piaa_tf.c_api.session import SavedModelSession
    from piaa_tf.contract.manifest import MANIFEST_NAME, Manifest

    manifest = Manifest.load(directory / MANIFEST_NAME)
    generator = np.random.default_rng(0)
    images = [
        tf.io.encode_jpeg(
            generator.integers(0, 256, [480, 640, 3], dtype=np.uint8)
        ).numpy()
        for _ in range(32)
    ]
    users = [str(i) for i in range(32)]
    one = {"image_bytes": images[:1]}
    requests = {
        "generic 32": ("generic", {"image_bytes": images}),
        "score 32": ("score", {"image_bytes": images, "user_id": users}),
        "generic 1": ("generic", one),
        "score 1": ("score", {**one, "user_id": users[:1]}),
        "embed 1": ("embed", one),
        "explain 1": ("explain", {**one, "user_id": users[:1]}),
    }
    for number in SUPPORTS:
        shape = [1, number, manifest.embedding_size]
        requests[f"adapt {number}"] = (
            "adapt",
            {
                "support_embedding": generator.normal(size=shape).astype(np.float32),
                "support_rating": generator.uniform(1, 5, shape[:2]),
                "support_count": np.array([number]),
            },
        )
    session = SavedModelSession(directory)
    taken: dict[str, list[float]] = {name: [] for name in requests}
    for turn in range(turns + 2):
        for name, (signature, inputs) in requests.items():
            began = time.perf_counter()
            session.answer(signature, inputs)
            if turn > 1:  # the first ones optimise the graph
                taken[name].append(1000 * (time.perf_counter() - began))
    session.close()
    return {name: statistics.median(values) for name, values in taken.items()}


def print_latencies(median_ms: dict[str, float]) -> None:
    """Prints each request beside its floor."""
    floors = {
        "score 32": "generic 32",
        "score 1": "generic 1",
        "explain 1": "embed 1",
        **{f"adapt {number}": "embed 1" for number in SUPPORTS},
    }
    for name, floor in floors.items():
        ours, least = median_ms[name], median_ms[floor]
        say(
            f"{name:10s} {ours:8.2f} ms  {floor:10s} {least:8.2f} ms  "
            f"ratio {ours / least:.3f}"
        )


def in_fresh_process(function, *arguments):
    """Calls a function in a process that has loaded nothing yet."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def say(line: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    flags.DEFINE_string("backbone", "densenet121", "Backbone.")
    flags.DEFINE_integer("image_size", 224, "In pixels.")
    flags.DEFINE_list("num_users", list(map(str, NUM_USERS)), "Numbers of users.")
    flags.DEFINE_integer("turns", 15, "Timings of each request; medians are printed.")
    flags.DEFINE_string("scratch", "", "Folder with room; by default the system's.")
    app.run(main)
