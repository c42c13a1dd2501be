"""Where a run computes and in which precision, chosen by name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import get_args

import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.training.options import Precision, StrategyName


def make_strategy(
    name: StrategyName, devices: Sequence[str] = ()
) -> tf.distribute.Strategy:
    """Makes the strategy that a flag names.

    Args:
        name: "one" device; "mirrored" over this machine's devices; "multi_worker"
            over the machines that TF_CONFIG lists.
        devices: which ones, such as "GPU:0" or "CPU:1"; empty for all GPUs, or the CPU
            where there is none. The strategy "one" takes the first.

    Returns:
        The strategy.

    Raises:
        InputError: The name or a device is unknown.
    """
    if name == "multi_worker":
        if devices:
            raise InputError(
                "devices must be empty with multi_worker: each worker takes all of its "
                f"own. Got {list(devices)}."
            )
        # Before all else: listing devices would start the runtime without the workers.
        return tf.distribute.MultiWorkerMirroredStrategy()
    known = {_short(device.name) for device in tf.config.list_logical_devices()}
    unknown = [device for device in devices if _short(device) not in known]
    if unknown:
        raise InputError(f"devices must be among {sorted(known)}. Got {unknown}.")
    if name == "one":
        gpus = tf.config.list_logical_devices("GPU")
        default = "GPU:0" if gpus else "CPU:0"
        return tf.distribute.OneDeviceStrategy(f"/{_short([*devices, default][0])}")
    if name == "mirrored":
        return tf.distribute.MirroredStrategy(
            [f"/{_short(device)}" for device in devices] or None
        )
    raise InputError(f"strategy must be one of {get_args(StrategyName)}. Got {name!r}.")


def distribute(
    strategy: tf.distribute.Strategy,
    of_worker: Callable[[tf.distribute.InputContext], tf.data.Dataset],
) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """Hands each replica its elements, in order, on its device.

    Args:
        strategy: where replicas run.
        of_worker: makes the dataset of a worker; consecutive elements go to
            consecutive replicas of its own.

    Returns:
        What to iterate. On one CPU, which has nothing to fetch from elsewhere, the
        dataset itself: what TensorFlow puts around it is tuned by a thread, for which
        the end of the iterator may wait up to a minute (`data.python_calls`).
    """
    is_cpu = "CPU" in strategy.extended.worker_devices[0]
    if strategy.num_replicas_in_sync == 1 and is_cpu:
        return of_worker(tf.distribute.InputContext())
    return strategy.distribute_datasets_from_function(of_worker)


def _short(device: str) -> str:
    """CPU:0 of /device:CPU:0, /CPU:0 or CPU:0."""
    return ":".join(device.split("/")[-1].split(":")[-2:])


def split_cpu(count: int) -> None:
    """Presents the CPU as several devices, to try a strategy on one machine.

    Args:
        count: number of logical devices; must come before any TensorFlow operation.
    """
    if count > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * count
        )


@contextlib.contextmanager
def precision_policy(name: Precision) -> Iterator[None]:
    """Sets the Keras policy of the backbones, and puts the former one back at the end.

    Heads, losses and metrics stay float32.

    Args:
        name: of the policy.

    Yields:
        Nothing.

    Raises:
        InputError: The name is unknown.
    """
    if name not in get_args(Precision):
        raise InputError(
            f"precision must be one of {get_args(Precision)}. Got {name!r}."
        )
    before = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        tf.keras.mixed_precision.set_global_policy(before)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Checks whether this process is the one that writes the run's files."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    has_chief = "chief" in resolver.cluster_spec().as_dict()
    if has_chief:
        return resolver.task_type == "chief"
    return resolver.task_type == "worker" and resolver.task_id == 0
