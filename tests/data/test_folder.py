import os
import sys

import numpy as np
import pytest

from piaa_tf.data import folder
from piaa_tf.data.samples import (
    LikedImages,
    PersonalRatings,
    SampleError,
    ScoreDistributions,
)
from piaa_tf.errors import InputError
from piaa_tf.ratings import TRAITS, RatingRange

LIKES_HEADER = "user_id,image," + ",".join(TRAITS)


@pytest.fixture
def photos(tmp_path):
    for name in ("a.jpg", "b.jpg", "deep/c.jpg", "été.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "photos"


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "table.csv"
        if isinstance(content, str):
            content = content.encode("utf-8")
        path.write_bytes(content)
        return path

    return write


def test_ratings_are_read_in_the_order_of_the_rows(written, photos):
    csv_path = written("user_id,image,rating\nu,b.jpg,4\nv,deep/c.jpg,1.5\n")
    samples = folder.read_ratings(csv_path, photos)
    assert samples.users == ("u", "v")
    assert samples.images == ("b.jpg", "deep/c.jpg")
    assert samples.ratings.tolist() == [4, 1.5]
    assert samples.rating_range == RatingRange(1, 5)


def test_columns_may_stand_in_any_order(written, photos):
    samples = folder.read_ratings(written("rating,user_id,image\n2,u,a.jpg\n"), photos)
    assert (samples.users, samples.images) == (("u",), ("a.jpg",))


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffuser_id,image,rating\r\nu,été.jpg,4\r\n",
        " user_id , image, rating\n u ,  été.jpg , 4 \n",
        'user_id,image,rating\n"u", "été.jpg",4',
        "user_id,image,rating\n\nu,été.jpg,4\n\n  \n",
        "user_id,image,rating\nu,.//été.jpg,4\n",
    ],
    ids=["bom and crlf", "spaces", "quotes", "empty lines", "roundabout path"],
)
def test_harmless_variants_read_alike(written, photos, text):
    samples = folder.read_ratings(written(text), photos)
    assert samples.users == ("u",)
    assert samples.images == ("été.jpg",)
    assert samples.ratings.tolist() == [4]


def test_scores_take_their_bins_from_the_header(written, photos):
    samples = folder.read_scores(written("image,1,1.5,9\na.jpg,3,0,1\n"), photos)
    assert samples.bin_scores.tolist() == [1, 1.5, 9]
    assert samples.counts.tolist() == [[3, 0, 1]]


def test_likes_are_read_with_their_traits(written, photos):
    csv_path = written(f"{LIKES_HEADER}\nu,a.jpg,0.1,-0.2,0.3,-0.4,1\n")
    samples = folder.read_likes(csv_path, photos)
    expected = np.array([[0.1, -0.2, 0.3, -0.4, 1]], np.float32)
    np.testing.assert_array_equal(samples.traits, expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user_id,image\nu,a.jpg", r"line 1: .*Got user_id,image: missing 'rating'"),
        ("user_id,image,rating,x\nu,a.jpg,1,2", r"line 1: .*unknown 'x'"),
        ("user_id,image,rating,rating\nu,a.jpg,1,2", r"line 1: .*repeated 'rating'"),
        ("user_id;image;rating\nu;a.jpg;1", r"unknown 'user_id;image;rating'"),
        ("user_id,image,rating\nu,a.jpg", r"line 2: must have 3 cells.*Got 2"),
        ("user_id,image,rating\nu,a.jpg,3,5", r"line 2: must have 3 cells.*Got 4"),
        ("", "header and at least one row. Got 0"),
        ("user_id,image,rating\n\n", "header and at least one row. Got 1"),
    ],
)
def test_a_table_of_another_form_is_refused(written, photos, text, message):
    with pytest.raises(InputError, match=message):
        folder.read_ratings(written(text), photos)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("u,a.jpg,6", r"column rating: A rating must lie in 1\.\.5\. Got 6"),
        ("u,a.jpg,nan", r"column rating: A rating must lie in 1\.\.5\. Got nan"),
        ("u,a.jpg,good", "column rating: A number .* Got 'good'"),
        ("u,a.jpg,", "column rating: A number .* Got ''"),
        ("u,a.jpg,1_0", "column rating: A number .* Got '1_0'"),
        ("  ,a.jpg,3", "column user_id: A user id must not be blank"),
        ("u,x.jpg,3", r"column image: Each image must lie in .*'x\.jpg'"),
        ("u,,3", "column image: An image is named by a path inside"),
        ("u,../a.jpg,3", "column image: An image is named by a path inside"),
        ("u,/a.jpg,3", "column image: An image is named by a path inside"),
        ("u,..\\a.jpg,3", "column image: An image is named by a path inside"),
        ("w,./b.jpg,3", "column image: A user rates an image once"),
    ],
)
def test_a_wrong_row_is_refused_with_file_line_and_column(
    written, photos, row, message
):
    # The empty line and the quoted line break check that lines are those of the file.
    text = f'user_id,image,rating\n\n"w\n1",b.jpg,1\nw,b.jpg,2\n{row}\n'
    with pytest.raises(SampleError, match=rf"table\.csv, line 6, {message}"):
        folder.read_ratings(written(text), photos)


