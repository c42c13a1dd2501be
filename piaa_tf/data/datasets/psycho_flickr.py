"""PsychoFlickr (Cristani et al., ACM MM 2013): 300 users, 200 favourites, Big Five.

    DIR/Personality.csv        spaces between; image and five traits (PA_IAA's form)
    DIR/<user>/<image>.jpg     the user is the image's folder

or, without Personality.csv:

    DIR/traits.csv             user_id,openness,...,neuroticism
    DIR/images/<user>/...      all photos in a user's folder are liked

Traits lie in [-1, 1]. No split was published: users are drawn by their names, 10 % for
test and 5 % for validation.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from piaa_tf.data.csv_table import Table, number_or_none, read_table
from piaa_tf.data.datasets.published import Request, present
from piaa_tf.data.datasets.votes import take_split
from piaa_tf.data.folder import list_photos
from piaa_tf.data.samples import LikedImages, SampleError
from piaa_tf.data.splits import SPLITS, drawn
from piaa_tf.errors import InputError
from piaa_tf.ratings import TRAITS

CONTENTS = dict.fromkeys(SPLITS, (LikedImages,))
PUBLISHED = {"images": 60_000, "users": 300}


def load(request: Request) -> LikedImages:
    """Loads liked images with the traits of those who like them."""
    data_dir = request.data_dir
    derived = data_dir / "Personality.csv"
    likes = (
        _of_table(present(request, read_personality(derived), data_dir), data_dir)
        if derived.exists()
        else _of_folders(data_dir)
    )
    return take_split(request, likes, drawn(likes.users))


def read_personality(path: Path) -> Table:
    """Reads image and traits with spaces between; a header may name the traits.

    Without names that we know, the traits are in the order O, C, E, A, N.
    """
    table = read_table(path, delimiter=" ", header=["image", *TRAITS])
    first = table.rows[0]
    if number_or_none(first[-1]) is not None:
        return table
    named = [_trait_of(word) for word in first[1:]]
    table = table.select(i > 0 for i in range(len(table.rows)))
    if set(named) != set(TRAITS):
        if any(named):
            raise InputError(
                f"{path}, line 1: the header must name each of {', '.join(TRAITS)} "
                f"once, by its first letter at least, or none. Got {' '.join(first)}."
            )
        return table
    columns = ["image", *named]
    order = [columns.index(name) for name in ("image", *TRAITS)]
    rows = [[row[place] for place in order] for row in table.rows]
    return Table(path, table.columns, rows, table.lines)


def _trait_of(word: str) -> str | None:
    fitting = [trait for trait in TRAITS if trait.startswith(word.lower())]
    return fitting[0] if word and fitting else None


def _of_table(table: Table, photos: Path) -> LikedImages:
    with table.placed_errors():
        images = table.images()
        users = [PurePosixPath(image).parent.name for image in images]
        if "" in users:
            row = users.index("")
            raise SampleError(
                "The folder of an image names its user. Got "
                f"{images[row]!r} without a folder.",
                row=row,
                column="image",
            )
        return LikedImages(
            photos=photos, images=images, users=users, traits=table.numbers(TRAITS)
        )


def _of_folders(data_dir: Path) -> LikedImages:
    table = read_table(data_dir / "traits.csv")
    table.check_columns(["user_id", *TRAITS])
    photos = data_dir / "images"
    images = [image for image in list_photos(photos) if "/" in image]
    users = [image.split("/")[0] for image in images]
    with table.placed_errors():
        known = dict(zip(table.texts("user_id"), table.numbers(TRAITS)))
    strangers = sorted(set(users) - set(known))
    if strangers:
        raise InputError(
            f"{table.csv_path} must have the traits of each folder of {photos}. Got "
            f"none of {strangers[0]!r} ({len(strangers)} are missing)."
        )
    return LikedImages(
        photos=photos,
        images=images,
        users=users,
        traits=np.array([known[user] for user in users]).reshape(-1, len(TRAITS)),
    )
