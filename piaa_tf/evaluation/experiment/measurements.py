"""Measures systems one after another, and keeps each measurement."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from absl import logging

from piaa_tf.data.samples import (
    LikedImages,
    PersonalRatings,
    Samples,
    ScoreDistributions,
)
from piaa_tf.evaluation.baselines.systems import SYSTEMS
from piaa_tf.evaluation.evaluation_data import EvaluationData
from piaa_tf.evaluation.measurement import Measurement, load_measurement
from piaa_tf.evaluation.plan import Plan
from piaa_tf.evaluation.protocol import measure, user_splits
from piaa_tf.evaluation.results import Result, summarise
from piaa_tf.evaluation.system import (
    GenericSystem,
    MissingSamplesError,
    PersonalSystem,
    System,
    Training,
)


def evaluate_systems(
    keys: Sequence[str],
    data: EvaluationData,
    training: Training,
    plan: Plan,
    *,
    leave_out: bool,
) -> tuple[list[Measurement], dict[str, str]]:
    """Measures systems, or reads what an earlier call measured.

    Args:
        keys: names of `SYSTEMS`.
        data: the data; its test part is measured on.
        training: what systems may learn from; its work folder keeps measurements.
        plan: what is measured, and how often.
        leave_out: whether a system whose samples are missing is left out; otherwise
            it is an error.

    Returns:
        The measurements in the order of the keys, and key -> why it was left out.

    Raises:
        InputError: No user has rated enough; or, without `leave_out`, a system lacks
            what it needs.
    """
    ratings = plan.tested(data)
    logging.info(
        "%d of %d test users are measured",
        len(ratings.user_ids()),
        len(data.test[PersonalRatings].user_ids()),
    )
    measured, left_out = [], {}
    for key in keys:
        folder = training.work_dir / "systems" / key
        found = load_measurement(folder)
        if found is None:
            try:
                found = _measure(key, ratings, data, training, plan)
            except MissingSamplesError as error:
                if not leave_out:
                    raise
                left_out[key] = str(error)
                logging.info("left out: %s", error)
                continue
            found.save(folder)
        _log(found, plan)
        measured.append(found)
    return measured, left_out


def _measure(
    key: str,
    ratings: PersonalRatings,
    data: EvaluationData,
    training: Training,
    plan: Plan,
) -> Measurement:
    system: System = SYSTEMS[key]()
    logging.info("%s: fitting", system.name)
    start = time.perf_counter()
    system.fit(training)
    fit_s = time.perf_counter() - start
    scores: dict[str, np.ndarray] = {}
    traits: dict[str, np.ndarray] = {}
    if isinstance(system, GenericSystem):
        if ScoreDistributions in data.test:
            scores = _some(
                system, data.test[ScoreDistributions], ("score", "distribution")
            )
        if LikedImages in data.test:
            traits = _some(system, data.test[LikedImages], ("traits",))
    results: list[Result] = []
    seconds: dict[int, list[float]] = {}
    if isinstance(system, PersonalSystem):
        logging.info("%s: adapting to %d users", system.name, len(ratings.user_ids()))
        system.prepare(ratings)
        splits = user_splits(
            ratings,
            plan.repeats_of(system),
            seed=plan.seed,
            num_reserved=plan.num_reserved if plan.same_tests else None,
        )
        results = measure(system, splits, seconds=seconds)
    return Measurement(
        key,
        system.name,
        results,
        scores,
        traits,
        fit_s,
        {n: float(np.median(values)) for n, values in seconds.items()},
    )


def _some(
    system: GenericSystem, samples: Samples, names: Sequence[str]
) -> dict[str, np.ndarray]:
    found = system.predict_generic(samples)
    return {name: found[name] for name in names if name in found}


def _log(found: Measurement, plan: Plan) -> None:
    for num_images in plan.num_images if found.results else ():
        rows = found.of(num_images)
        own = summarise(rows)
        logging.info(
            "%-28s %3d images  prior %.3f  adapted %.3f  (%d users, %d repeats)",
            found.name,
            num_images,
            summarise(rows, "prior_srocc").mean,
            own.mean,
            own.num_users,
            own.num_repeats,
        )
