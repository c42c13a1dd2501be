"""The tables of the slides, with measured and published figures in own columns."""

from __future__ import annotations

from piaa_tf.data.samples import ScoreDistributions
from piaa_tf.evaluation import published
from piaa_tf.evaluation.bounds import Bounds
from piaa_tf.evaluation.comparison import Difference, compare, gain_over_prior
from piaa_tf.evaluation.generic import compare_scores
from piaa_tf.evaluation.measurement import Measurement
from piaa_tf.evaluation.personality import LEVELS, compare_traits
from piaa_tf.evaluation.report.evidence import Evidence
from piaa_tf.evaluation.report.table import Table, number, plus_minus, seconds
from piaa_tf.evaluation.results import summarise
from piaa_tf.ratings import TRAITS

PAIRS = (
    ("PA_IAA", "MT_IAA"),
    ("PA_IAA (W_b alone)", "Ridge on embeddings"),
    ("BLG-PIAA", "BA-PIAA"),
    ("Reptile", "BA-PIAA"),
    ("FOMAML", "BA-PIAA"),
    ("ANIL", "BA-PIAA"),
    ("BLG-PIAA", "PA_IAA"),
)
"""Comparisons that the papers or this project make: the first over the second."""

OWN_SYSTEMS = ("PA_IAA", "BLG-PIAA")


def personal_table(evidence: Evidence) -> Table:
    """Lays out Table I: SROCC of unseen users for each n, beside the papers'."""
    numbers = evidence.plan.num_images
    known = {row.name: row.srocc for row in published.PERSONAL}
    first = [row.name for row in published.PERSONAL]
    measured = {found.name: found for found in evidence.personal}
    names = first + [name for name in measured if name not in first]
    rows = []
    for name in names:
        cells = [name]
        for n in numbers:
            cells += _personal_cells(measured.get(name), n)
        for n in numbers:
            cells.append(plus_minus(*known.get(name, {}).get(n, (float("nan"),) * 2)))
        rows.append(cells)
    columns = ["System"]
    for n in numbers:
        columns += [f"{n} images", f"its prior ({n})"]
    columns += [f"{n} images" for n in numbers]
    return Table(
        "Personalized aesthetics of unseen users",
        "SROCC, mean over users; ± is the standard deviation of that mean over "
        "repeats. “Its prior” is the same system on the same test images without "
        "personal data. " + _bounds_sentence(evidence.bounds),
        [
            ("", 1),
            (evidence.measured, 2 * len(numbers)),
            (f"published, {published.PERSONAL_SET}", len(numbers)),
        ],
        columns,
        rows,
        frozenset(i for i, name in enumerate(names) if name in OWN_SYSTEMS),
    )


def _personal_cells(found: Measurement | None, num_images: int) -> list[str]:
    if found is None:
        return ["", ""]
    rows = found.of(num_images)
    own = summarise(rows)
    return [
        plus_minus(own.mean, own.std),
        number(summarise(rows, "prior_srocc").mean),
    ]


def _bounds_sentence(bounds: Bounds | None) -> str:
    if bounds is None:
        return ""
    attributes = ", ".join(
        f"{value:.3f} from {n} images" for n, value in bounds.true_attributes.items()
    )
    return (
        f"What is possible here: a noiseless rater reaches {bounds.noise_ceiling:.3f} "
        "(noise ceiling), the taste that all users share, perfectly known, "
        f"{bounds.shared_taste:.3f}, and a ridge on the true attributes of the "
        f"images {attributes}."
    )


def difference_table(evidence: Evidence) -> Table:
    """Lays out paired differences with their confidence intervals."""
    numbers, seed = evidence.plan.num_images, evidence.plan.seed
    rows = []
    for found in evidence.personal:
        cells = [f"{found.name} over its prior"]
        for n in numbers:
            cells += _difference_cells(gain_over_prior(found.of(n), seed=seed))
        rows.append(cells)
    for one, other in PAIRS:
        first, second = evidence.named(one), evidence.named(other)
        if first is None or second is None:
            continue
        cells = [f"{one} over {other}"]
        for n in numbers:
            cells += _difference_cells(compare(first.of(n), second.of(n), seed=seed))
        rows.append(cells)
    columns = ["Difference of SROCC"]
    for _ in numbers:
        columns += ["mean", "95 % interval", "users better"]
    return Table(
        "What personal data and systems add",
        "Paired: the same users, splits and test images on both sides, repeats "
        "averaged for each user first. The interval is a bootstrap over users (BCa, "
        "9999 resamples); if it contains zero, no difference is shown. "
        "All pairs of systems are in differences.csv.",
        [("", 1), *((f"{n} images, {evidence.measured}", 3) for n in numbers)],
        columns,
        rows,
    )