def test_a_rating_may_lie_in_another_range(written, photos):
    csv_path = written("user_id,image,rating\nu,a.jpg,87\n")
    samples = folder.read_ratings(csv_path, photos, RatingRange(0, 100))
    assert samples.ratings.tolist() == [87]


def test_an_unknown_column_among_scores_is_refused(written, photos):
    with pytest.raises(InputError, match=r"one number per score.*unknown 'tag'"):
        folder.read_scores(written("image,1,2,tag\na.jpg,1,1,1\n"), photos)


def test_bins_that_fall_are_refused_with_the_file(written, photos):
    with pytest.raises(SampleError, match=r"table\.csv: The scores of the bins"):
        folder.read_scores(written("image,2,1\na.jpg,1,1\n"), photos)


def test_a_negative_count_is_refused_in_its_column(written, photos):
    with pytest.raises(SampleError, match="line 3, column 2: A count must be"):
        folder.read_scores(written("image,1,2\na.jpg,1,1\nb.jpg,1,-1\n"), photos)


def test_a_trait_outside_its_range_is_refused_in_its_column(written, photos):
    text = f"{LIKES_HEADER}\nu,a.jpg,0,0,0,2,0\n"
    with pytest.raises(SampleError, match="line 2, column agreeableness: A trait"):
        folder.read_likes(written(text), photos)


def test_text_that_is_not_utf8_is_refused(written, photos):
    content = "user_id,image,rating\nu,été.jpg,4\n".encode("latin-1")
    with pytest.raises(InputError, match=r"must be UTF-8 text\. Got the byte 0xe9"):
        folder.read_ratings(written(content), photos)


def test_an_endless_cell_is_refused(written, photos):
    text = 'user_id,image,rating\nu,a.jpg,1\n"' + "x" * 200_000
    with pytest.raises(InputError, match="line 3: must be comma-separated text"):
        folder.read_ratings(written(text), photos)


def test_a_missing_file_is_refused(tmp_path, photos):
    with pytest.raises(InputError, match=r"none\.csv must be a file.*No such file"):
        folder.read_ratings(tmp_path / "none.csv", photos)


def test_written_ratings_read_back_equal(tmp_path, photos):
    samples = PersonalRatings(
        photos, ["a.jpg", "été.jpg"], ["u,1", "v"], [4, 1 / 3 + 1], RatingRange(1, 5)
    )
    csv_path = tmp_path / "new" / "ratings.csv"
    folder.write_ratings(csv_path, samples)
    again = folder.read_ratings(csv_path, photos)
    assert (again.images, again.users) == (samples.images, samples.users)
    np.testing.assert_array_equal(again.ratings, samples.ratings)
    first_lines = csv_path.read_bytes().split(b"\n")[:2]
    assert first_lines == [b"user_id,image,rating", b'"u,1",a.jpg,4']


