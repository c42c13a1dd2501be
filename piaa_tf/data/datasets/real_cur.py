"""REAL-CUR (Ren et al., ICCV 2017): fourteen albums, each rated by its owner.

    DIR/images/<album>/<score>/<file>.jpg     the folder is the score, 1 to 5

All of it is for test: the albums are too few to train on.
"""

from __future__ import annotations

import numpy as np

from piaa_tf.data.datasets.published import Request
from piaa_tf.data.folder import list_photos
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

CONTENTS = {"test": (PersonalRatings,)}
PUBLISHED = {"users": 14}
RATING_RANGE = RatingRange(1, 5)


def load(request: Request) -> PersonalRatings:
    """Loads the owners' ratings; an album's name is its user.

    Raises:
        InputError: An image is not in the folder of a score.
    """
    photos = request.data_dir / "images"
    images = list_photos(photos)
    users, ratings = [], []
    for image in images:
        parts = image.split("/")
        if len(parts) != 3 or parts[1] not in ("1", "2", "3", "4", "5"):
            raise InputError(
                f"Images must lie in {photos}/ALBUM/SCORE/ with a score of 1 to 5. "
                f"Got {image!r}. Move it there, or remove it."
            )
        users.append(parts[0])
        ratings.append(float(parts[1]))
    return PersonalRatings(
        photos=photos,
        images=images,
        users=users,
        ratings=np.array(ratings),
        rating_range=RATING_RANGE,
    )
