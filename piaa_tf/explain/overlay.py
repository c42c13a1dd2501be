"""Maps laid over a photo, side by side, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image
from scipy.ndimage import gaussian_filter

COLUMNS = 4
PANEL_PIXELS = 480
"""Longer side of a photo as shown."""

LONGEST_TITLE = 32
"""Letters that fit above a photo, even if all are wide."""

_DPI = 120
_BLUR = 1 / 48  # of the map's side: below it, single gradients speckle
_STRONGEST = 99.5  # percentile that gets the brightest colour, not a stray pixel
_GREY, _HEAT = 0.75, 0.85  # brightness of the photo, opacity of what is strongest


@dataclass(frozen=True)
class Viewer:
    """A map of a photo, with the name of the viewer whose score it explains.

    Attributes:
        title: the viewer's name.
        caption: a line below it.
        map: [S, S], at least 0.
    """

    title: str
    caption: str
    map: np.ndarray


def overlay(photo: np.ndarray, own_map: np.ndarray, *, keep_aspect: bool) -> np.ndarray:
    """Lays a map over a photo: grey where it is zero, glowing where strongest.

    Args:
        photo: uint8 [height, width, 3].
        own_map: [S, S], at least 0, of the square that the prior saw.
        keep_aspect: whether that was the photo's centre square; otherwise it was the
            whole photo, squeezed.

    Returns:
        uint8 [height, width, 3].
    """
    height, width = photo.shape[:2]
    side = min(height, width)
    seen = (side, side) if keep_aspect else (height, width)
    smooth = gaussian_filter(np.asarray(own_map, np.float32), _BLUR * len(own_map))
    strongest = np.percentile(smooth, _STRONGEST)
    smooth = np.clip(smooth / strongest, 0, 1) if strongest > 0 else smooth
    large = Image.fromarray(smooth).resize(seen[::-1], Image.Resampling.BICUBIC)
    strength = np.zeros([height, width], np.float32)
    top, left = (height - seen[0]) // 2, (width - seen[1]) // 2
    strength[top : top + seen[0], left : left + seen[1]] = np.clip(
        np.asarray(large), 0, 1
    )
    grey = np.asarray(Image.fromarray(photo).convert("L"), np.float32)[..., np.newaxis]
    heat = colormaps["inferno"](strength)[..., :3] * 255
    opacity = _HEAT * strength[..., np.newaxis] ** 0.8
    return (grey * _GREY * (1 - opacity) + heat * opacity).astype(np.uint8)


def draw_viewers(
    photo: np.ndarray,
    viewers: Sequence[Viewer],
    file: BinaryIO,
    *,
    title: str,
    caption: str,
    keep_aspect: bool,
) -> None:
    """Draws a photo and, beside it, where each viewer's score comes from.

    Each map has its own scale: colours show where a viewer's score comes from, but do
    not compare viewers.

    Args:
        photo: uint8 [height, width, 3].
        viewers: in their order, the prior first.
        file: the PNG is written to it.
        title: above the photo.
        caption: a line below it.
        keep_aspect: as in `overlay`.
    """
    small = Image.fromarray(photo)
    small.thumbnail((PANEL_PIXELS, PANEL_PIXELS), Image.Resampling.LANCZOS)
    shown = np.array(small)
    panels = [(title, caption, shown)]
    for viewer in viewers:
        laid = overlay(shown, viewer.map, keep_aspect=keep_aspect)
        panels.append((viewer.title, viewer.caption, laid))
    rows = -(-len(panels) // COLUMNS)
    columns = -(-len(panels) // rows)
    panel_width, panel_height = (
        max(side, PANEL_PIXELS // 2) / _DPI for side in small.size
    )
    figure = Figure(
        figsize=(columns * (panel_width + 0.15), rows * (panel_height + 0.55)),
        dpi=_DPI,
    )
    axes = figure.subplots(rows, columns, squeeze=False)
    for place in axes.flat:
        place.set_axis_off()
    for place, (name, line, panel) in zip(axes.flat, panels):
        if len(name) > LONGEST_TITLE:
            name = f"{name[:LONGEST_TITLE]}…"
        place.imshow(panel)
        place.set_title(f"{name}\n{line}", fontsize=10, parse_math=False)
    figure.tight_layout(pad=0.6)
    figure.savefig(file, format="png")