def test_written_scores_read_back_equal(tmp_path, photos):
    samples = ScoreDistributions(
        photos, ["a.jpg", "b.jpg"], [[1 / 3, 2 / 3], [200, 0]], [1, 2.5]
    )
    folder.write_scores(tmp_path / "scores.csv", samples)
    again = folder.read_scores(tmp_path / "scores.csv", photos)
    np.testing.assert_array_equal(again.counts, samples.counts)
    np.testing.assert_array_equal(again.bin_scores, samples.bin_scores)
    assert (tmp_path / "scores.csv").read_text().startswith("image,1,2.5\na.jpg,0.33")


def test_written_likes_read_back_equal(tmp_path, photos):
    traits = np.random.default_rng(0).uniform(-1, 1, [2, 5])
    samples = LikedImages(photos, ["a.jpg", "a.jpg"], ["u", "v"], traits)
    folder.write_likes(tmp_path / "likes.csv", samples)
    again = folder.read_likes(tmp_path / "likes.csv", photos)
    assert again.users == samples.users
    np.testing.assert_array_equal(again.traits, samples.traits)


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (PersonalRatings, "ratings.csv", "user_id,image,rating\nu,a.jpg,1\n"),
        (ScoreDistributions, "scores.csv", "image,1,2\na.jpg,1,1\n"),
        (LikedImages, "likes.csv", f"{LIKES_HEADER}\nu,a.jpg,0,0,0,0,0\n"),
    ],
)
def test_load_finds_each_kind_in_its_split(tmp_path, photos, kind, name, text):
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / name).write_text(text)
    samples = folder.load(kind, tmp_path, "test")
    assert type(samples) is kind
    assert samples.paths == [photos / "a.jpg"]


def test_load_refuses_an_unknown_split(tmp_path):
    with pytest.raises(InputError, match=r"train, validation, test\. Got 'val'"):
        folder.load(PersonalRatings, tmp_path, "val")


def test_load_says_which_file_an_empty_folder_lacks(tmp_path):
    with pytest.raises(InputError, match=r"train.ratings\.csv must be a file"):
        folder.load(PersonalRatings, tmp_path, "train")


def test_photos_are_listed_sorted_at_any_depth(photos):
    for name in ("Z.JPEG", "deep/x.WebP", "notes.txt", "._a.jpg", "deep/p.png"):
        (photos / name).touch()
    (photos / ".trash").mkdir()
    (photos / ".trash" / "t.jpg").touch()
    assert folder.list_photos(photos) == [
        "Z.JPEG",
        "a.jpg",
        "b.jpg",
        "deep/c.jpg",
        "deep/p.png",
        "deep/x.WebP",
        "été.jpg",
    ]


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"must hold photos .*Got none"):
        folder.list_photos(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"must exist\. Got .*nowhere"):
        folder.list_photos(tmp_path / "nowhere")


@pytest.mark.skipif(sys.platform != "linux", reason="others only allow Unicode names")
def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).touch()
    with pytest.raises(InputError, match=r"must be UTF-8\. Got 'caf\\udce9\.jpg'"):
        folder.list_photos(tmp_path)


def test_a_folder_says_what_it_holds_and_in_which_range(put, tmp_path):
    put("photos/a.jpg")
    samples = PersonalRatings(
        tmp_path / "photos", ["a.jpg"], ["u"], [7], RatingRange(0, 10)
    )
    folder.write(tmp_path, "test", samples)
    folder.write_range(tmp_path, samples.rating_range)
    assert folder.contents(tmp_path) == [("test", PersonalRatings)]
    again = folder.load(PersonalRatings, tmp_path, "test")
    assert (again.ratings.tolist(), again.rating_range) == ([7], RatingRange(0, 10))
    with pytest.raises(InputError, match=r"test.likes\.csv must be a file"):
        folder.load(LikedImages, tmp_path, "test")


@pytest.mark.parametrize("text", ["[]", "{", '{"rating_range": 5}'])
def test_a_range_that_is_none_is_refused(put, tmp_path, text):
    put("set.json", text)
    with pytest.raises(InputError, match=r"set\.json must be like"):
        folder.read_range(tmp_path)
