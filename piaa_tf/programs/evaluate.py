r"""Evaluates systems on users they have never met, and writes a report.

    piaa-evaluate --dataset=gallery --quick --out=runs/quick_report
    piaa-evaluate --dataset=folder --data_dir=my_photos --prior=runs/multitask/prior \
        --prior=runs/meta/prior --systems=pa_iaa,blg_piaa,ridge --out=runs/report

For every test user, n rated images to adapt to and the others to test on, for n of
--num_images, in --repeats random splits. Writes to --out: report.html and report.md
with the tables of the papers beside their published figures, results.csv with a row for
each system, n, repeat and user, and PNGs. What is done is kept below OUT/work: an
interrupted evaluation goes on where it stopped.

Systems train what they need on the data set's own training split; a --prior, which may
be given several times, spares that. On the gallery everything takes about half an hour
on two cores, --quick some minutes with networks that have hardly learned.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, repeated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from piaa_tf.evaluation.bounds import Bounds
    from piaa_tf.evaluation.evaluation_data import EvaluationData
    from piaa_tf.evaluation.measurement import Measurement
    from piaa_tf.evaluation.plan import Plan

ALL = "all"
SHARE_SYSTEMS = ("mt_iaa", "pa_iaa", "pa_iaa_fusion")
BACKBONE_SYSTEMS = ("ba_piaa", "blg_piaa")

QUICK = {"repeats": 2, "costly_repeats": 1, "curve": (10, 30, 100), "trait_shares": ()}
"""What --quick overrides."""

QUICK_USERS = 8


@dataclasses.dataclass(frozen=True)
class EvaluateConfig:
    """What an evaluation depends on.

    Attributes: every field is a flag and carries its help.
    """

    dataset: str = option("gallery", "Data set.")
    data_dir: str = option("", "Where it lies; gallery: rendered if absent.")
    prior: tuple[str, ...] = repeated("Folder of a prior.")
    systems: tuple[str, ...] = option(
        (ALL,), "Systems with commas between, or all; an unknown one lists them."
    )
    num_images: tuple[int, ...] = option((10, 100), "The numbers n of the tables.")
    repeats: int = option(10, "Random splits of each user.")
    costly_repeats: int = option(
        2, "The same for systems that adapt a whole network, seconds a user."
    )
    curve: tuple[int, ...] = option(
        (5, 10, 20, 50, 100),
        "The numbers n of the learning curve, up to the largest of --num_images.",
    )
    same_tests: bool = option(
        False, "Test all n on the same images; papers: on all not adapted to."
    )
    trait_shares: tuple[float, ...] = option(
        (0.05, 0.33),
        "Gallery: further shares of the variance of ratings that follow from "
        "personality, for the systems that use it; empty for none.",
    )
    backbone: str = option("compact", "Backbone of what is trained here; see BUILD.md.")
    backbones: tuple[str, ...] = option(
        (), "Further backbones, for BA-PIAA and BLG-PIAA beside each other."
    )
    image_size: int = option(64, "Height and width of their input in pixels.")
    quick: bool = option(False, "A look at the report: little training, few splits.")
    seed: int = option(0, "Of the training and the splits.")
    out: str = option("runs/report", "Folder of the report.")

    def __post_init__(self) -> None:
        """Checks what can be checked without data."""
        for name in ("repeats", "costly_repeats"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be >= 1. Got {getattr(self, name)}.")
        if not self.num_images or min((*self.num_images, *self.curve)) < 2:
            raise InputError(
                "num_images and curve must be numbers >= 2, and num_images at least "
                f"one. Got {self.num_images} and {self.curve}."
            )


def run(config: EvaluateConfig) -> None:
    """Evaluates, and writes the report."""
    from absl import logging

    from piaa_tf.data.samples import LikedImages, ScoreDistributions
    from piaa_tf.data.splits import log_overlap, trained_images
    from piaa_tf.evaluation.baselines.systems import SYSTEMS, check_names
    from piaa_tf.evaluation.report.evidence import Evidence
    from piaa_tf.evaluation.report.write import write_report

    command = _command(config)
    config = dataclasses.replace(config, **QUICK) if config.quick else config
    is_all = config.systems == (ALL,)
    keys = tuple(SYSTEMS) if is_all else config.systems
    check_names(keys)
    priors, work, plan = _priors(config, keys), Path(config.out) / "work", _plan(config)
    data = _load(config)
    ratings = plan.tested(data)
    for folder in priors.values():
        log_overlap(
            trained_images(folder), ratings, by=f"prior {folder}", what="test ratings"
        )
    gallery_dir = _gallery_dir(config)
    galleries = _other_galleries(config, gallery_dir, work) if gallery_dir else {}
    measurements, left_out = _evaluate(
        config, keys, data, work, plan, priors=priors, leave_out=is_all
    )
    bounds = gallery_dir and _bounds(config, gallery_dir, data)
    evidence = Evidence(
        data="simulated gallery" if gallery_dir else config.dataset,
        is_simulated=gallery_dir is not None,
        backbone=config.backbone,
        plan=plan,
        measurements=measurements,
        left_out=left_out,
        ratings=ratings,
        scores=data.test.get(ScoreDistributions),
        likes=data.test.get(LikedImages),
        bounds=bounds,
        trait_shares=_trait_shares(config, keys, plan, galleries, measurements, bounds),
        backbones=_backbones(config, keys, data, work, plan),
        command=command,
    )
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


def _plan(config: EvaluateConfig) -> Plan:
    from piaa_tf.evaluation.plan import Plan

    return Plan(
        num_images=tuple(sorted(set(config.num_images))),
        repeats=config.repeats,
        costly_repeats=min(config.costly_repeats, config.repeats),
        curve=tuple(sorted(n for n in {*config.curve} if n <= max(config.num_images))),
        same_tests=config.same_tests,
        max_users=QUICK_USERS if config.quick else 0,
        seed=config.seed,
    )


def _priors(config: EvaluateConfig, keys: Sequence[str]) -> dict[str, Path]:
    """Finds the role of each given prior; each must serve one of the systems."""
    from piaa_tf.evaluation.baselines.priors import role_of
    from piaa_tf.evaluation.baselines.systems import served_by
    from piaa_tf.models.prior import load_prior

    found: dict[str, Path] = {}
    for folder in config.prior:
        role = role_of(load_prior(folder))
        served = served_by(role)
        if role in found:
            raise InputError(
                f"Each role takes one prior. Got {found[role]} and {folder} for "
                f"{', '.join(served)}. Evaluate them one after the other."
            )
        if not set(served) & set(keys):
            raise InputError(
                f"A prior must have the outputs that a system needs. Got {folder}, "
                f"which serves {', '.join(served) or 'none'}, and "
                f"--systems={','.join(keys)}. "
                "Name one of those systems, or give another prior."
            )
        found[role] = Path(folder)
    return found


def _load(config: EvaluateConfig) -> EvaluationData:
    from piaa_tf.evaluation.evaluation_data import load_evaluation_data

    return load_evaluation_data(config.dataset, config.data_dir or None)


def _evaluate(
    config: EvaluateConfig,
    keys: Sequence[str],
    data: EvaluationData,
    work: Path,
    plan: Plan,
    *,
    priors: Mapping[str, Path],
    leave_out: bool,
) -> tuple[list[Measurement], dict[str, str]]:
    """Evaluates systems in a work folder, which must be of this very evaluation."""
    from piaa_tf.evaluation.experiment.measurements import evaluate_systems
    from piaa_tf.evaluation.system import Training
    from piaa_tf.models.prior import load_prior
    from piaa_tf.training.run_folder import RunFolder

    described = {
        "dataset": config.dataset,
        "data": data.fingerprint(),
        "backbone": config.backbone,
        "image_size": config.image_size,
        "quick": config.quick,
        "priors": {role: load_prior(p).checksum() for role, p in priors.items()},
        **dataclasses.asdict(plan),
    }
    RunFolder(work, described, flag="out")
    training = Training(
        data.train,
        data.validation,
        work,
        num_images=plan.num_images,
        seed=config.seed,
        is_quick=config.quick,
        backbone=config.backbone,
        image_size=config.image_size,
        priors=priors,
    )
    return evaluate_systems(keys, data, training, plan, leave_out=leave_out)


def _gallery_dir(config: EvaluateConfig) -> Path | None:
    from piaa_tf.data.datasets.catalog import DEFAULT_DIRECTORIES

    if config.dataset != "gallery":
        return None
    return Path(config.data_dir or DEFAULT_DIRECTORIES["gallery"])


def _bounds(config: EvaluateConfig, gallery_dir: Path, data: EvaluationData) -> Bounds:
    from piaa_tf.data.samples import PersonalRatings
    from piaa_tf.evaluation.bounds import bounds_of

    ratings = data.test[PersonalRatings]
    return bounds_of(gallery_dir, ratings, config.num_images, seed=config.seed)


def _other_galleries(
    config: EvaluateConfig, gallery_dir: Path, work: Path
) -> dict[float, tuple[Path, Any]]:
    """Describes the galleries of the other trait shares: share -> (folder, config)."""
    from piaa_tf.evaluation.bounds import trait_share, with_trait_share

    found = {trait_share(gallery_dir): (gallery_dir, None)}
    for share in config.trait_shares:
        described = with_trait_share(gallery_dir, share)
        found.setdefault(
            share, (work / f"trait_share_{share:g}" / "gallery", described)
        )
    return found


def _trait_shares(
    config: EvaluateConfig,
    keys: Sequence[str],
    plan: Plan,
    galleries: Mapping[float, tuple[Path, Any]],
    measurements: Sequence[Measurement],
    bounds: Bounds | None,
) -> dict[float, tuple[Bounds, Sequence[Measurement]]]:
    """Evaluates the systems that use personality on every gallery."""
    from absl import logging

    from piaa_tf.data.gallery import write_gallery

    chosen = [key for key in SHARE_SYSTEMS if key in keys]
    found: dict[float, tuple[Bounds, Sequence[Measurement]]] = {}
    for share, (directory, described) in galleries.items() if chosen else ():
        if described is None:
            found[share] = bounds, [m for m in measurements if m.key in chosen]
            continue
        logging.info("a gallery of trait share %g", share)
        write_gallery(directory, described)
        other = dataclasses.replace(config, data_dir=str(directory))
        data = _load(other)
        own, _ = _evaluate(
            other,
            chosen,
            data,
            directory.parent,
            dataclasses.replace(plan, curve=(), costly_repeats=1),
            priors={},
            leave_out=False,
        )
        found[share] = _bounds(other, directory, data), own
    return found


def _backbones(
    config: EvaluateConfig,
    keys: Sequence[str],
    data: EvaluationData,
    work: Path,
    plan: Plan,
) -> dict[str, list[Measurement]]:
    """Evaluates the two systems of Table II with other backbones."""
    chosen = [key for key in BACKBONE_SYSTEMS if key in keys]
    return {
        backbone: _evaluate(
            dataclasses.replace(config, backbone=backbone),
            chosen,
            data,
            work / f"backbone_{backbone}",
            dataclasses.replace(plan, curve=()),
            priors={},
            leave_out=False,
        )[0]
        for backbone in config.backbones
        if backbone != config.backbone
    }


def main() -> None:
    """Runs the console program."""
    program.start(EvaluateConfig, run, __doc__)


if __name__ == "__main__":
    main()