def _difference_cells(difference: Difference) -> list[str]:
    low, high = number(difference.low), number(difference.high)
    return [
        f"{difference.mean:+.3f}",
        f"{low} … {high}" if low else "",
        f"{difference.num_better}/{difference.num_users}",
    ]


def backbone_table(evidence: Evidence) -> Table:
    """Lays out Table II: BA-PIAA and BLG-PIAA by backbone."""
    numbers = evidence.plan.num_images
    rows = []
    measured = {evidence.backbone: evidence.measurements, **evidence.backbones}
    for backbone, measurements in measured.items():
        for found in measurements:
            if found.name in ("BA-PIAA", "BLG-PIAA"):
                own = [summarise(found.of(n)) for n in numbers]
                cells = [plus_minus(s.mean, s.std) for s in own]
                rows.append([backbone, found.name, *cells, *[""] * len(numbers)])
    for row in published.BACKBONES:
        figures = [row.srocc.get(n, (float("nan"),) * 2) for n in numbers]
        cells = [plus_minus(*pair) for pair in figures]
        rows.append([row.backbone, row.system, *[""] * len(numbers), *cells])
    return Table(
        "BA-PIAA and BLG-PIAA by backbone",
        "The papers' backbones start from ImageNet; those measured here are trained on "
        "the data alone, from random weights. --backbones adds further ones.",
        [
            ("", 2),
            (evidence.measured, len(numbers)),
            (f"published, {published.PERSONAL_SET}", len(numbers)),
        ],
        ["Backbone", "System", *[f"{n} images" for n in numbers] * 2],
        rows,
        frozenset(i for i, row in enumerate(rows) if row[1] == "BLG-PIAA"),
    )


def generic_table(evidence: Evidence) -> Table | None:
    """Lays out the AVA table; None without score distributions to test on."""
    measured = {found.name: found for found in evidence.measurements if found.scores}
    if evidence.scores is None or not measured:
        return None
    rows, shown = [], set()
    for row in published.GENERIC:
        own = [""] * 5
        if row.system in measured and row.system not in shown:
            own = _generic_cells(measured[row.system], evidence.scores)
        if row.system:
            shown.add(row.system)
        papers = [number(row.acc, 1), number(row.srocc), number(row.emd)]
        rows.append([*own, row.name, *papers])
    for name, found in measured.items():
        if name not in shown:
            rows.append([*_generic_cells(found, evidence.scores), "", "", "", ""])
    return Table(
        "Generic aesthetics",
        f"Of {len(evidence.scores)} test images: ACC in per cent at the middle of "
        "the score range, SROCC and PLCC of mean scores, EMD with r = 1. A system "
        "that the papers list with several backbones stands beside the best.",
        [(evidence.measured, 5), (f"published, {published.GENERIC_SET}", 4)],
        [
            "System",
            "ACC ↑",
            "SROCC ↑",
            "PLCC ↑",
            "EMD ↓",
            "Method",
            "ACC ↑",
            "SROCC ↑",
            "EMD ↓",
        ],
        rows,
        frozenset(i for i, row in enumerate(rows) if row[0] == "PA_IAA"),
    )


def _generic_cells(found: Measurement, scores: ScoreDistributions) -> list[str]:
    figures = compare_scores(found.scores, scores)
    return [
        found.name,
        number(100 * figures["score_acc"], 1),
        number(figures["score_srocc"]),
        number(figures["score_plcc"]),
        number(figures.get("score_emd", float("nan"))),
    ]


