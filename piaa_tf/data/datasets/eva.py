"""EVA (Kang et al., 2020): 1,094 raters of 4,070 images of AVA, 0 to 10.

    DIR/data/votes_filtered.csv     image_id=user_id=score=..., equals signs between
    DIR/images/EVA_together/<AVA id>.jpg

No split was published: 10 % of the raters for test and 5 % for validation are drawn by
their names; images likewise, for distributions. Raters share images, so images of the
test ratings are in training too. Images bear the names they have in AVA, so that what
a prior has seen there is found by name.
"""

from __future__ import annotations

from pathlib import Path

from piaa_tf.data.csv_table import read_table
from piaa_tf.data.datasets.published import (
    AnySamples,
    OnMissing,
    first_folder,
    part_of_votes,
    present,
    read_votes,
)
from piaa_tf.data.samples import PersonalRatings, ScoreDistributions
from piaa_tf.data.splits import SPLITS, check_split, drawn
from piaa_tf.ratings import RatingRange

CONTENTS = dict.fromkeys(SPLITS, (PersonalRatings, ScoreDistributions))
PUBLISHED = {"images": 4_070, "users": 1_094, "ratings": 136_943}

RATING_RANGE = RatingRange(0, 10)
SCORES = tuple(range(11))
PHOTO_FOLDERS = ("images/EVA_together", "EVA_together", "images")
VALIDATION_SHARE, TEST_SHARE = 0.05, 0.1


def load(
    kind: type[AnySamples],
    data_dir: Path,
    split: str,
    on_missing: OnMissing = None,
) -> AnySamples:
    """Loads ratings, or how many gave each score.

    Args:
        kind: `PersonalRatings` or `ScoreDistributions`.
        data_dir: DIR of the module's docstring.
        split: one of `SPLITS`, or all.
        on_missing: as of `published.present`.

    Returns:
        The samples.

    Raises:
        InputError: A file is missing or not sound; says which line and column.
    """
    check_split(split)
    photos = first_folder(data_dir, PHOTO_FOLDERS)
    table = read_table(data_dir / "data" / "votes_filtered.csv", delimiter="=")
    table = table.taken({"user_id": "user_id", "image": "image_id", "rating": "score"})
    table = table.replaced("image", [f"{text}.jpg" for text in table.texts("image")])
    table = present(table.distinct(["user_id", "image"]), photos, on_missing)
    votes = read_votes(table, photos, RATING_RANGE)
    shares = {"validation": VALIDATION_SHARE, "test": TEST_SHARE}
    return part_of_votes(
        kind,
        votes,
        split,
        of_user=drawn(votes.users, **shares),
        of_image=drawn(votes.images, **shares),
        is_crossed=False,
        scores=SCORES,
    )
