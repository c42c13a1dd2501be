import numpy as np
import pytest

from piaa_tf.data.datasets import aadb
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.samples import PersonalRatings, SampleError
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

LABELS = "imgListFiles_label/imgList{}Regression_{}.txt"
NAMES = ["farm1_441_19470426814_baae1eb396_b.jpg", "farm2_5_7_c_b.jpg"]
URLS = [
    "https://farm1.staticflickr.com/441/19470426814_baae1eb396_b.jpg",
    "https://farm2.staticflickr.com/5/7_c_b.jpg",
]


def put_averages(put):
    for split, name in (("Train", NAMES[0]), ("Validation", NAMES[1])):
        put(LABELS.format(split, "score"), f"{name} 0.65\n")
        put(f"datasetImages_originalSize/{name}")


def test_averages_are_one_users_ratings_in_the_published_splits(put, tmp_path, logged):
    put_averages(put)
    put(LABELS.format("TestNew", "score"), "farm3_1_x.jpg 0.5\n")
    put("AADB_newtest/0.500_farm3_1_x.jpg")
    parts = {
        s: aadb.load(Request(PersonalRatings, tmp_path, s)) for s in ("train", "test")
    }
    assert parts["train"].images == (f"datasetImages_originalSize/{NAMES[0]}",)
    assert parts["train"].users == ("crowd",)
    assert parts["train"].rating_range == RatingRange(0, 1)
    np.testing.assert_allclose(parts["train"].ratings, [0.65])
    # Test images lie apart, under names that begin with their score.
    assert parts["test"].images == ("AADB_newtest/0.500_farm3_1_x.jpg",)
    assert any("could not be removed" in line for line in logged)
    assert len(aadb.load(Request(PersonalRatings, tmp_path, "all"))) == 3


def test_attributes_stand_in_their_order(put, tmp_path):
    for i, name in enumerate(aadb.ATTRIBUTES):
        put(LABELS.format("Train", name), f"a.jpg {i / 10}\nb.jpg -0.4\n")
    found = aadb.attributes(tmp_path, "train")
    np.testing.assert_allclose(found["a.jpg"], np.arange(11) / 10, rtol=1e-6)
    assert found["b.jpg"].tolist() == [np.float32(-0.4)] * 11


def test_attributes_of_other_images_are_refused(put, tmp_path):
    for name in aadb.ATTRIBUTES:
        put(LABELS.format("Train", name), f"{'x' if name == 'DoF' else 'a'}.jpg 0\n")
    with pytest.raises(InputError, match=r"_DoF\.txt must list the images of"):
        aadb.attributes(tmp_path, "train")


def batch_columns():
    """As Mechanical Turk writes them: numbers in the order of their text."""
    order = sorted(range(1, 11), key=str)
    urls = [f"Input.image_url{number}" for number in range(1, 11)]
    return ["HITId", "Keywords", "WorkerId", *urls], [
        f"Answer.overallScore{number}" for number in order
    ]


def batch_row(worker, scores, keywords):
    """One assignment: `scores` of the images 1 to 10, of which the others are 0."""
    urls = [URLS[i % 2] if i < 2 else f"{URLS[0][:-4]}{i}.jpg" for i in range(10)]
    by_number = dict(enumerate(scores, start=1))
    cells = [by_number.get(number, "0") for number in sorted(range(1, 11), key=str)]
    return ["H1", keywords, worker, *urls, *cells]


def put_photos(put):
    for name in NAMES:
        put(f"datasetImages_warp256/{name}")


def check_two_workers(samples):
    rated = {
        (user, image.split("/")[1]): rating
        for user, image, rating in zip(samples.users, samples.images, samples.ratings)
    }
    assert rated == {
        ("A1", NAMES[0]): 4,
        ("A1", NAMES[1]): 2,
        ("B2", NAMES[0]): 5,
    }


def test_the_raw_batch_gives_each_workers_scores(put, tmp_path, logged):
    header = [*batch_columns()[0], *batch_columns()[1], "Approve", "Reject"]
    rows = [
        batch_row("A1", ["4", "2"], "photo, attribute, tagging"),
        batch_row("B2", ["5", "0"], "photo, attribute, tagging"),
    ]
    lines = [",".join(f'"{c}"' for c in [*row, "", ""]) for row in rows]
    put("AllinAll.csv", "\n".join([",".join(f'"{c}"' for c in header), *lines]))
    put_photos(put)
    check_two_workers(aadb.load_users(Request(PersonalRatings, tmp_path, "all")))
    assert any("17 scores of 0 left out" in line for line in logged)


def test_the_mangled_batch_with_html_and_odd_quotes_gives_the_same(put, tmp_path):
    header = [*batch_columns()[0], *batch_columns()[1], "Answer.DoF1", "Reject"]
    html = '<font color="green">Pos</font>'
    rows = [
        [*batch_row("A1", ["4", "<b>2</b>"], "keywords"), html, "n"],
        [*batch_row("B2", ["5", "n"], "keywords"), "n", "n"],
    ]
    # Quotes stand between cells alone, so that the first and last one are open.
    lines = ['","'.join(row) for row in rows]
    put("result_csv.csv", "\n".join([",".join(f'"{c}"' for c in header), *lines]))
    put_photos(put)
    check_two_workers(aadb.load_users(Request(PersonalRatings, tmp_path, "all")))


def put_batch(put, score, url=URLS[0]):
    header = [*batch_columns()[0], *batch_columns()[1]]
    row = [cell.replace(URLS[0], url) for cell in batch_row("A1", [score], "k")]
    put("AllinAll.csv", f"{','.join(header)}\n{','.join(row)}\n")
    put_photos(put)


def test_a_score_that_is_none_is_refused_in_its_column(put, tmp_path):
    put_batch(put, "45")
    with pytest.raises(
        SampleError, match=r"line 2, column Answer\.overallScore1: A sc"
    ):
        aadb.load_users(Request(PersonalRatings, tmp_path, "all"))


def test_an_address_of_another_form_is_refused(put, tmp_path):
    put_batch(put, "4", url="x.jpg")
    with pytest.raises(
        SampleError, match=r"line 2, column Input\.image_url1: An image"
    ):
        aadb.load_users(Request(PersonalRatings, tmp_path, "all"))
