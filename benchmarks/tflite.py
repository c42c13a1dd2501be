"""Size, speed and scores of a phone's files, each beside TensorFlow's.

    python benchmarks/tflite.py
    python benchmarks/tflite.py --backbones= --prior=runs/quickstart/multitask/prior \
        --data_dir=runs/quickstart/gallery

The first line measures size and latency of every format for PA_IAA networks at 224 px,
untrained: time does not depend on weights. Floors, in the same run and in turns: the
network's variables in float32, and a forward pass of the Keras network on one image,
inside a tf.function. `adapt` has room for 100 ratings and costs the same for any number
of them; its floor is that forward pass too.

The second line measures what a format does to the order of a user's images: test
users of the simulated gallery adapt to ten ratings, and SROCC with their other ratings
is compared between TensorFlow and the files of each; in on_phone they adapt by the
files too.

On a busy machine leave --threads at 1: idle threads of TFLite spin.
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

from export.tflite.phone_export import FORMATS, PhoneExport
from export.tflite.phone_runtime import PhoneFile, installed_runtimes
from export.tflite.phone_scores import network_scores, phone_scores
from export.tflite.save import save_phone_files
from piaa_tf.adaptation.adapt import adapt_supports
from piaa_tf.adaptation.scopes import default_scope, personal_score
from piaa_tf.adaptation.users import LOOPS
from piaa_tf.contract.manifest import Adaptation
from piaa_tf.data.datasets import catalog
from piaa_tf.data.images import load_images
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.protocol import split
from piaa_tf.metrics import srocc
from piaa_tf.models.config import PaIaaConfig
from piaa_tf.models.prior import Prior, build_prior, load_prior
from piaa_tf.ratings import RatingRange

MAX_SUPPORT = 100
NUM_SUPPORT = 10
NUM_CALIBRATION = 100


def phone_export(prior: Prior, scope: str, rating_range: RatingRange, **user):
    """Describes an export with the scope's inner loop."""
    loop = LOOPS[scope]
    adaptation = Adaptation(loop.steps, loop.rate, MAX_SUPPORT)
    return PhoneExport(prior, scope, rating_range, adaptation, **user)


def medians_ms(calls: dict[str, Callable], turns: int) -> dict[str, float]:
    """Times calls in turns, after one that does not count."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(turns + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn > 0:
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def compare_speed(backbone: str, image_size: int, threads: int, turns: int) -> None:
    """Prints size and latency of every file of one network."""
    prior = build_prior("pa_iaa", PaIaaConfig(backbone, image_size))
    export = phone_export(prior, "head", RatingRange(1, 5))
    random = np.random.default_rng(0)
    image = random.uniform(0, 255, [8, image_size, image_size, 3]).astype(np.float32)
    one = image[:1]
    forward = tf.function(export.functions("fp32").score_image)
    calls: dict[str, Callable] = {"keras": lambda: forward(one)["score"].numpy()}
    floor_mb = sum(v.shape.num_elements() * 4 for v in prior.model.weights) / 1e6
    sizes = {"keras": floor_mb}
    with tempfile.TemporaryDirectory() as scratch:
        save_phone_files(export, list(FORMATS), scratch, representative=image)
        for runtime in installed_runtimes():
            for path in sorted(Path(scratch).rglob("*.tflite")):
                for name, call in file_calls(path, export, one, runtime, threads):
                    label = f"{path.parent.name}/{path.stem}.{name} {runtime}"
                    calls[label], sizes[label] = call, path.stat().st_size / 1e6
        times = medians_ms(calls, turns)
    say(f"{backbone} at {image_size}, threads of its files: {threads}")
    for label, ms in times.items():
        say(
            f"  {label:44s} {sizes[label]:8.3f} MB x{sizes[label] / floor_mb:6.3f}"
            f"  {ms:8.2f} ms x{ms / times['keras']:6.3f}"
        )


def file_calls(
    path: Path, export: PhoneExport, image: np.ndarray, runtime: str, threads: int
) -> list[tuple[str, Callable]]:
    """Lists a file's signatures with a call of each that is worth timing."""
    if path.name == "resize.tflite":
        return []
    if path.name != "head.tflite":
        file = PhoneFile(path, runtime=runtime, num_threads=threads)
        name = path.stem
        return [(name, lambda: file(name, image=image))]
    head = PhoneFile(path, runtime=runtime)
    width = export.manifest("on_phone").embedding_size
    random = np.random.default_rng(0)
    support = {
        "support_embedding": random.normal(size=[1, MAX_SUPPORT, width]),
        "support_rating": random.uniform(1, 5, [1, MAX_SUPPORT]),
    }
    support = {name: value.astype(np.float32) for name, value in support.items()}
    calls = []
    for count in (NUM_SUPPORT, MAX_SUPPORT):
        inputs = {**support, "support_count": np.array([count], np.int32)}
        calls.append((f"adapt{count}", lambda inputs=inputs: head("adapt", **inputs)))
    weights = export.functions("on_phone").user_weights[np.newaxis]
    embedding = support["support_embedding"][:, 0]
    embedded = {"embedding": embedding, "user_weights": weights}
    return [*calls, ("score", lambda: head("score", **embedded))]


