import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from piaa_tf.data.own_ratings import ME
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.library.rated import as_ratings
from piaa_tf.ratings import RatingRange

STARS = RatingRange(1, 5)


class Frame:
    """As much of a data frame as is needed."""

    def __init__(self, **columns):
        self._columns, self.columns = columns, list(columns)

    def __getitem__(self, name):
        return self._columns[name]


@pytest.fixture
def photos(tmp_path, monkeypatch):
    (tmp_path / "album").mkdir()
    for name in "abc":
        Image.new("RGB", [2, 2]).save(tmp_path / "album" / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return Path("album")


def read(ratings, photos, user_id=None):
    return as_ratings(ratings, photos, user_id=user_id, rating_range=STARS)


def rows_of(samples):
    return list(zip(samples.users, samples.images, samples.ratings.tolist()))


NAMED = [("anna", "a.png", 4), ("bert", "b.png", 2), ("anna", "c.png", 1.5)]
COLUMNS = {
    "user_id": ["anna", "bert", "anna"],
    "image": ["a.png", "b.png", "c.png"],
    "rating": np.array([4, 2, 1.5]),
}


@pytest.mark.parametrize(
    "ratings",
    [
        NAMED,
        iter(NAMED),
        [list(row) for row in NAMED],
        [dict(zip(("user_id", "image", "rating"), row)) for row in NAMED],
        [dict(zip(("user_id", "image", "rating"), map(str, row))) for row in NAMED],
        COLUMNS,
        Frame(**COLUMNS, note=["", "", ""]),
    ],
    ids=["rows", "iterator", "lists", "dicts", "texts", "columns", "frame"],
)
def test_every_form_gives_the_same_samples(photos, ratings):
    samples = read(ratings, photos)
    assert rows_of(samples) == NAMED
    assert samples.photos == photos
    assert samples.rating_range == STARS


def test_a_file_is_read_as_the_program_does(photos, tmp_path):
    with (tmp_path / "ratings.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("user_id", "image", "rating"), *NAMED])
    assert rows_of(read("ratings.csv", photos)) == NAMED


def test_samples_stay_as_they_are(photos):
    samples = read(NAMED, photos)
    assert read(samples, ".") is samples


def test_one_user_alone_is_taken(photos):
    assert set(read(NAMED, photos, "anna").users) == {"anna"}
    with pytest.raises(InputError, match=r"among the 2 who rated.*Got 'carl'"):
        read(NAMED, photos, "carl")


@pytest.mark.parametrize(("user_id", "expected"), [(None, ME), ("anna", "anna")])
def test_rows_that_name_nobody_are_the_given_users(photos, user_id, expected):
    samples = read([("a.png", 4), ("b.png", 2)], photos, user_id)
    assert samples.users == (expected, expected)


def test_rows_without_a_user_beside_rows_with_one_are_somebody_new(photos):
    rows = [("anna", "a.png", 4), ("b.png", 2)]
    assert read(rows, photos).users == ("anna", ME)


def test_numbers_of_users_become_texts(photos):
    samples = read(Frame(**{**COLUMNS, "user_id": np.array([7, 8, 7])}), photos)
    assert samples.users == ("7", "8", "7")


@pytest.mark.parametrize(
    "image", ["a.png", "./a.png", Path("album/a.png"), Path("album/a.png").absolute]
)
def test_a_path_that_leads_into_the_folder_is_its_photo(photos, image):
    image = image() if callable(image) else image
    assert read([(image, 3)], photos).images == ("a.png",)


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        (None, r"^ratings must be a CSV file, rows, or columns\. Got None"),
        (b"a", r"^ratings must be a CSV file, rows, or columns\. Got b'a'"),
        ([], "must not be empty"),
        (["a.png"], r"^ratings\[0\] must be \(image, rating\) or .* Got 'a\.png'"),
        ([("a.png", 3), ("a",)], r"^ratings\[1\] must be .* Got \('a',\)"),
        ([{"image": "a.png"}], r"^ratings\[0\] must be"),
        ([(7, 3)], r"^ratings\[0\], image: A photo is named by its path\. Got 7"),
        ([("d.png", 3)], r"^ratings\[0\], image: Each image must lie in album"),
        ([("/d.png", 3)], r"^ratings\[0\], image: .* inside the photo folder"),
        (
            [("a.png", "x")],
            r"^ratings\[0\], rating: A rating must be a number such as .* Got 'x'",
        ),
        (
            [("a.png", True)],
            r"^ratings\[0\], rating: A rating must be a number such as .* Got True",
        ),
        ([("a.png", 9)], r"^ratings\[0\], rating: A rating must lie in 1\.\.5.* 9"),
        ([("a.png", float("nan"))], r"^ratings\[0\], rating: A rating must .* nan"),
        ([(3.5, "a.png", 2)], r"^ratings\[0\], user_id: A user id is a text\. Got 3"),
        ([(" ", "a.png", 2)], r"^ratings\[0\], user_id: A user id must not be blank"),
        ([("a.png", 3), ("a.png", 4)], r"^ratings\[1\], image: A user rates an image"),
        ({"image": ["a.png"], "stars": [3]}, "columns image and rating.* image, stars"),
        (
            {"image": ["a.png"], "rating": []},
            "one length. Got {'image': 1, 'rating'",
        ),
    ],
)
def test_ratings_that_are_not_sound_are_refused_by_their_row(photos, ratings, message):
    with pytest.raises(InputError, match=message):
        read(ratings, photos)


def test_an_error_of_the_whole_set_names_no_row(photos):
    with pytest.raises(InputError, match=r"^The photo folder must exist|^ratings\[0\]"):
        read([("a.png", 3)], photos / "nowhere")


def test_samples_are_a_form_too(photos):
    samples = PersonalRatings(photos, ["a.png"], ["anna"], [3.0], STARS)
    with pytest.raises(InputError, match="Got 'bert'"):
        read(samples, photos, "bert")
