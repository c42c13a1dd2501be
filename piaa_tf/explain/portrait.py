"""What a person's likes say about their personality: the slides' user portrait.

The Big-Five estimate of a person is the mean of the traits that a prior predicts from
each photo they like, as PA_IAA's personality stream was trained to. It is a guess
from photos, drawn towards the average of the people the prior was trained on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes

from piaa_tf.adaptation.predict import predict
from piaa_tf.errors import InputError
from piaa_tf.models.prior import Prior
from piaa_tf.presentation.colors import BLUE, SKY_BLUE
from piaa_tf.ratings import TRAITS

COLOR, BAND_COLOR = BLUE, SKY_BLUE


@dataclass(frozen=True, eq=False)
class Portrait:
    """Five traits in [-1, 1], in the order of `ratings.TRAITS`.

    Attributes:
        mean: over the liked photos, [5].
        spread: standard deviation over them, [5]; 0 for a single photo.
        num_images: how many photos there are.
    """

    mean: np.ndarray
    spread: np.ndarray
    num_images: int

    @property
    def standard_error(self) -> np.ndarray:
        """How far the means would vary with other photos of the same person, [5]."""
        return self.spread / np.sqrt(self.num_images)


def estimate_portrait(prior: Prior, paths: Sequence[Path]) -> Portrait:
    """Estimates the Big Five of a person who likes some photos.

    Args:
        prior: predicts traits.
        paths: of the photos, at least one.

    Returns:
        The portrait.

    Raises:
        InputError: The prior predicts no traits, or a photo cannot be read.
    """
    predicted = set(prior.one_image().output) - {"embedding"}
    if "traits" not in predicted:
        raise InputError(
            "A portrait needs a prior that predicts traits. Got a "
            f"{prior.kind} prior that predicts {', '.join(predicted)} alone. "
            "Train one with piaa-train-multitask."
        )
    traits = predict(prior, paths)["traits"].astype(np.float64)
    spread = traits.std(axis=0, ddof=1) if len(traits) > 1 else np.zeros(len(TRAITS))
    return Portrait(traits.mean(axis=0), spread, len(traits))


def draw_portrait(
    portrait: Portrait, path: str | os.PathLike[str], *, title: str
) -> None:
    """Draws a radar: the mean of each trait, and its spread over photos as a band.

    Args:
        portrait: what to draw.
        path: PNG to write.
        title: above the chart.
    """
    low, high = portrait.mean - portrait.spread, portrait.mean + portrait.spread
    farthest = max(np.abs(low).max(), np.abs(high).max())
    # Estimates are cautious: on the full scale most radars would be a central spot.
    limit = next((size for size in (0.25, 0.5) if farthest <= size), 1.0)
    angles = np.linspace(0, 2 * np.pi, len(TRAITS) + 1)

    def closed(values: np.ndarray) -> np.ndarray:
        return np.clip(np.append(values, values[0]), -limit, limit)

    figure = Figure(figsize=(6.4, 6.2), dpi=120)
    axes = cast(PolarAxes, figure.add_subplot(projection="polar"))
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.fill_between(
        angles,
        closed(low),
        closed(high),
        color=BAND_COLOR,
        alpha=0.3,
        linewidth=0,
        label="one standard deviation over photos",
    )
    axes.plot(
        angles,
        closed(portrait.mean),
        color=COLOR,
        marker="o",
        label=f"mean of {portrait.num_images} liked photos",
    )
    axes.plot(np.linspace(0, 2 * np.pi, 200), np.zeros(200), color="#444", linewidth=1)
    axes.set_ylim(-limit, limit)
    rings = np.linspace(-limit, limit, 5)[1:]
    axes.set_yticks(rings, [f"{ring:+g}" if ring else "0" for ring in rings], size=8)
    axes.set_rlabel_position(36)
    labels = [
        f"{trait}\n{mean:+.2f}" for trait, mean in zip(TRAITS, portrait.mean.tolist())
    ]
    axes.set_xticks(angles[:-1], labels)
    axes.tick_params(axis="x", pad=26)
    axes.grid(color="#ccc", linewidth=0.7)
    axes.spines["polar"].set_color("#ccc")
    axes.set_title(title, pad=24, parse_math=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False)
    figure.savefig(path, bbox_inches="tight")
