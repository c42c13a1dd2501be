"""FLICKR-AES (Ren et al., ICCV 2017): what each of 210 workers gave some photos.

    DIR/FLICKR-AES_image_labeled_by_each_worker.csv    worker, imagePair, score
    DIR/FLICKR-AES_image_score.txt                     image and aggregate, 0.2 to 1
    DIR/40K/<image>.jpg

The 37 test workers are the published ones (`lists/flickr_aes_test_workers.txt`), the
images that any of them rated are test images. For validation, the eight others with the
fewest ratings, but as many as a test worker has, take their images with them: 165
workers remain, as in the released code of BLG-PIAA. So no image is in two splits, and
no average that is trained on holds the vote of a user who is tested.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import logging

from piaa_tf.data.csv_table import Table, read_table
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.datasets.votes import part_of_votes, read_votes, take_split
from piaa_tf.data.samples import (
    PersonalRatings,
    SampleError,
    Samples,
    ScoreDistributions,
)
from piaa_tf.data.splits import (
    LISTS,
    SPLITS,
    drawn,
    listed,
    read_list,
)
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

CONTENTS = dict.fromkeys(SPLITS, (PersonalRatings, ScoreDistributions))
PUBLISHED = {"images": 40_988, "users": 210, "ratings": 193_208}
AVERAGE_CONTENTS = dict.fromkeys(SPLITS, (PersonalRatings,))
AVERAGE_PUBLISHED = {"images": 40_988}

RATING_RANGE = RatingRange(1, 5)
AVERAGE_RANGE = RatingRange(0.2, 1)
SCORES = (1, 2, 3, 4, 5)
WORKERS_FILE = "FLICKR-AES_image_labeled_by_each_worker.csv"
AVERAGE_FILE = "FLICKR-AES_image_score.txt"
NORMALIZED_FILE = "test_workers_dataset_normalized.csv"
TEST_LIST = "flickr_aes_test_workers.txt"
NUM_VALIDATION, LEAST_RATINGS = 8, 112

# Over all 193,208 ratings; what turns the z-scores of NORMALIZED_FILE back.
MEAN, DEVIATION = 3.018, 1.100


def load(request: Request) -> Samples:
    """Loads ratings, or how many workers gave each score.

    Where there is no file of all workers, test ratings come from
    test_workers_dataset_normalized.csv, which the released code of PA_IAA reads.
    """
    if _has_test_alone(request.data_dir) and request.split == "test":
        table = read_normalized(request.data_dir / NORMALIZED_FILE)
    else:
        table = read_workers(request.data_dir / WORKERS_FILE)
    votes = read_votes(request, table, request.data_dir / "40K", RATING_RANGE)
    of_user, of_image = _splits(votes.users, votes.images)
    return part_of_votes(
        request,
        votes,
        of_user=of_user,
        of_image=of_image,
        scores=SCORES,
        is_crossed=True,
    )


def load_average(request: Request) -> PersonalRatings:
    """Loads the published aggregate of each image, as the ratings of one user "crowd".

    The aggregate weighs workers by trust: it is not a plain mean, and there is no
    distribution. Its images are split as those of `load`, so that none for training was
    rated by a test worker. Without the file of the workers this is impossible: images
    are then drawn, and the run says so.
    """
    path = request.data_dir / AVERAGE_FILE
    table = read_table(path, delimiter=" ", header=("image", "rating"))
    table = dataclasses.replace(table, names={"image": "1", "rating": "2"})
    photos = request.data_dir / "40K"
    crowd = table.with_column("user_id", "crowd")
    samples = read_votes(request, crowd, photos, AVERAGE_RANGE)
    of_image = _average_splits(samples.images, request.data_dir)
    return take_split(request, samples, of_image)


def read_workers(path: Path) -> Table:
    """Reads the file of all workers; its header has spaces before the names."""
    columns = {"user_id": "worker", "image": "imagePair", "rating": "score"}
    return read_table(path).taken(columns)


def read_normalized(path: Path) -> Table:
    """Reads ratings of the test workers that were turned into z-scores.

    Raises:
        SampleError: A number is not that of a rating 1 to 5.
    """
    table = read_table(path, delimiter=" ", has_row_names=True)
    table = table.taken({"user_id": "worker", "image": "imagePair", "rating": "score"})
    with table.placed_errors():
        ratings = table.numbers(["rating"])[:, 0] * DEVIATION + MEAN
        whole = np.rint(ratings)
        wrong = ~((np.abs(ratings - whole) < 0.05) & (whole >= 1) & (whole <= 5))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise SampleError(
                f"A z-score must be (rating - {MEAN}) / {DEVIATION:.3f} of a rating 1 "
                f"to 5. Got {table.rows[row][2]}, a rating of {ratings[row]:.3f}.",
                row=row,
                column="rating",
            )
    return table.replaced("rating", [f"{rating:g}" for rating in whole])


def _has_test_alone(data_dir: Path) -> bool:
    has_all = (data_dir / WORKERS_FILE).exists()
    return not has_all and (data_dir / NORMALIZED_FILE).exists()


def _splits(
    users: Sequence[str], images: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the splits of each rating's user and image."""
    counts = Counter(users)
    test = set(read_list(LISTS / TEST_LIST)).intersection(counts)
    if not test:
        raise InputError(
            f"FLICKR-AES must have the published test workers of {LISTS / TEST_LIST}. "
            "Got none of them among the workers."
        )
    others = sorted((n, user) for user, n in counts.items() if user not in test)
    fit = [user for n, user in others if n >= LEAST_RATINGS]
    of_user = listed(users, validation=fit[:NUM_VALIDATION], test=test)
    seen = {
        split: {image for image, s in zip(images, of_user) if s == split}
        for split in ("validation", "test")
    }
    of_image = listed(images, **seen)
    logging.info(
        "flickr_aes: %d workers for training, %d for validation, %d of 37 published "
        "for test; %d ratings left out, of images of another split",
        len(counts) - len(test) - len(fit[:NUM_VALIDATION]),
        len(fit[:NUM_VALIDATION]),
        len(test),
        (of_user != of_image).sum(),
    )
    return of_user, of_image


def _average_splits(images: Sequence[str], data_dir: Path) -> np.ndarray:
    if not (data_dir / WORKERS_FILE).exists():
        logging.warning(
            "flickr_aes_average: without %s it is not known who rated an image; the "
            "test users' own votes could not be removed from the averages",
            WORKERS_FILE,
        )
        return drawn(images)
    table = read_workers(data_dir / WORKERS_FILE)
    _, of_image = _splits(table.texts("user_id"), table.texts("image"))
    split = dict(zip(table.texts("image"), of_image))
    return np.array([split.get(image, "train") for image in images], dtype="<U10")
