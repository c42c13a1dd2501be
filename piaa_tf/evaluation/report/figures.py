"""The figures of the report, drawn with Matplotlib: individuals, curve, costs."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from piaa_tf.data.decode import read_image
from piaa_tf.evaluation.measurement import Measurement
from piaa_tf.evaluation.report.evidence import Evidence
from piaa_tf.evaluation.results import summarise, table_of
from piaa_tf.presentation.colors import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY_BLUE,
    VERMILION,
)

COLORS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY_BLUE)
PRIOR_COLOR, OTHER_COLOR, TRUE_COLOR = "#b5b9c0", "#8a8f98", INK
MAIN_SYSTEMS = (
    "PA_IAA",
    "BLG-PIAA",
    "PA_IAA (W_b alone)",
    "MT_IAA",
    "BA-PIAA",
    "Ridge on embeddings",
)
# The line from a name to its point.
LEADER = {
    "arrowstyle": "-",
    "linewidth": 0.5,
    "relpos": (0, 0.5),
    "shrinkA": 1,
    "shrinkB": 4,
}
NUM_IMAGES = 6
DPI = 130


def to_png(figure: Figure) -> bytes:
    """Renders a figure; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def individuals(evidence: Evidence, names: Sequence[str]) -> Figure | None:
    """Draws the SROCC of every test user, with the systems side by side.

    After the slides' "Performance comparison of test individuals".

    Args:
        evidence: the evaluation; its largest n of the tables is drawn.
        names: of the systems; the prior of the last one is drawn beside them.

    Returns:
        The figure, or None if a system was not measured.
    """
    of_name = {found.name: found for found in evidence.personal}
    if not set(names) <= of_name.keys():
        return None
    systems = [of_name[name] for name in names]
    num_images = max(evidence.plan.num_images)
    users, last = table_of(systems[-1].of(num_images))
    prior = table_of(systems[-1].of(num_images), "prior_srocc")[1].mean(axis=1)
    order = np.argsort(last.mean(axis=1))
    bars = [(f"{names[-1]} without personal data", PRIOR_COLOR, prior)]
    for name, found, color in zip(names, systems, COLORS):
        bars.append((name, color, table_of(found.of(num_images))[1].mean(axis=1)))
    figure = Figure(figsize=(max(9.2, 0.3 * len(users)), 3.9))
    axes = figure.subplots()
    width = 0.84 / len(bars)
    for i, (label, color, values) in enumerate(bars):
        place = np.arange(len(users)) + (i + 0.5) * width - 0.42
        label = f"{label}: mean {values.mean():.3f}"
        axes.bar(place, values[order], width, color=color, label=label)
    axes.set_xticks(range(len(users)), [users[i] for i in order], rotation=90)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_xlim(-0.7, len(users) - 0.3)
    axes.set_ylabel(f"SROCC, {num_images} images")
    _finish(axes)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, ncols=len(bars)
    )
    figure.tight_layout()
    return figure


def learning_curve(evidence: Evidence) -> Figure | None:
    """Draws mean SROCC over the number of images; None for a single number."""
    numbers = sorted({*evidence.plan.num_images, *evidence.plan.curve})
    if len(numbers) < 2 or not evidence.personal:
        return None
    figure = Figure(figsize=(9.2, 5.2))
    axes = figure.subplots()
    main = [m for m in evidence.personal if m.name in MAIN_SYSTEMS]
    others = [m for m in evidence.personal if m.name not in MAIN_SYSTEMS]
    ends = []
    for found in [*others, *main]:
        means = [summarise(found.of(n)).mean for n in numbers]
        is_main = found.name in MAIN_SYSTEMS
        color = COLORS[MAIN_SYSTEMS.index(found.name)] if is_main else OTHER_COLOR
        axes.plot(
            numbers,
            means,
            "-o",
            color=color,
            linewidth=2 if is_main else 1,
            markersize=4 if is_main else 2.5,
            alpha=1 if is_main else 0.75,
        )
        ends.append((means[-1], found.name, color))
    if evidence.bounds is not None:
        for value, text in (
            (evidence.bounds.noise_ceiling, "noise ceiling"),
            (evidence.bounds.shared_taste, "perfect shared taste"),
        ):
            axes.axhline(value, color=TRUE_COLOR, linewidth=0.8, linestyle=":")
            axes.annotate(
                text,
                (numbers[0], value),
                (0, 3),
                textcoords="offset points",
                fontsize=8,
            )
    axes.set_xscale("log")
    axes.set_xticks(numbers, [str(n) for n in numbers])
    axes.minorticks_off()
    axes.set_xlabel("rated images of the user")
    axes.set_ylabel("SROCC, mean over users")
    _finish(axes)
    figure.tight_layout()
    _label_ends(axes, numbers[-1], ends)
    figure.tight_layout()
    return figure


