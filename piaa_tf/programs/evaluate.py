r"""Evaluates systems on users they have never met, and writes a report.

    piaa-evaluate --dataset=gallery --quick --out=runs/quick_report
    piaa-evaluate --dataset=folder --data_dir=my_photos --prior=runs/multitask/prior \
        --prior=runs/meta/prior --systems=pa_iaa,blg_piaa,ridge --out=runs/report

For every test user, n rated images to adapt to and the others to test on, for n of
--num_images, in --repeats random splits. Writes to --out: report.html and report.md
with the tables of the papers beside their published figures, results.csv with a row for
each system, n, repeat and user, and PNGs. Finished work is kept below OUT/work: an
interrupted evaluation continues where it stopped.

Systems train what they need on the data set's own training split; a --prior, which may
be given several times, spares that. On the gallery everything takes about half an hour
on two cores; --quick takes some minutes, with networks that have hardly learned.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from piaa_tf.evaluation.experiment.experiment import Experiment
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, repeated


@dataclasses.dataclass(frozen=True)
class EvaluateConfig(Experiment):
    """What an evaluation depends on.

    Attributes: every field is a flag and carries its help.
    """

    dataset: str = option(Experiment.dataset, "Data set.")
    data_dir: str = option(
        Experiment.data_dir, "Its folder; the gallery is rendered if absent."
    )
    prior: tuple[str, ...] = repeated("Folder of a prior.")
    systems: tuple[str, ...] = option(
        Experiment.systems,
        "Systems separated by commas, or all; an unknown name lists them.",
    )
    num_images: tuple[int, ...] = option(
        Experiment.num_images, "The numbers n of the tables."
    )
    repeats: int = option(Experiment.repeats, "Random splits of each user.")
    costly_repeats: int = option(
        Experiment.costly_repeats,
        "The same for systems that adapt a whole network, seconds per user.",
    )
    curve: tuple[int, ...] = option(
        Experiment.curve,
        "The numbers n of the learning curve, up to the largest of --num_images.",
    )
    same_tests: bool = option(
        Experiment.same_tests,
        "Test all n on the same images; papers: on all not adapted to.",
    )
    trait_shares: tuple[float, ...] = option(
        Experiment.trait_shares,
        "Gallery: further shares of the variance of ratings that follow from "
        "personality, for the systems that use it; empty for none.",
    )
    backbone: str = option(
        Experiment.backbone, "Backbone of what is trained here; see BUILD.md."
    )
    backbones: tuple[str, ...] = option(
        Experiment.backbones,
        "Further backbones, for BA-PIAA and BLG-PIAA beside each other.",
    )
    image_size: int = option(
        Experiment.image_size, "Height and width of their input in pixels."
    )
    quick: bool = option(
        Experiment.quick, "Only a look at the report: little training, few splits."
    )
    seed: int = option(Experiment.seed, "Seed of the training and the splits.")
    out: str = option(Experiment.out, "Folder of the report.")


def run(config: EvaluateConfig) -> None:
    """Evaluates, and writes the report."""
    from absl import logging

    from piaa_tf.evaluation.experiment.evaluate import evaluate
    from piaa_tf.evaluation.report.write import write_report

    evidence = evaluate(config, command=_command(config))
    logging.info("report: %s", write_report(evidence, Path(config.out)))


def _command(config: EvaluateConfig) -> str:
    """Writes the call with those flags that are not the default."""
    parts = ["piaa-evaluate"]
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if value == field.default:
            continue
        if field.metadata.get("repeated"):
            parts += [f"--{field.name}={text}" for text in value]
        elif isinstance(value, tuple):
            parts.append(f"--{field.name}={','.join(map(str, value))}")
        elif isinstance(value, bool):
            parts.append(f"--{field.name}" if value else f"--no{field.name}")
        else:
            parts.append(f"--{field.name}={value}")
    return " ".join(parts)


def main() -> None:
    """Runs the console program."""
    program.start(EvaluateConfig, run, __doc__)


if __name__ == "__main__":
    main()