def compare_scores(prior: Prior, data_dir: str, num_users: int) -> None:
    """Prints what each format does to SROCC, over some users."""
    ratings = catalog.load("gallery", PersonalRatings, data_dir, "test")
    seen = catalog.load("gallery", PersonalRatings, data_dir, "validation")
    paths = [seen.photos / name for name in sorted(set(seen.images))[:NUM_CALIBRATION]]
    scope = default_scope(prior)
    personal = personal_score(prior, scope, ratings.rating_range)
    size, keep_aspect = prior.config.image_size, prior.keep_aspect
    representative = load_images(paths, size, keep_aspect)
    found: dict[str, list[tuple[float, float]]] = {"keras": []}
    for user in ratings.user_ids()[:num_users]:
        own = ratings.of_user(user)
        order = split(user, len(own), seed=0, repeat=0)
        support, tested = order[:NUM_SUPPORT], order[NUM_SUPPORT:]
        image = load_images(own.paths, size, keep_aspect)
        true = own.ratings[tested]
        embedding = prior.one_image().predict(image[support], verbose=0)["embedding"]
        taste = adapt_supports(
            personal, [(embedding, own.ratings[support])], LOOPS[scope]
        )[0]
        export = phone_export(
            prior, scope, ratings.rating_range, user_id=user, user_weights=taste
        )
        expected = network_scores(export, image[tested])
        found["keras"].append((srocc(expected, true), 0.0))
        with tempfile.TemporaryDirectory() as scratch:
            save_phone_files(export, list(FORMATS), scratch, representative)
            for name in FORMATS:
                folder = Path(scratch) / name
                weights = taste
                if name == "on_phone":
                    weights = adapted_on_phone(
                        folder, image[support], own.ratings[support]
                    )
                scores = phone_scores(folder, image[tested], weights)
                error = float(np.abs(scores - expected).mean())
                found.setdefault(name, []).append((srocc(scores, true), error))
    say(f"SROCC of {len(found['keras'])} users, simulated; mean error in ratings")
    means = {name: np.mean(values, axis=0) for name, values in found.items()}
    for name, (mean_srocc, error) in means.items():
        loss = means["keras"][0] - mean_srocc
        say(f"  {name:12s}  srocc {mean_srocc:.4f}  loss {loss:+.4f}  mae {error:.4f}")


def adapted_on_phone(folder: Path, image: np.ndarray, rating: np.ndarray) -> np.ndarray:
    """Adapts by the files alone, as an app does; float32 [P]."""
    embed = PhoneFile(folder / "embed.tflite")
    rows = [embed("embed", image=square[np.newaxis])["embedding"] for square in image]
    room = [0, MAX_SUPPORT - len(rating)]
    answer = PhoneFile(folder / "head.tflite")(
        "adapt",
        support_embedding=np.pad(np.concatenate(rows), [room, [0, 0]])[np.newaxis],
        support_rating=np.pad(rating, room).astype(np.float32)[np.newaxis],
        support_count=np.array([len(rating)], np.int32),
    )
    return answer["user_weights"][0]


def say(line: str) -> None:
    """Prints a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> None:
    """Measures and prints."""
    del arguments
    given = flags.FLAGS
    for backbone in given.backbones:
        compare_speed(backbone, given.image_size, given.threads, given.turns)
    if given.prior:
        compare_scores(load_prior(given.prior), given.data_dir, given.num_users)


if __name__ == "__main__":
    flags.DEFINE_list("backbones", ["densenet121", "mobilenet_v3_small"], "Networks.")
    flags.DEFINE_integer("image_size", 224, "In pixels.")
    flags.DEFINE_integer("threads", 1, "Of a network's file; TensorFlow takes all.")
    flags.DEFINE_integer("turns", 20, "Timings of each; the medians are printed.")
    flags.DEFINE_string("prior", "", "Folder of a prior whose scores are compared.")
    flags.DEFINE_string("data_dir", "runs/quickstart/gallery", "Of the gallery.")
    flags.DEFINE_integer("num_users", 5, "Test users; each is exported five times.")
    app.run(main)
