"""Writes the report's folder.

REPORT/report.html          all tables and figures, in one file
       report.md            the same; its figures are the PNGs beside it
       results.csv          SROCC of every system, n, repeat and user
       generic.csv          ACC, SROCC, PLCC, EMD of every system that predicts scores
       personality.csv      SROCC, PLCC, RMSE of every trait, by image and by user
       differences.csv      all pairs of systems, with confidence intervals
       splits.csv           the images that were adapted to, by user, in their order
       costs.csv            weights and seconds; the only table that differs from run
                            to run
       *.png
"""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

from piaa_tf.data.csv_table import write_table
from piaa_tf.evaluation.comparison import Difference, compare
from piaa_tf.evaluation.generic import compare_scores
from piaa_tf.evaluation.personality import TraitFigures, compare_traits
from piaa_tf.evaluation.protocol import split
from piaa_tf.evaluation.report import page, tables
from piaa_tf.evaluation.report.evidence import Evidence
from piaa_tf.evaluation.report.figures import all_figures
from piaa_tf.evaluation.report.table import Table, to_markdown
from piaa_tf.evaluation.results import write_results
from piaa_tf.files.atomic_files import write_file

PLACES = {
    "individuals_pa_iaa.png": tables.difference_table,
    "individuals_blg_piaa.png": tables.backbone_table,
    "distributions.png": tables.generic_table,
    "learning_curve.png": tables.personal_table,
    "costs.png": tables.cost_table,
}
"""Figure -> the table that it follows."""


def write_report(evidence: Evidence, out_dir: Path) -> Path:
    """Writes the report's folder.

    Args:
        evidence: the evaluation.
        out_dir: the folder; created if necessary.

    Returns:
        The path of the page.
    """
    found = evidence.measurements
    write_results(out_dir / "results.csv", [r for m in found for r in m.results])
    _write_generic(evidence, out_dir / "generic.csv")
    _write_personality(evidence, out_dir / "personality.csv")
    _write_differences(evidence, out_dir / "differences.csv")
    _write_splits(evidence, out_dir / "splits.csv")
    _write_costs(evidence, out_dir / "costs.csv")
    figures = all_figures(evidence)
    for name, (_, png) in figures.items():
        write_file(out_dir / name, png)
    title = f"Personalized image aesthetics, measured on the {evidence.data}"
    said = paragraphs(evidence)
    parts = _parts(evidence, figures)
    text = [f"# {title}", "", *(f"{paragraph}\n" for paragraph in said)]
    for part in parts:
        if isinstance(part, Table):
            text.append(to_markdown(part))
        else:
            text.append(f"![{figures[part][0]}]({part})\n\n*{figures[part][0]}*\n")
    if evidence.left_out:
        text += ["## Left out", ""]
        text += [f"- {key}: {why}" for key, why in evidence.left_out.items()]
    markdown = "\n".join(text).rstrip() + "\n"
    write_file(out_dir / "report.md", markdown)
    sections = [part if isinstance(part, Table) else figures[part] for part in parts]
    rendered = page.render(title, said, sections, evidence.left_out)
    write_file(out_dir / "report.html", rendered)
    return out_dir / "report.html"


def paragraphs(evidence: Evidence) -> list[str]:
    """Returns what was done, in sentences."""
    plan, users = evidence.plan, evidence.ratings.user_ids()
    tested = (
        f"the images after the first {plan.num_reserved}, the same for all n"
        if plan.same_tests
        else "all other images that the user has rated"
    )
    protocol = (
        f"Tested on {len(users)} users whom no system has seen before, with "
        f"{len(evidence.ratings)} ratings. For each n a system adapts to n images of a "
        f"user and ranks {tested}; SROCC compares the ranking with the user's ratings. "
        f"Each user's images are split at random {plan.repeats} times; systems that "
        "adapt a whole network take longer, and get only the first "
        f"{plan.costly_repeats} of these splits; seed {plan.seed}. Settings were "
        "chosen on validation users. Networks trained for this: "
        f"{evidence.backbone}, from random weights."
    )
    said = [protocol]
    if evidence.is_simulated:
        said.append(
            "The images are rendered and the raters simulated. This shows that the "
            "systems work and how they behave, not which published system is better "
            "for real people. The published figures, measured on other data with "
            "larger networks, are shown for their order of magnitude."
        )
    if evidence.command:
        said.append(f"Made by: {evidence.command}")
    return said


def _parts(evidence: Evidence, figures: dict[str, Any]) -> list[Table | str]:
    """Returns the tables, each followed by the names of its figures."""
    after = {place: name for name, place in PLACES.items() if name in figures}
    parts: list[Table | str] = []
    for make in tables.TABLES:
        table = make(evidence)
        if table is not None:
            parts.append(table)
        if make in after:
            parts.append(after[make])
    return parts


def _write_generic(evidence: Evidence, path: Path) -> None:
    names = ("score_srocc", "score_plcc", "score_acc", "score_emd")
    rows: list[list[str | float]] = []
    for found in evidence.measurements:
        if found.scores and evidence.scores is not None:
            figures = compare_scores(found.scores, evidence.scores)
            rows.append([found.name, *(figures.get(name, "") for name in names)])
    write_table(path, ["system", *names], rows)


def _write_personality(evidence: Evidence, path: Path) -> None:
    rows = [
        [found.name, *dataclasses.astuple(figures)]
        for found in evidence.measurements
        if found.traits and evidence.likes is not None
        for figures in compare_traits(found.traits["traits"], evidence.likes)
    ]
    columns = [field.name for field in dataclasses.fields(TraitFigures)]
    write_table(path, ["system", *columns], rows)


def _write_differences(evidence: Evidence, path: Path) -> None:
    rows = []
    for num_images in evidence.plan.num_images:
        for one, other in itertools.combinations(evidence.personal, 2):
            difference = compare(
                one.of(num_images), other.of(num_images), seed=evidence.plan.seed
            )
            names = [one.name, other.name, num_images]
            rows.append([*names, *dataclasses.astuple(difference)])
    columns = [field.name for field in dataclasses.fields(Difference)]
    write_table(path, ["system", "other_system", "num_images", *columns], rows)


def _write_splits(evidence: Evidence, path: Path) -> None:
    plan = evidence.plan
    rows = []
    for user in evidence.ratings.user_ids():
        own = evidence.ratings.of_user(user)
        for repeat in range(max(plan.repeats, plan.costly_repeats)):
            order = split(user, len(own), seed=plan.seed, repeat=repeat)
            for place, row in enumerate(order[: plan.num_reserved]):
                rows.append([user, repeat, place, own.images[row]])
    write_table(path, ["user_id", "repeat", "place", "image"], rows)


def _write_costs(evidence: Evidence, path: Path) -> None:
    rows: list[list[str | float]] = [
        [
            found.name,
            num_images,
            found.of(num_images)[0].num_weights,
            elapsed,
            found.fit_s,
        ]
        for found in evidence.personal
        for num_images, elapsed in found.adaptation_s.items()
    ]
    columns = ["system", "num_images", "num_weights", "adaptation_s", "fit_s"]
    write_table(path, columns, rows)
