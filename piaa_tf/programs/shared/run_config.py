"""The flags that all training programs share; how a run begins, reads and ends."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, get_args

from piaa_tf.programs.shared.program import option, required
from piaa_tf.training.options import Precision, RunOptions, StrategyName

if TYPE_CHECKING:
    from piaa_tf.data.samples import AnySamples
    from piaa_tf.models.prior import Prior
    from piaa_tf.training.run_folder import RunFolder

MAY_CHANGE = (
    "run_dir",
    "strategy",
    "devices",
    "logical_cpus",
    "steps_per_call",
    "checkpoint_minutes",
    "checkpoint_steps",
    "skip_broken",
)
"""Flags that may differ in a continued run; what it has seen is in its splits."""


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """What every run has.

    Attributes: every field is a flag and carries its help.
    """

    run_dir: str = required("Folder of the run; an interrupted run there is continued.")
    seed: int = option(0, "Seed of weights, order, crops and dropout.")
    strategy: StrategyName = option(
        "one",
        "one device; mirrored over this machine's; multi_worker, as TF_CONFIG lists.",
        choices=get_args(StrategyName),
    )
    devices: tuple[str, ...] = option((), "Such as GPU:0,GPU:1; empty for all GPUs.")
    logical_cpus: int = option(
        1, "Split the CPU into so many devices, to try a strategy."
    )
    precision: Precision = option(
        RunOptions.precision,
        "Precision of the backbone; the rest stays float32.",
        choices=get_args(Precision),
    )
    skip_broken: bool = option(
        False, "Skip and count broken and missing images instead of stopping."
    )
    cache_gb: float = option(
        RunOptions.cache_gb, "Memory for decoded images, per stream."
    )
    steps_per_call: int = option(
        RunOptions.steps_per_call, "Steps per call into the graph."
    )
    checkpoint_minutes: float = option(
        RunOptions.checkpoint_minutes, "Time between checkpoints."
    )


def open_run(config: RunConfig, program: str) -> tuple[RunFolder, RunOptions]:
    """Prepares TensorFlow, the strategy and the run folder; before any operation.

    Returns:
        The run's folder, opened, and the options of the run, with that folder.
    """
    from piaa_tf.training.run_folder import RunFolder
    from piaa_tf.training.strategy import is_chief, make_strategy, split_cpu

    split_cpu(config.logical_cpus)
    strategy = make_strategy(config.strategy, config.devices)
    described = dataclasses.asdict(config)
    folder = RunFolder(
        config.run_dir,
        {"program": program, **described},
        may_change=MAY_CHANGE,
        write=is_chief(strategy),
    )
    return folder, RunOptions(
        folder,
        described,
        strategy,
        precision=config.precision,
        steps_per_call=config.steps_per_call,
        checkpoint_minutes=config.checkpoint_minutes,
        cache_gb=config.cache_gb,
    )


def load_split(
    config: RunConfig,
    folder: RunFolder,
    dataset: str,
    kind: type[AnySamples],
    data_dir: str,
    split: str,
    *,
    role: str = "",
) -> AnySamples:
    """Loads samples for a run, and lists in its folder which they are.

    Args:
        config: says whether what is missing or broken is left out.
        folder: the run's.
        dataset: as in `catalog.load`.
        kind: as in `catalog.load`.
        data_dir: as in `catalog.load`; empty for the set's default.
        split: as in `catalog.load`.
        role: what the set is for, where a run has more than one.

    Returns:
        The samples.
    """
    from piaa_tf.data.datasets import catalog
    from piaa_tf.data.datasets.published import log_missing
    from piaa_tf.data.images import drop_broken

    on_missing = log_missing if config.skip_broken else None
    samples = catalog.load(dataset, kind, data_dir or None, split, on_missing)
    if config.skip_broken:
        samples = drop_broken(samples)[0]
    folder.write_split(f"{role}.{split}" if role else split, samples)
    return samples


def log_result(prior: Prior, folder: RunFolder) -> None:
    """Logs how good the prior of a finished run is, and where it is."""
    from absl import logging

    for name, value in prior.metrics.items():
        logging.info("%-28s %.3f", name, value)
    logging.info("prior: %s", folder.prior)
