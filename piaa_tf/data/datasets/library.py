"""A person's own photo library: a folder of photographs, with stars from a manager.

    DIR/...                photographs at any depth
    DIR/ratings.csv        path,rating,...: where it is there, it stands above XMP
    DIR/IMG_1.xmp          sidecars; or stars in the photographs themselves

All ratings are for test: they are of one user, called "me". What has no stars or 0 is
unrated and left out; a reject counts as one star.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from absl import logging

from piaa_tf.data.csv_table import read_table
from piaa_tf.data.datasets.published import AnySamples, OnMissing, present
from piaa_tf.data.folder import list_photos
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.data.soundness import check_distinct, check_numbers
from piaa_tf.data.splits import check_split
from piaa_tf.data.stars import REJECT, stars_of
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

CONTENTS = {"test": (PersonalRatings,)}
PUBLISHED: dict[str, int] = {}
RATING_RANGE = RatingRange(1, 5)
CSV_FILE = "ratings.csv"
USER = "me"


def load(
    kind: type[AnySamples],
    data_dir: Path,
    split: str,
    on_missing: OnMissing = None,
) -> PersonalRatings:
    """Loads what the owner gave.

    Args:
        kind: `PersonalRatings`.
        data_dir: DIR of the module's docstring.
        split: test, or all.
        on_missing: as of `published.present`, for rows of ratings.csv.

    Returns:
        One rating per rated photograph.

    Raises:
        InputError: Nothing is rated, or a rating is not sound; says where.
    """
    check_split(split)
    csv_path = data_dir / CSV_FILE
    stars = (
        _of_table(csv_path, data_dir, on_missing)
        if csv_path.exists()
        else _of_xmp(data_dir)
    )
    rated = {image: number for image, number in stars.items() if number}
    rejects = sum(number == REJECT for number in rated.values())
    logging.info(
        "library: %d photographs rated, %d of them rejects that count as 1; %d unrated",
        len(rated),
        rejects,
        len(stars) - len(rated),
    )
    if not rated:
        raise InputError(
            f"{data_dir} must have rated photographs. Got none of {len(stars)}. Write "
            f"the stars to XMP in your photo manager, or a {CSV_FILE} with the columns "
            "path,rating."
        )
    return PersonalRatings(
        photos=data_dir,
        images=list(rated),
        users=[USER] * len(rated),
        ratings=[max(number, RATING_RANGE.minimum) for number in rated.values()],
        rating_range=RATING_RANGE,
    )


def _of_xmp(data_dir: Path) -> dict[str, float | None]:
    images = list_photos(data_dir)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(
            zip(images, pool.map(stars_of, (data_dir / image for image in images)))
        )


def _of_table(
    csv_path: Path, data_dir: Path, on_missing: OnMissing
) -> dict[str, float | None]:
    table = read_table(csv_path).taken({"image": "path", "rating": "rating"})
    table = table.replaced("image", table.images())
    # An empty cell is no star.
    table = table.replaced("rating", [text or "0" for text in table.texts("rating")])
    table = present(table, data_dir, on_missing)
    with table.placed_errors():
        numbers = table.numbers(["rating"])
        check_numbers(
            numbers,
            RatingRange(REJECT, 5).contains(numbers),
            ["rating"],
            "A rating must be 1 to 5, 0 or empty for none, -1 for a reject.",
        )
        check_distinct(table.texts("image"), "image", "An image is rated once.")
    return dict(zip(table.texts("image"), numbers[:, 0]))
