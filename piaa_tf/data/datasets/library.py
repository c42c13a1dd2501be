"""A person's own photo library: a folder of photos, with stars from a manager.

    DIR/...                photos at any depth
    DIR/ratings.csv        path,rating,...: where it is there, it comes before XMP
    DIR/IMG_1.xmp          sidecars; or stars in the photos themselves

All ratings are for test: they are of one user, called "me". What has no stars or 0 is
unrated and left out; a reject counts as one star.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from absl import logging

from piaa_tf.data.csv_table import read_table
from piaa_tf.data.datasets.published import Request, present
from piaa_tf.data.folder import list_photos
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.data.soundness import check_distinct, check_numbers
from piaa_tf.data.stars import REJECT, stars_of
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

CONTENTS = {"test": (PersonalRatings,)}
PUBLISHED: dict[str, int] = {}
RATING_RANGE = RatingRange(1, 5)
CSV_FILE = "ratings.csv"
USER = "me"


def load(request: Request) -> PersonalRatings:
    """Loads what the owner gave, one rating per rated photo.

    Raises:
        InputError: Nothing is rated, or a rating is not sound; says where.
    """
    data_dir = request.data_dir
    has_table = (data_dir / CSV_FILE).exists()
    stars = _of_table(request) if has_table else _of_xmp(data_dir)
    rated = {image: number for image, number in stars.items() if number}
    rejects = sum(number == REJECT for number in rated.values())
    logging.info(
        "library: %d photos rated, %d of them rejects that count as 1; %d unrated",
        len(rated),
        rejects,
        len(stars) - len(rated),
    )
    if not rated:
        raise InputError(
            f"{data_dir} must have rated photos. Got none of {len(stars)}. Write "
            f"the stars to XMP in your photo manager, or a {CSV_FILE} with the columns "
            "path,rating."
        )
    return PersonalRatings(
        photos=data_dir,
        images=list(rated),
        users=[USER] * len(rated),
        ratings=np.maximum(list(rated.values()), RATING_RANGE.minimum),
        rating_range=RATING_RANGE,
    )


def _of_xmp(data_dir: Path) -> dict[str, float | None]:
    images = list_photos(data_dir)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(
            zip(images, pool.map(stars_of, (data_dir / image for image in images)))
        )


def _of_table(request: Request) -> dict[str, float | None]:
    columns = {"image": "path", "rating": "rating"}
    table = read_table(request.data_dir / CSV_FILE).taken(columns)
    table = table.replaced("image", table.images())
    # An empty cell means no stars.
    table = table.replaced("rating", [text or "0" for text in table.texts("rating")])
    table = present(request, table, request.data_dir)
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
