"""A whole evaluation in one call: data, systems, further galleries and backbones.

evidence = evaluate(Experiment(systems=("ridge", "pa_iaa"), out="runs/report"))
write_report(evidence, "runs/report")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl import logging

from piaa_tf.data.datasets.catalog import DEFAULT_DIRECTORIES
from piaa_tf.data.gallery import GalleryConfig, write_gallery
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.data.splits import log_overlap, trained_images
from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines.priors import role_of
from piaa_tf.evaluation.baselines.systems import SYSTEMS, check_names, served_by
from piaa_tf.evaluation.bounds import Bounds, bounds_of, trait_share, with_trait_share
from piaa_tf.evaluation.evaluation_data import EvaluationData, load_evaluation_data
from piaa_tf.evaluation.experiment.experiment import ALL, QUICK, Experiment
from piaa_tf.evaluation.experiment.measurements import evaluate_systems
from piaa_tf.evaluation.measurement import Measurement
from piaa_tf.evaluation.plan import Plan
from piaa_tf.evaluation.report.evidence import Evidence
from piaa_tf.evaluation.system import Training
from piaa_tf.models.prior import load_prior
from piaa_tf.training.run_folder import RunFolder

SHARE_SYSTEMS = ("mt_iaa", "pa_iaa", "pa_iaa_fusion")
BACKBONE_SYSTEMS = ("ba_piaa", "blg_piaa")

QUICK_USERS = 8
"""Test users of a quick evaluation."""


def evaluate(experiment: Experiment, *, command: str = "") -> Evidence:
    """Evaluates systems on users they have never seen.

    Finished parts are kept in `work` below the experiment's folder: an interrupted
    evaluation continues where it stopped.

    Args:
        experiment: what is evaluated, and how.
        command: the command line, for the report; empty for none.

    Returns:
        Everything that a report is made of.

    Raises:
        InputError: A system is unknown, a prior serves none of the systems, no user
            has rated enough, or the folder holds another evaluation.
    """
    if experiment.quick:
        experiment = dataclasses.replace(experiment, **QUICK)
    is_all = tuple(experiment.systems) == (ALL,)
    keys = tuple(SYSTEMS) if is_all else experiment.systems
    check_names(keys)
    priors, plan = _priors(experiment, keys), _plan(experiment)
    work = Path(experiment.out) / "work"
    data = _load(experiment)
    ratings = plan.tested(data)
    for folder in priors.values():
        log_overlap(
            trained_images(folder), ratings, by=f"prior {folder}", what="test ratings"
        )
    gallery_dir = _gallery_dir(experiment)
    galleries = _other_galleries(experiment, gallery_dir, work) if gallery_dir else {}
    measurements, left_out = _evaluate(
        experiment, keys, data, work, plan, priors=priors, leave_out=is_all
    )
    bounds = _bounds(experiment, gallery_dir, data) if gallery_dir else None
    trait_shares = (
        _trait_shares(experiment, keys, plan, galleries, measurements, bounds)
        if bounds
        else {}
    )
    return Evidence(
        data="simulated gallery" if gallery_dir else experiment.dataset,
        is_simulated=gallery_dir is not None,
        backbone=experiment.backbone,
        plan=plan,
        measurements=measurements,
        left_out=left_out,
        ratings=ratings,
        scores=data.test.get(ScoreDistributions),
        likes=data.test.get(LikedImages),
        bounds=bounds,
        trait_shares=trait_shares,
        backbones=_backbones(experiment, keys, data, work, plan),
        command=command,
    )


def _plan(experiment: Experiment) -> Plan:
    return Plan(
        num_images=tuple(sorted(set(experiment.num_images))),
        repeats=experiment.repeats,
        costly_repeats=min(experiment.costly_repeats, experiment.repeats),
        curve=tuple(
            sorted(n for n in {*experiment.curve} if n <= max(experiment.num_images))
        ),
        same_tests=experiment.same_tests,
        max_users=QUICK_USERS if experiment.quick else 0,
        seed=experiment.seed,
    )


def _priors(experiment: Experiment, keys: Sequence[str]) -> dict[str, Path]:
    """Finds the role of each given prior, which must serve one of the systems."""
    found: dict[str, Path] = {}
    for folder in experiment.prior:
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


def _load(experiment: Experiment) -> EvaluationData:
    return load_evaluation_data(experiment.dataset, experiment.data_dir or None)


def _evaluate(
    experiment: Experiment,
    keys: Sequence[str],
    data: EvaluationData,
    work: Path,
    plan: Plan,
    *,
    priors: Mapping[str, Path],
    leave_out: bool,
) -> tuple[list[Measurement], dict[str, str]]:
    """Evaluates systems in a work folder, which must belong to this evaluation."""
    described = {
        "dataset": experiment.dataset,
        "data": data.fingerprint(),
        "backbone": experiment.backbone,
        "image_size": experiment.image_size,
        "quick": experiment.quick,
        "priors": {role: load_prior(p).checksum() for role, p in priors.items()},
        **dataclasses.asdict(plan),
    }
    RunFolder(work, described, flag="out")
    training = Training(
        data.train,
        data.validation,
        work,
        num_images=plan.num_images,
        seed=experiment.seed,
        is_quick=experiment.quick,
        backbone=experiment.backbone,
        image_size=experiment.image_size,
        priors=priors,
    )
    return evaluate_systems(keys, data, training, plan, leave_out=leave_out)


def _gallery_dir(experiment: Experiment) -> Path | None:
    if experiment.dataset != "gallery":
        return None
    return Path(experiment.data_dir or DEFAULT_DIRECTORIES["gallery"])


def _bounds(experiment: Experiment, gallery_dir: Path, data: EvaluationData) -> Bounds:
    ratings = data.test[PersonalRatings]
    return bounds_of(gallery_dir, ratings, experiment.num_images, seed=experiment.seed)


def _other_galleries(
    experiment: Experiment, gallery_dir: Path, work: Path
) -> dict[float, tuple[Path, GalleryConfig | None]]:
    """Describes the galleries of all trait shares: share -> (folder, config)."""
    found: dict[float, tuple[Path, GalleryConfig | None]] = {
        trait_share(gallery_dir): (gallery_dir, None)
    }
    for share in experiment.trait_shares:
        described = with_trait_share(gallery_dir, share)
        found.setdefault(
            share, (work / f"trait_share_{share:g}" / "gallery", described)
        )
    return found


def _trait_shares(
    experiment: Experiment,
    keys: Sequence[str],
    plan: Plan,
    galleries: Mapping[float, tuple[Path, GalleryConfig | None]],
    measurements: Sequence[Measurement],
    bounds: Bounds,
) -> dict[float, tuple[Bounds, Sequence[Measurement]]]:
    """Evaluates the systems that use personality on every gallery."""
    chosen = [key for key in SHARE_SYSTEMS if key in keys]
    found: dict[float, tuple[Bounds, Sequence[Measurement]]] = {}
    for share, (directory, described) in galleries.items() if chosen else ():
        if described is None:
            found[share] = bounds, [m for m in measurements if m.key in chosen]
            continue
        logging.info("a gallery of trait share %g", share)
        write_gallery(directory, described)
        other = dataclasses.replace(experiment, data_dir=str(directory))
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
    experiment: Experiment,
    keys: Sequence[str],
    data: EvaluationData,
    work: Path,
    plan: Plan,
) -> dict[str, list[Measurement]]:
    """Evaluates the two systems of Table II with other backbones."""
    chosen = [key for key in BACKBONE_SYSTEMS if key in keys]
    return {
        backbone: _evaluate(
            dataclasses.replace(experiment, backbone=backbone),
            chosen,
            data,
            work / f"backbone_{backbone}",
            dataclasses.replace(plan, curve=()),
            priors={},
            leave_out=False,
        )[0]
        for backbone in experiment.backbones
        if backbone != experiment.backbone
    }
