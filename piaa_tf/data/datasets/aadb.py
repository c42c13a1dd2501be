"""AADB (Kong et al., ECCV 2016): average scores, eleven attributes, and each worker's.

    DIR/imgListFiles_label/imgListTrainRegression_score.txt       image and score, 0..1
    DIR/imgListFiles_label/imgListTrainRegression_<Attribute>.txt
    DIR/imgListFiles_label/imgListValidationRegression_..., imgListTestNewRegression_...
    DIR/datasetImages_originalSize/    or datasetImages_warp256/
    DIR/AADB_newtest_originalSize/     or AADB_newtest/: test images, where they are not
                                       among the others; some are called 0.500_NAME
    DIR/AllinAll.csv                   or result_csv.csv: the batch of Mechanical Turk

Averages are read as the ratings of one user "crowd". They hold the votes of all
workers, also of those whom `aadb_users` tests, which cannot be removed from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from absl import logging

from piaa_tf.data.csv_table import Table, read_table
from piaa_tf.data.datasets.published import Request, first_of, present
from piaa_tf.data.datasets.votes import part_of_votes, read_votes
from piaa_tf.data.folder import list_photos, ratings_of
from piaa_tf.data.samples import (
    PersonalRatings,
    SampleError,
    Samples,
    ScoreDistributions,
)
from piaa_tf.data.splits import SPLITS, drawn
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

CONTENTS = dict.fromkeys(SPLITS, (PersonalRatings,))
PUBLISHED = {"images": 9_958}
USERS_CONTENTS = dict.fromkeys(SPLITS, (PersonalRatings, ScoreDistributions))
USERS_PUBLISHED = {"images": 9_958}

RATING_RANGE = RatingRange(0, 1)
USERS_RANGE = RatingRange(1, 5)
LISTS = {"train": "Train", "validation": "Validation", "test": "TestNew"}
PHOTO_FOLDERS = (
    "datasetImages_originalSize",
    "datasetImages_warp256",
    "AADB_newtest_originalSize",
    "AADB_newtest",
)
ATTRIBUTES = (
    "BalacingElements",  # spelt so in the names of the files
    "ColorHarmony",
    "Content",
    "DoF",
    "Light",
    "MotionBlur",
    "Object",
    "Repetition",
    "RuleOfThirds",
    "Symmetry",
    "VividColor",
)
TEST_SHARE = 0.12
MANGLED_BATCH = "result_csv.csv"
IMAGES_PER_HIT = 10


def load(request: Request) -> PersonalRatings:
    """Loads the average score of each image, as the ratings of one user "crowd"."""
    logging.info(
        "aadb: averages hold every worker's vote; those of users whom aadb_users "
        "tests could not be removed"
    )
    find = _finder(request.data_dir)
    parts = []
    for split in request.splits:
        table = _read_list(request.data_dir, split, "score")
        table = table.replaced("image", find(table.texts("image")))
        table = present(request, table, request.data_dir)
        crowd = table.with_column("user_id", "crowd")
        parts.append(ratings_of(crowd, request.data_dir, RATING_RANGE))
    return parts[0].joined(parts[1:])


def load_users(request: Request) -> Samples:
    """Loads what each worker gave, from the raw batch.

    No split of workers was published: they are drawn by their names, 12 % for test and
    5 % for validation; images likewise, for distributions.
    """
    data_dir = request.data_dir
    table = read_batch(first_of(data_dir, ("AllinAll.csv", MANGLED_BATCH)))
    table = table.replaced("image", _finder(data_dir)(table.texts("image")))
    votes = read_votes(request, table, data_dir, USERS_RANGE)
    return part_of_votes(
        request,
        votes,
        of_user=drawn(votes.users, test=TEST_SHARE),
        of_image=drawn(votes.images, test=TEST_SHARE),
        scores=(1, 2, 3, 4, 5),
    )


def attributes(data_dir: Path, split: str) -> Mapping[str, np.ndarray]:
    """Reads how much each image has of eleven attributes.

    Args:
        data_dir: DIR of the module's docstring.
        split: one of `SPLITS`.

    Returns:
        Image -> float32 [11] in the order of `ATTRIBUTES`, mostly in [-1, 1]: the mean
        of negative (-1), null (0) and positive (1).

    Raises:
        InputError: A file is missing, not sound, or lists other images.
    """
    columns: dict[str, dict[str, float]] = {}
    for name in ATTRIBUTES:
        table = _read_list(data_dir, split, name)
        with table.placed_errors():
            numbers = table.numbers(["rating"])[:, 0]
        columns[name] = dict(zip(table.images(), numbers))
        if columns[name].keys() != columns[ATTRIBUTES[0]].keys():
            raise InputError(
                f"{table.csv_path} must list the images of {ATTRIBUTES[0]}. Got others."
            )
    return {
        image: np.array([columns[name][image] for name in ATTRIBUTES], np.float32)
        for image in columns[ATTRIBUTES[0]]
    }


def read_batch(path: Path) -> Table:
    """Reads user_id, image and rating of each image of each assignment.

    The columns of the batch are in the order 1, 10, 2, ..., so they are taken by
    name. Images are named as their files are: farm1.staticflickr.com/441/x_b.jpg is
    farm1_441_x_b.jpg. Cells of result_csv.csv have unbalanced quotes and HTML in them.
    A score of 0 says that none was given: such rows are left out and counted.

    Raises:
        SampleError: A score is not a whole number from 0 to 5, or a URL is not of this
            form.
    """
    is_mangled = path.name == MANGLED_BATCH
    batch = read_table(path, is_quoted=not is_mangled)
    parts = [
        batch.taken(
            {
                "user_id": "WorkerId",
                "image": f"Input.image_url{number}",
                "rating": f"Answer.overallScore{number}",
            }
        )
        for number in range(1, IMAGES_PER_HIT + 1)
    ]
    rows, lines, num_empty = [], [], 0
    for part in parts:
        with part.placed_errors():
            for i, (user, url, score) in enumerate(part.rows):
                rating = _rating(score, i)
                if rating == "0":
                    num_empty += 1
                    continue
                rows.append([user, _file_name(url, i), rating])
                lines.append(part.lines[i])
    if num_empty:
        logging.info("%s: %d scores of 0 left out: none given", path.name, num_empty)
    return Table(path, parts[0].columns, rows, lines)


def _rating(text: str, row: int) -> str:
    digits = re.sub(r"<[^>]*>", "", text).strip(" '\"")
    if digits in ("", "n"):
        return "0"
    if digits not in ("0", "1", "2", "3", "4", "5"):
        raise SampleError(
            f"A score must be 0 to 5, between HTML tags or without. Got {text!r}.",
            row=row,
            column="rating",
        )
    return digits


def _file_name(url: str, row: int) -> str:
    address = urlsplit(url)
    parts = [address.netloc.split(".")[0], *address.path.strip("/").split("/")]
    if not address.netloc or len(parts) != 3:
        raise SampleError(
            "An image must be at https://farmN.staticflickr.com/SERVER/NAME. "
            f"Got {url!r}.",
            row=row,
            column="image",
        )
    return "_".join(parts)


def _finder(data_dir: Path) -> Callable[[Sequence[str]], list[str]]:
    """Returns a function from names to paths below `data_dir`, where there are."""
    place: dict[str, str] = {}
    for folder in PHOTO_FOLDERS:
        if (data_dir / folder).is_dir():
            for name in list_photos(data_dir / folder):
                place.setdefault(re.sub(r"^[01]\.\d+_", "", name), f"{folder}/{name}")
    return lambda names: [place.get(name, name) for name in names]


def _read_list(data_dir: Path, split: str, what: str) -> Table:
    path = (
        data_dir / "imgListFiles_label" / f"imgList{LISTS[split]}Regression_{what}.txt"
    )
    return read_table(path, delimiter=" ", header=["image", "rating"])
