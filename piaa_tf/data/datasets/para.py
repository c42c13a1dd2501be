"""PARA (Yang et al., CVPR 2022): 438 users' ratings, and their Big Five.

    DIR/annotation/PARA-Images.csv        sessionId,imageName,userId,aestheticScore,...
    DIR/annotation/PARA-UserInfo.csv      userId,...,personality-E,-A,-N,-O,-C
    DIR/annotation/PARA-GiaaTest.csv      sessionId,imageName,...: the test images
    DIR/imgs/<sessionId>/<imageName>
    DIR/userset/TestUserIDs_Fold1.txt     where someone has put folds: the test users
    DIR/validation_images.txt             likewise: names of validation images

Without these lists, 10 % of the users or images for test and 5 % for validation are
drawn by their names. Ratings need both user and image to be of a split, so that no
image is in two. Distributions are counted from the users' ratings, not taken from
PARA-GiaaTrain.csv, whose counts hold the votes of test users.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import logging

from piaa_tf.data.csv_table import Table, read_table
from piaa_tf.data.datasets.published import Request, log_drawn
from piaa_tf.data.datasets.votes import part_of_ratings, part_of_votes, read_votes
from piaa_tf.data.samples import (
    LikedImages,
    PersonalRatings,
    Samples,
    ScoreDistributions,
)
from piaa_tf.data.soundness import check_numbers
from piaa_tf.data.splits import SPLITS, drawn, listed, read_list, with_validation
from piaa_tf.errors import InputError
from piaa_tf.ratings import TRAITS, RatingRange

CONTENTS = dict.fromkeys(SPLITS, (PersonalRatings, ScoreDistributions, LikedImages))
PUBLISHED = {"images": 31_220, "users": 438, "ratings": 807_586}

RATING_RANGE = RatingRange(1, 5)
SCORES = tuple(np.arange(1, 5.5, 0.5))
TRAIT_RANGE = RatingRange(1, 10)
LIKED_FROM = 4.0
"""A user likes the images to which they give at least this."""


def load(request: Request, *, fold: int | None = None) -> Samples:
    """Loads ratings, distributions of nine scores, or what users of known traits like.

    Args:
        request: for any of the three kinds.
        fold: 1 to 4, which must be there; None for 1 if it is.

    Returns:
        The samples.
    """
    data_dir = request.data_dir
    columns = {
        "user_id": "userId",
        "image": "imageName",
        "rating": "aestheticScore",
        "session": "sessionId",
    }
    table = _read_csv(data_dir, "PARA-Images").taken(columns)
    paths = [f"{row[3]}/{row[1]}" for row in table.rows]
    table = table.replaced("image", paths)
    votes = read_votes(request, table, data_dir / "imgs", RATING_RANGE)
    of_user = _user_splits(votes.users, data_dir, fold)
    of_image = _image_splits(votes.images, data_dir)
    if request.kind is LikedImages:
        ratings = part_of_ratings(
            request, votes, of_user=of_user, of_image=of_image, is_crossed=True
        )
        return _likes(ratings, data_dir)
    return part_of_votes(
        request,
        votes,
        of_user=of_user,
        of_image=of_image,
        scores=SCORES,
        is_crossed=True,
    )


def read_traits(data_dir: Path) -> dict[str, np.ndarray]:
    """Reads each user's Big Five: user -> [5] in [-1, 1], from 1..10.

    The file has them in the order E, A, N, O, C; they are taken by name.

    Raises:
        SampleError: A trait does not lie in 1..10.
    """
    columns = {trait: f"personality-{trait[0].upper()}" for trait in TRAITS}
    table = _read_csv(data_dir, "PARA-UserInfo")
    table = table.taken({"user_id": "userId", **columns})
    with table.placed_errors():
        raw = table.numbers(TRAITS)
        check_numbers(
            raw, TRAIT_RANGE.contains(raw), TRAITS, "A trait must lie in 1..10."
        )
    return dict(zip(table.texts("user_id"), 2 * TRAIT_RANGE.to_unit(raw) - 1))


def _likes(ratings: PersonalRatings, data_dir: Path) -> LikedImages:
    traits = read_traits(data_dir)
    is_known = np.array([user in traits for user in ratings.users])
    if not is_known.all():
        logging.info(
            "para: %d of %d users have no traits; what they like is left out",
            len(set(ratings.users) - set(traits)),
            len(set(ratings.users)),
        )
    liked = ratings.select(is_known & (ratings.ratings >= LIKED_FROM))
    return LikedImages(
        photos=liked.photos,
        images=liked.images,
        users=liked.users,
        traits=np.array([traits[user] for user in liked.users]),
    )


def _read_csv(data_dir: Path, name: str) -> Table:
    path = data_dir / "annotation" / f"{name}.csv"
    if not path.exists() and path.with_suffix(".xlsx").exists():
        raise InputError(
            f"{path} must be there. Got {name}.xlsx. Open it in a spreadsheet and "
            "save it as CSV UTF-8."
        )
    return read_table(path)


def _user_splits(users: Sequence[str], data_dir: Path, fold: int | None) -> np.ndarray:
    path = data_dir / "userset" / f"TestUserIDs_Fold{fold or 1}.txt"
    if fold is None and not path.exists():
        return drawn(users)
    return with_validation(listed(users, test=read_list(path)), users)


def _image_splits(images: Sequence[str], data_dir: Path) -> np.ndarray:
    published = data_dir / "annotation" / "PARA-GiaaTest.csv"
    if not published.exists():
        log_drawn("para", published)
        return drawn(images)
    table = _read_csv(data_dir, "PARA-GiaaTest")
    table = table.taken({"session": "sessionId", "image": "imageName"})
    splits = listed(images, test={f"{row[0]}/{row[1]}" for row in table.rows})
    path = data_dir / "validation_images.txt"
    if not path.exists():
        return with_validation(splits, images)
    names = set(read_list(path))
    held = np.array([i in names or i.split("/")[-1] in names for i in images])
    splits[(splits == "train") & held] = "validation"
    return splits