def _label_ends(axes: Axes, x: float, ends: list[tuple[float, str, str]]) -> None:
    """Writes names at the ends of lines, apart from each other."""
    low, high = axes.get_ylim()
    ends = sorted(ends)
    places = _apart([value for value, _, _ in ends], gap=(high - low) / 32)
    for place, (value, name, color) in zip(places, ends):
        axes.annotate(
            name,
            (x, value),
            (1.04, (place - low) / (high - low)),
            textcoords="axes fraction",
            fontsize=8,
            color=color,
            va="center",
            annotation_clip=False,
            arrowprops={**LEADER, "color": color},
        )


def _clusters(values: list[float]) -> list[int]:
    """Numbers the groups of values that are a factor of ten or more apart.

    >>> _clusters([5.0, 200_000.0, 30.0, 150_000.0])
    [0, 1, 0, 1]
    """
    ascending = np.sort(values)
    starts = ascending[1:][np.diff(np.log10(ascending)) >= 1]
    return np.searchsorted(starts, values, side="right").tolist()


def _apart(values: list[float], gap: float) -> list[float]:
    """Moves ascending values apart to at least a gap, as little as possible.

    >>> _apart([0.0, 0.0, 4.0], gap=1)
    [-0.5, 0.5, 4.0]
    """
    groups: list[list[float]] = []
    for value in values:
        groups.append([value])
        while len(groups) > 1 and _start(groups[-1], gap) < (
            _start(groups[-2], gap) + gap * len(groups[-2])
        ):
            last = groups.pop()
            groups[-1] += last
    return [_start(group, gap) + gap * i for group in groups for i in range(len(group))]


def _start(group: list[float], gap: float) -> float:
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def costs(evidence: Evidence) -> Figure | None:
    """Draws SROCC over the weights that are kept for each user."""
    num_images = max(evidence.plan.num_images)
    points = []
    for found in evidence.personal:
        rows = found.of(num_images)
        weights = float(np.median([row.num_weights for row in rows]))
        points.append((max(weights, 1), summarise(rows).mean, found))
    if not points:
        return None
    figure = Figure(figsize=(8.2, 4.2))
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.margins(x=0.2, y=0.12)
    values = [value for _, value, _ in points]
    gap = (max(values) - min(values) or 1) / 18
    clusters = _clusters([weights for weights, _, _ in points])
    ranked = sorted(zip(clusters, points), key=lambda pair: (pair[0], pair[1][1]))
    places: list[float] = []
    for _, cluster in itertools.groupby(ranked, key=lambda pair: pair[0]):
        places += _apart([value for _, (_, value, _) in cluster], gap)
    for place, (_, (weights, value, found)) in zip(places, ranked):
        size = 20 + 35 * max(0, 3 + np.log10(found.adaptation_s[num_images]))
        color = (
            COLORS[MAIN_SYSTEMS.index(found.name)]
            if found.name in MAIN_SYSTEMS
            else OTHER_COLOR
        )
        axes.scatter(weights, value, s=size, color=color, alpha=0.8)
        axes.annotate(
            found.name,
            (weights, value),
            (weights * 1.5, place),
            fontsize=8,
            va="center",
            annotation_clip=False,
            arrowprops={**LEADER, "color": color},
        )
    axes.set_xlabel("numbers kept for each user (larger dots adapt more slowly)")
    axes.set_ylabel(f"SROCC, {num_images} images")
    _finish(axes)
    figure.tight_layout()
    return figure


