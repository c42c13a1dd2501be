"""The best crop of a photo by a user's score, over a fixed grid of windows.

For each ratio of sides: the largest window that fits, and smaller ones, each at several
places across and down. The model sees every window as a photo of its own.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from piaa_tf.data.images import read_image, resize
from piaa_tf.errors import InputError

JPEG_QUALITY = 95

ScorePixels = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""image float32 [N, S, S, 3] -> the user's scores and the prior's, each [N]."""


@dataclass(frozen=True)
class Window:
    """A part of an upright photo, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, photo: np.ndarray) -> np.ndarray:
        """Returns the window of a photo [height, width, 3], as a view."""
        return photo[
            self.top : self.top + self.height, self.left : self.left + self.width
        ]


@dataclass(frozen=True)
class Crop:
    """The best window of one ratio.

    Attributes:
        ratio: such as "16:9", width to height.
        window: where it is.
        score: the user's score of the window.
        centre_score: the user's score of the largest window in the middle, the obvious
            crop.
        generic_score: the prior's score of the best window.
        num_windows: how many windows were compared.
    """

    ratio: str
    window: Window
    score: float
    centre_score: float
    generic_score: float
    num_windows: int


def sides(ratio: str) -> tuple[int, int]:
    """Reads a ratio.

    >>> sides("16:9")
    (16, 9)

    Raises:
        InputError: It is not a ratio.
    """
    found = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", ratio)
    if found is None:
        raise InputError(
            "A ratio is two whole numbers from 1 to 9999, width to height, such as "
            f"16:9. Got {ratio!r}."
        )
    return int(found[1]), int(found[2])


def windows(
    width: int,
    height: int,
    ratio: str,
    *,
    scales: Sequence[float],
    num_positions: int,
) -> list[Window]:
    """Returns the grid of windows of one ratio.

    >>> windows(40, 20, "1:1", scales=[1], num_positions=3)[0]
    Window(left=10, top=0, width=20, height=20)
    >>> [w.left for w in windows(40, 20, "1:1", scales=[1], num_positions=3)]
    [10, 0, 20]

    Args:
        width: of the photo, pixels.
        height: of the photo, pixels.
        ratio: as in `sides`.
        scales: sides of the windows as shares of the largest one's, in (0, 1].
        num_positions: places across and places down, from edge to edge; at least 1.

    Returns:
        Windows, each once; the largest one in the middle is the first.
    """
    across, down = sides(ratio)
    if width * down <= height * across:
        largest = (width, max(1, round(width * down / across)))
    else:
        largest = (max(1, round(height * across / down)), height)
    middle = Window((width - largest[0]) // 2, (height - largest[1]) // 2, *largest)
    grid = [middle]
    for scale in scales:
        own_width, own_height = (max(1, round(side * scale)) for side in largest)
        for top in _places(height - own_height, num_positions):
            for left in _places(width - own_width, num_positions):
                grid.append(Window(left, top, own_width, own_height))
    return list(dict.fromkeys(grid))


def _places(slack: int, count: int) -> list[int]:
    """Returns places from edge to edge; a single one is in the middle."""
    if count == 1:
        return [slack // 2]
    return [slack * i // (count - 1) for i in range(count)]


def best_crops(
    photo: np.ndarray,
    score: ScorePixels,
    ratios: Sequence[str],
    *,
    image_size: int,
    keep_aspect: bool,
    scales: Sequence[float],
    num_positions: int,
) -> list[Crop]:
    """Finds the best window of each ratio; among equals, the first in the grid.

    Args:
        photo: uint8 [height, width, 3].
        score: called once with all windows.
        ratios: as in `sides`.
        image_size: S, height and width of what the prior sees.
        keep_aspect: as in `data.images.resize`. If true, the prior sees only the centre
            square of a window.
        scales: as in `windows`.
        num_positions: as in `windows`.

    Returns:
        One crop per ratio.
    """
    height, width = photo.shape[:2]
    grids = [
        windows(width, height, ratio, scales=scales, num_positions=num_positions)
        for ratio in ratios
    ]
    # Resizing releases the interpreter's lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = pool.map(
            lambda window: resize(window.of(photo), image_size, keep_aspect),
            [window for grid in grids for window in grid],
        )
        own, generic = score(np.stack(list(seen)))
    crops, first = [], 0
    for ratio, grid in zip(ratios, grids):
        scores = own[first : first + len(grid)]
        best = int(np.argmax(scores))
        crops.append(
            Crop(
                ratio,
                grid[best],
                score=float(scores[best]),
                centre_score=float(scores[0]),
                generic_score=float(generic[first + best]),
                num_windows=len(grid),
            )
        )
        first += len(grid)
    return crops


def crop_name(image: str, ratio: str) -> str:
    """Returns the name of a crop's file, which no two photos share.

    >>> crop_name("trip/beach.jpg", "16:9"), crop_name("trip/beach.png", "16:9")
    ('16x9/trip/beach.jpg', '16x9/trip/beach.png.jpg')
    """
    is_jpeg = image.lower().endswith((".jpg", ".jpeg"))
    return f"{ratio.replace(':', 'x')}/{image}{'' if is_jpeg else '.jpg'}"


def encode_crop(photo: np.ndarray, window: Window, profile: bytes | None) -> bytes:
    """Encodes a part of a photo as a JPEG without chroma subsampling.

    Args:
        photo: uint8 [height, width, 3].
        window: the part.
        profile: colour profile of the photo, or None.

    Returns:
        The file's content.
    """
    buffer = io.BytesIO()
    Image.fromarray(window.of(photo)).save(
        buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0, icc_profile=profile
    )
    return buffer.getvalue()


def read_photo(path: str | os.PathLike[str]) -> tuple[np.ndarray, bytes | None]:
    """Reads a photo upright, and the colour profile of its pixels.

    Args:
        path: the file.

    Returns:
        uint8 [height, width, 3], and the profile; None where there is none, or it was
        not of RGB pixels.

    Raises:
        InputError: It cannot be read.
    """
    photo = read_image(path)
    with Image.open(Path(path)) as image:
        is_rgb = image.mode in ("RGB", "RGBA")
        return photo, image.info.get("icc_profile") if is_rgb else None
