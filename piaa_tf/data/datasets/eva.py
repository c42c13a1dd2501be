"""EVA (Kang et al., 2020): 1,094 raters of 4,070 images of AVA, 0 to 10.

    DIR/data/votes_filtered.csv     image_id=user_id=score=..., equals signs between
    DIR/images/EVA_together/<AVA id>.jpg

No split was published: 10 % of the raters for test and 5 % for validation are drawn by
their names; images likewise, for distributions. Raters share images, so images of the
test ratings are in training too. Images bear the names they have in AVA, so that what
a prior has seen there is found by name.
"""

from __future__ import annotations

from piaa_tf.data.csv_table import read_table
from piaa_tf.data.datasets.published import Request, photo_folder
from piaa_tf.data.datasets.votes import part_of_votes, read_votes
from piaa_tf.data.samples import PersonalRatings, Samples, ScoreDistributions
from piaa_tf.data.splits import SPLITS, drawn
from piaa_tf.ratings import RatingRange

CONTENTS = dict.fromkeys(SPLITS, (PersonalRatings, ScoreDistributions))
PUBLISHED = {"images": 4_070, "users": 1_094, "ratings": 136_943}

RATING_RANGE = RatingRange(0, 10)
SCORES = tuple(range(11))
PHOTO_FOLDERS = ("images/EVA_together", "EVA_together", "images")


def load(request: Request) -> Samples:
    """Loads ratings, or how many gave each score."""
    photos = photo_folder(request.data_dir, PHOTO_FOLDERS)
    path = request.data_dir / "data" / "votes_filtered.csv"
    columns = {"user_id": "user_id", "image": "image_id", "rating": "score"}
    table = read_table(path, delimiter="=").taken(columns)
    table = table.replaced("image", [f"{text}.jpg" for text in table.texts("image")])
    votes = read_votes(request, table, photos, RATING_RANGE)
    return part_of_votes(
        request,
        votes,
        of_user=drawn(votes.users),
        of_image=drawn(votes.images),
        scores=SCORES,
    )
