"""A chart of results, for people to look at."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from piaa_tf.evaluation.results import Result, by_num_images, mean_by_user
from piaa_tf.presentation.colors import BLUE, SKY_BLUE

PRIOR_COLOR, PERSONAL_COLORS = "#8a8f98", (SKY_BLUE, BLUE, "#003a5d")


def plot_users(
    results: Sequence[Result],
    path: str | os.PathLike[str],
    *,
    title: str,
) -> None:
    """Draws SROCC of each test user, prior beside personal.

    After the slides' "Performance comparison of test individuals".

    Args:
        results: of one system and the same users, for some numbers of ratings.
        path: PNG to write.
        title: above the chart; says which data these are.
    """
    of_count = by_num_images(results)
    prior = mean_by_user(of_count[max(of_count)], "prior_srocc")
    users = sorted(prior, key=lambda user: prior[user])
    bars = [("prior", PRIOR_COLOR, prior)]
    for (count, own), color in zip(of_count.items(), PERSONAL_COLORS):
        bars.append((f"{count} ratings", color, mean_by_user(own, "srocc")))
    width = 0.8 / len(bars)
    figure = Figure(figsize=(max(7, 0.28 * len(users)), 4.2), dpi=120)
    axes = figure.subplots()
    for i, (label, color, values) in enumerate(bars):
        heights = [values[user] for user in users]
        mean = float(np.mean(heights))
        axes.bar(
            np.arange(len(users)) + (i + 0.5) * width - 0.4,
            heights,
            width,
            color=color,
            label=f"{label}: mean {mean:.3f}",
        )
        axes.axhline(
            float(np.mean(heights)), color=color, linewidth=0.8, linestyle="--"
        )
    axes.set_xticks(range(len(users)), users, rotation=90, fontsize=7)
    axes.set_xlim(-0.6, len(users) - 0.4)
    axes.set_ylabel("SROCC")
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", frameon=False, ncols=len(bars))
    figure.tight_layout()
    figure.savefig(path)
