"""A contact sheet of the gallery for people to look at."""

from __future__ import annotations

import itertools

from PIL import Image

from piaa_tf.data.gallery.config import GalleryConfig
from piaa_tf.data.gallery.render import render_scene
from piaa_tf.data.gallery.scene import CONTENTS, Scene, draw_scene
from piaa_tf.errors import InputError
from piaa_tf.presentation.sheet import Grid, Sheet


def contact_sheet(
    config: GalleryConfig, columns: int, rows: int = len(CONTENTS), size: int = 64
) -> Image.Image:
    """Renders the first photos of each content class side by side.

    Args:
        config: gives the seed.
        columns: photos per class, >= 1.
        rows: classes, 1 to 8, in the order of `CONTENTS`.
        size: pixels a side of each photo.

    Returns:
        An RGB image, columns * size wide and rows * size high.

    Raises:
        InputError: columns, rows or size are out of range.
    """
    if columns < 1 or not 1 <= rows <= len(CONTENTS):
        raise InputError(
            f"A contact sheet has >= 1 columns and 1 to {len(CONTENTS)} rows. "
            f"Got {columns} columns and {rows} rows."
        )
    found: dict[str, list[Scene]] = {content: [] for content in CONTENTS[:rows]}
    for index in itertools.count():
        scene = draw_scene(config.seed, index)
        if len(found.get(scene.content, range(columns))) < columns:
            found[scene.content].append(scene)
        elif all(len(scenes) == columns for scenes in found.values()):
            break
    grid = Grid(
        columns,
        cell_width=size,
        cell_height=size,
        mat_width=0,
        caption_height=0,
        gap=0,
        margin=0,
    )
    sheet = Sheet(grid, columns * rows)
    for i, scene in enumerate(itertools.chain.from_iterable(found.values())):
        sheet.place(i, Image.fromarray(render_scene(scene, size)))
    return sheet.image