def personality_table(evidence: Evidence) -> Table | None:
    """Lays out the personality table; None without likes to test on."""
    measured = [found for found in evidence.measurements if found.traits]
    if evidence.likes is None or not measured:
        return None
    rows = []
    for found in measured:
        figures = compare_traits(found.traits["traits"], evidence.likes)
        for level in LEVELS:
            own = [f for f in figures if f.level == level]
            unit = {"image": "liked images", "user": "people"}[level]
            rows += [
                [
                    found.name,
                    f"{measure.upper()}, {own[0].count} {unit}",
                    *(number(getattr(f, measure)) for f in own),
                ]
                for measure in ("srocc", "plcc", "rmse")
            ]
    rows += [
        [row.name, f"published, {published.TRAITS_SET}", *map(number, row.figures)]
        for row in published.TRAITS
    ]
    return Table(
        "Personality from liked images",
        "Each liked image against its liker's Big Five, and each person's portrait "
        "(the mean over the images they like) against the person's. The slides do not "
        "name their measure; a correlation over images is most likely.",
        [(f"{evidence.measured}; the last rows published", 7)],
        ["System", "Measure", *(trait.capitalize() for trait in TRAITS)],
        rows,
        frozenset(
            i
            for i, row in enumerate(rows)
            if row[0].startswith("PA_IAA") and not row[1].startswith(("PLCC", "RMSE"))
        ),
    )


def share_table(evidence: Evidence) -> Table | None:
    """Lays out the effect of the trait share; None without further shares."""
    if len(evidence.trait_shares) < 2:
        return None
    numbers, seed = evidence.plan.num_images, evidence.plan.seed
    rows = []
    for share, (bounds, measurements) in sorted(evidence.trait_shares.items()):
        of_name = {found.name: found for found in measurements}
        for found in measurements:
            cells = [f"{share:g}", found.name]
            for n in numbers:
                own = summarise(found.of(n))
                cells.append(plus_minus(own.mean, own.std))
            rows.append([*cells, f"{bounds.shared_taste:.3f}"])
        if {"PA_IAA", "MT_IAA"} <= of_name.keys():
            cells = [f"{share:g}", "PA_IAA over MT_IAA"]
            for n in numbers:
                pair = of_name["PA_IAA"].of(n), of_name["MT_IAA"].of(n)
                gain = compare(*pair, seed=seed)
                cells.append(
                    f"{gain.mean:+.3f} ({number(gain.low)} … {number(gain.high)})"
                )
            rows.append([*cells, ""])
    return Table(
        "How much of taste follows from personality",
        "PA_IAA's advantage over MT_IAA is decided by the share of the variance of "
        "ratings that follows from the Big Five, which is unknown for real people. "
        "These galleries differ in it alone: a user's own taste gains what personality "
        "loses.",
        [("", 2), (f"SROCC, {evidence.measured}", len(numbers)), ("", 1)],
        [
            "Trait share",
            "System",
            *[f"{n} images" for n in numbers],
            "Perfect shared taste",
        ],
        rows,
        frozenset(i for i, row in enumerate(rows) if " over " in row[1]),
    )


def cost_table(evidence: Evidence) -> Table:
    """Lays out the cost of a user: numbers to keep, and time to adapt."""
    numbers = evidence.plan.num_images
    rows = []
    for found in evidence.personal:
        weights = found.of(numbers[-1])[0].num_weights
        rows.append(
            [
                found.name,
                f"{weights:,}",
                *(seconds(found.adaptation_s[n]) for n in numbers),
                f"{seconds(found.fit_s)}",
                *(str(_repeats(found, n)) for n in numbers),
            ]
        )
    return Table(
        "What a user costs",
        f"Numbers kept for each user (at {numbers[-1]} images), and the median time of "
        "an adaptation on this machine; embeddings and features of images, computed "
        "once for all users, are not included. Fitting includes a prior only if no "
        "earlier row shares it.",
        [
            ("", 2),
            ("seconds per adaptation", len(numbers)),
            ("once", 1),
            ("repeats measured", len(numbers)),
        ],
        [
            "System",
            "Weights per user",
            *[f"{n} images" for n in numbers],
            "Fitting",
            *[f"{n} images" for n in numbers],
        ],
        rows,
    )


def _repeats(found: Measurement, num_images: int) -> int:
    return summarise(found.of(num_images)).num_repeats


TABLES = (
    personal_table,
    difference_table,
    backbone_table,
    generic_table,
    personality_table,
    share_table,
    cost_table,
)
"""In the order of the report; each returns None if there is nothing to lay out."""
