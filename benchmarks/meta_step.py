"""Time of a meta-step over the time of its own forward and backward passes.

    python benchmarks/meta_step.py --backbone=mobilenet_v3_small --image_size=96

Floor: the same 2 S k passes of the same network on the same batches, one after another
in one tf.function, without Adam, resets and outer update. Each pass nudges its input by
its gradients' sum: TensorFlow prunes what nothing depends on, and runs at the same time
what does not depend on its predecessor. Both are timed in turns, in one process;
prints the medians and their ratio. The meta-step is one of those that also measure the
query loss before adaptation, one forward pass per task; in a run, one in ten does.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
import tensorflow as tf
from absl import app, flags

from piaa_tf.losses import rating_loss
from piaa_tf.models.config import BlgPiaaConfig
from piaa_tf.models.prior import build_prior
from piaa_tf.training.meta.bilevel import MetaTraining
from piaa_tf.training.meta.episode import Network
from piaa_tf.training.meta.options import MetaOptions
from piaa_tf.training.meta.replica_local import replica_local


def in_memory_tasks(images: int, size: int, options: MetaOptions) -> tf.data.Dataset:
    """Makes equal tasks of noise: nothing is read or decoded while time is taken."""
    random = np.random.default_rng(0)
    steps = options.steps_per_task
    pool = np.arange(images, dtype=np.int32)
    task = {
        "image": random.integers(0, 256, [2 * images, size, size, 3], dtype=np.uint8),
        "rating": random.uniform(size=2 * images).astype(np.float32),
        "num_support": np.int32(images),
        "batch_rows": np.concatenate(
            [pool + images * (step >= steps // 2) for step in range(steps)]
        ).astype(np.int32),
        "batch_splits": np.arange(steps + 1, dtype=np.int32) * images,
    }
    return (
        tf.data.Dataset.range(options.num_tasks)
        .repeat()
        .map(lambda number: {**task, "number": tf.cast(number, tf.int32)})
    )


def bare_passes(network: Network, options: MetaOptions):
    """Makes the floor: the passes of one meta-step, and nothing else."""
    variables = [
        *network.body.trainable_variables,
        *network.head.trainable_variables,
    ]

    @tf.function
    def passes(iterator):
        nudge = tf.constant(0.0)
        for _ in tf.range(options.num_tasks):
            task = next(iterator)
            for step in tf.range(options.steps_per_task):
                splits = task["batch_splits"]
                rows = task["batch_rows"][splits[step] : splits[step + 1]]
                image = tf.cast(tf.gather(task["image"], rows), tf.float32) + nudge
                with tf.GradientTape() as tape:
                    score = network.head(network.body(image, training=False))[:, 0]
                    rating = tf.gather(task["rating"], rows)
                    loss = tf.reduce_mean(rating_loss(score, rating))
                gradients = tape.gradient(loss, variables)
                nudge = 1e-20 * tf.add_n([tf.reduce_sum(g) for g in gradients])
        return nudge

    return passes


def measure(flag_values) -> dict[str, float]:
    """Times both in turns and returns the medians in seconds, and their ratio."""
    options = MetaOptions(
        num_tasks=flag_values.num_tasks, inner_steps=flag_values.inner_steps
    )
    config = BlgPiaaConfig(
        flag_values.backbone, flag_values.image_size, head_sizes=(64,), dropout=0.0
    )
    strategy = tf.distribute.OneDeviceStrategy("/CPU:0")
    with strategy.scope(), replica_local():
        network = Network.of_prior(build_prior("blg_piaa", config))
    training = MetaTraining(network, options, strategy=strategy, num_steps=10**6)
    tasks = in_memory_tasks(flag_values.batch_size, flag_values.image_size, options)
    distributed = iter(strategy.distribute_datasets_from_function(lambda _: tasks))
    plain, floor = iter(tasks), bare_passes(network, options)
    once = tf.constant(0), tf.constant(1)
    calls = {
        "meta_step_s": lambda: training.run(distributed, *once)[0]["loss"].numpy(),
        "floor_s": lambda: floor(plain).numpy(),
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(flag_values.turns + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn > 0:  # the first one traces
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {**medians, "ratio": medians["meta_step_s"] / medians["floor_s"]}


def main(arguments: list[str]) -> None:
    """Measures and prints."""
    del arguments
    for name, value in measure(flags.FLAGS).items():
        sys.stdout.write(f"{name:12s} {value:.3f}\n")


if __name__ == "__main__":
    flags.DEFINE_string("backbone", "mobilenet_v3_small", "Backbone.")
    flags.DEFINE_integer("image_size", 96, "In pixels.")
    flags.DEFINE_integer("batch_size", 16, "Images of an inner step.")
    flags.DEFINE_integer("num_tasks", 4, "k.")
    flags.DEFINE_integer("inner_steps", 5, "S.")
    flags.DEFINE_integer("turns", 15, "Timings of each; the medians are printed.")
    app.run(main)