def distributions(evidence: Evidence) -> Figure | None:
    """Draws predicted and true distributions below their images.

    The images are chosen by their true mean score alone, evenly from the worst to
    the best, and not by how well they are predicted.
    """
    found = _distribution_system(evidence)
    if found is None or evidence.scores is None:
        return None
    scores = evidence.scores
    ascending = np.argsort(scores.mean_scores, kind="stable")
    count = min(NUM_IMAGES, len(scores))
    rows = ascending[np.linspace(0, len(scores) - 1, count).round().astype(int)]
    figure = Figure(figsize=(2.1 * count, 4.1))
    axes = figure.subplots(
        2, count, squeeze=False, gridspec_kw={"height_ratios": [1.15, 1]}
    )
    predicted = found.scores["distribution"]
    highest = max(predicted[rows].max(), scores.probabilities[rows].max())
    for (above, below), row in zip(axes.T, rows):
        above.imshow(read_image(scores.paths[row]))
        above.axis("off")
        above.set_title(f"true mean {scores.mean_scores[row]:.2f}", fontsize=9)
        bins = scores.bin_scores
        below.bar(
            bins,
            scores.probabilities[row],
            0.85,
            color=PRIOR_COLOR,
            label="true",
        )
        below.plot(
            bins, predicted[row], "-o", color=COLORS[0], markersize=3, label="predicted"
        )
        mean = float(predicted[row] @ bins)
        below.set_xlabel(f"predicted mean {mean:.2f}", fontsize=9)
        below.set_ylim(0, 1.08 * highest)
        below.set_xticks(bins, [f"{score:g}" for score in bins], fontsize=6)
        below.set_yticks([])
        _finish(below)
        below.spines["left"].set_visible(False)
    axes[1, 0].legend(fontsize=7, frameon=False, loc="upper right")
    figure.tight_layout()
    return figure


def _distribution_system(evidence: Evidence) -> Measurement | None:
    able = [found for found in evidence.measurements if "distribution" in found.scores]
    ours = [found for found in able if found.name == "PA_IAA"]
    return next(iter(ours or able), None)


def _finish(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color="#e6e3dc", linewidth=0.6)


def all_figures(evidence: Evidence) -> dict[str, tuple[str, bytes]]:
    """Draws every figure for which there are data.

    Returns:
        File name -> (caption, PNG).
    """
    num_images = max(evidence.plan.num_images)
    marked = f"({evidence.measured})"
    predictor = _distribution_system(evidence)
    scores = f"True scores, and those of {predictor.name if predictor else ''}"
    people = f"Test individuals, {num_images} images each"
    drawn = {
        "individuals_pa_iaa": (
            f"{people}: PA_IAA beside MT_IAA",
            individuals(evidence, ("MT_IAA", "PA_IAA")),
        ),
        "individuals_blg_piaa": (
            f"{people}: BLG-PIAA beside BA-PIAA",
            individuals(evidence, ("BA-PIAA", "BLG-PIAA")),
        ),
        "learning_curve": (
            "SROCC over the number of rated images",
            learning_curve(evidence),
        ),
        "distributions": (
            f"{scores}; chosen by their true mean alone, from the worst to the best",
            distributions(evidence),
        ),
        "costs": ("What a user costs, and what it brings", costs(evidence)),
    }
    return {
        f"{name}.png": (f"{caption} {marked}", to_png(figure))
        for name, (caption, figure) in drawn.items()
        if figure is not None
    }
