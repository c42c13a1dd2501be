import unicodedata

import pytest

from piaa_tf.data.datasets import lapis
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.samples import PersonalRatings, SampleError, ScoreDistributions
from piaa_tf.errors import InputError

HEADER = (
    "image_id,image_filename,participant_id,rating,age,nationality,demo_gender,"
    'demo_edu,demo_colorblind,"Art Interest VAIAK",artist,style,genre'
)
NAME = "émile-bernard_café.jpg"
SPOILT = NAME.encode("utf-8").decode("latin-1")


def put_ratings(put, rows, encoding="utf-8"):
    """rows: (file name in the table, participant, rating, demographics)."""
    lines = [
        f"{n},{image},{user},{rating},{who},Émile Bernard,Cubism,portrait"
        for n, (image, user, rating, who) in enumerate(rows)
    ]
    text = "\n".join([HEADER, *lines])
    put("annotation/LAPIS_PIAA.csv", text.encode(encoding))


def load(root, split="all", kind=PersonalRatings):
    return lapis.load(Request(kind, root, split))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_names_are_read_in_any_of_the_encodings(put, tmp_path, encoding):
    put_ratings(put, [(NAME, 7, 55.5, "30,BE,F,3,0,12")], encoding)
    put(f"images/{NAME}")
    samples = load(tmp_path)
    assert samples.images == (NAME,)
    assert samples.users == ("7",)
    assert samples.ratings.tolist() == [55.5]


@pytest.mark.parametrize(
    "on_disk", [SPOILT, unicodedata.normalize("NFD", NAME), NAME.replace("é", "_é")]
)
def test_a_file_of_another_spelling_is_found_where_it_is_the_only_one(
    put, tmp_path, on_disk, logged
):
    put_ratings(put, [(NAME, 7, 50, "30,BE,F,3,0,12")])
    put(f"images/{on_disk}"), put("images/other.jpg")
    if "_é" in on_disk:
        with pytest.raises(InputError, match="Got none of 1"):
            load(tmp_path)
        return
    assert load(tmp_path).images == (on_disk,)
    assert "lapis: 1 files are named otherwise on disk" in logged


def test_two_files_with_the_same_letters_are_not_guessed_at(put, tmp_path):
    put_ratings(put, [("caf_é.jpg", 7, 50, "30,BE,F,3,0,12")])
    put("images/caf_è.jpg"), put("images/caf_ê.jpg")
    with pytest.raises(InputError, match="Got none of 1, such as 'caf_é"):
        load(tmp_path)


def test_participants_without_demographics_stay(put, tmp_path):
    put_ratings(put, [("a.jpg", 7, 50, "30,BE,F,3,0,12"), ("a.jpg", 8, 60, ",,,,,")])
    put("images/a.jpg")
    assert load(tmp_path).users == ("7", "8")


def test_an_empty_rating_is_no_vote(put, tmp_path, logged):
    put_ratings(put, [("a.jpg", 7, 50, ",,,,,"), ("a.jpg", 8, "", ",,,,,")])
    put("images/a.jpg")
    assert load(tmp_path).users == ("7",)
    assert "LAPIS_PIAA.csv: 1 empty ratings left out" in logged


def test_a_rating_above_a_hundred_is_refused(put, tmp_path):
    put_ratings(put, [("a.jpg", 7, 101, ",,,,,")])
    put("images/a.jpg")
    with pytest.raises(SampleError, match=r"line 2, column rating: .*Got 101"):
        load(tmp_path)


def test_the_older_release_calls_a_rating_response(put, tmp_path):
    put(
        "annotation/LAPIS_individualratings_metaANDdemodata.csv",
        "image_filename,participant_id,response,VAIAK1\nabstract/a.jpg,7,44,\n",
    )
    put("datasetImages_originalSize/a.jpg")
    samples = load(tmp_path)
    assert (samples.images, samples.ratings.tolist()) == (("a.jpg",), [44])


def test_distributions_have_the_published_images_and_eleven_scores(put, tmp_path):
    put_ratings(
        put, [(f"{name}.jpg", user, 44, ",,,,,") for name in "abc" for user in range(9)]
    )
    for name in "abc":
        put(f"images/{name}.jpg")
    put("annotation/LAPIS_GIAA_Valsplit.csv", "image_id,image_filename\n1,b.jpg\n")
    put("annotation/LAPIS_GIAA_Testsplit.csv", "image_id,image_filename\n1,c.jpg\n")
    for split, image in (("train", "a"), ("validation", "b"), ("test", "c")):
        samples = load(tmp_path, split, ScoreDistributions)
        assert samples.images == (f"{image}.jpg",)
    # Whatever the nearest of 0, 10, ..., 100 is.
    assert samples.counts.tolist() == [[0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0]]
