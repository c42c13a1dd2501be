"""Where in a photo a score comes from, as a map that draws itself."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from piaa_tf.adaptation.scoring import UserScorer
from piaa_tf.data.csv_table import write_table
from piaa_tf.data.decode import resize
from piaa_tf.data.photo import Photo, photo_pixels
from piaa_tf.errors import InputError
from piaa_tf.explain.gradients import METHODS, concentration, to_map
from piaa_tf.explain.overlay import Viewer, draw_viewers, overlay
from piaa_tf.files.atomic_files import write_file
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import RatingRange


@dataclasses.dataclass(frozen=True, eq=False)
class Explanation:
    """Where one user's score of one photo comes from.

    In a notebook it shows itself; `save` writes the same figure into a file.

    Attributes:
        name: of the photo; "photo" if it has none.
        photo: uint8 [height, width, 3].
        map: how much each pixel of the square that the network saw contributes to
            the score, float32 [S, S], at least 0.
        score: in the range of ratings.
        user_id: whose score it is; empty for the prior's.
        known_user: whether the score is the user's own; otherwise it is the prior's.
        rating_range: the range of the score.
        keep_aspect: whether the square is the photo's centre; otherwise the whole
            photo, squeezed.
    """

    name: str
    photo: np.ndarray
    map: np.ndarray
    score: float
    user_id: str
    known_user: bool
    rating_range: RatingRange
    keep_aspect: bool

    @property
    def viewer(self) -> str:
        """Whose score it is, in words."""
        if not self.user_id:
            return "the prior"
        return self.user_id if self.known_user else f"{self.user_id}: no taste known"

    @property
    def concentration(self) -> float:
        """The share of the map in the tenth of the pixels where it is strongest."""
        return float(concentration(self.map[np.newaxis])[0])

    def overlay(self) -> np.ndarray:
        """Lays the map over the photo, uint8 [height, width, 3]."""
        return overlay(self.photo, self.map, keep_aspect=self.keep_aspect)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Draws the photo, and the map on it beside it, into a PNG file."""
        write_file(path, draw_explanations([self]))

    def _repr_png_(self) -> bytes:
        return draw_explanations([self])


def explain_photo(
    prior: Prior, scorer: UserScorer, photo: Photo, *, user_id: str, method: str
) -> Explanation:
    """Differentiates a user's score of a photo by its pixels.

    Args:
        prior: the prior.
        scorer: the user's; without a taste the prior's score is explained.
        photo: in any form.
        user_id: whose score; empty for the prior's.
        method: a key of `explain.gradients.METHODS`.

    Returns:
        The explanation.

    Raises:
        InputError: The method is unknown, or the photo cannot be read.
    """
    if method not in METHODS:
        raise InputError(f"method must be one of {', '.join(METHODS)}. Got {method!r}.")
    pixels = photo_pixels(photo, "photo")
    image = resize(pixels, prior.config.image_size, prior.keep_aspect)[np.newaxis]
    score = scorer.score_function()
    return Explanation(
        name=Path(photo).name if isinstance(photo, (str, os.PathLike)) else "photo",
        photo=pixels,
        map=to_map(METHODS[method](score, image))[0],
        score=float(score(image).numpy()[0]),
        user_id=user_id,
        known_user=scorer.is_known_user,
        rating_range=scorer.rating_range,
        keep_aspect=prior.keep_aspect,
    )


def draw_explanations(explanations: Sequence[Explanation]) -> bytes:
    """Draws a photo and, beside it, where each user's score of it comes from.

    Args:
        explanations: of one photo, at least one.

    Returns:
        A PNG file.
    """
    first = explanations[0]
    figure = io.BytesIO()
    draw_viewers(
        first.photo,
        [Viewer(e.viewer, f"score {e.score:.2f}", e.map) for e in explanations],
        figure,
        title=first.name,
        caption=f"scores from {first.rating_range.minimum:g} "
        f"to {first.rating_range.maximum:g}",
        keep_aspect=first.keep_aspect,
    )
    return figure.getvalue()


def save_explanations(
    explanations: Sequence[Explanation], folder: str | os.PathLike[str]
) -> None:
    """Writes `maps.png` and `maps.csv`.

    Args:
        explanations: of one photo, at least one.
        folder: where to; made if missing.
    """
    rows: list[list[str | bool]] = [
        [e.user_id, f"{e.score:.6g}", e.known_user, f"{e.concentration:.4f}"]
        for e in explanations
    ]
    columns = ["user_id", "score", "known_user", "concentration"]
    figure = draw_explanations(explanations)
    write_table(Path(folder) / "maps.csv", columns, rows)
    write_file(Path(folder) / "maps.png", figure)
