import numpy as np
import pytest

from piaa_tf.data.datasets import flickr_aes
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.samples import PersonalRatings, SampleError, ScoreDistributions
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

HEADER = "worker, imagePair, score\n"
TESTER = "AGXT2OHMTWBRS"


@pytest.fixture
def small_set(put, tmp_path, monkeypatch):
    """Twelve workers with twelve ratings each, and a test worker with ten.

    Worker i rates images 12 i to 12 i + 11; the tester rates one of worker 0's too.
    """
    monkeypatch.setattr(flickr_aes, "LEAST_RATINGS", 10)
    rows = [
        (f"W{worker:02d}", f"p{12 * worker + k:03d}.jpg", 1 + k % 5)
        for worker in range(12)
        for k in range(12)
    ]
    rows += [("Wfew", "p150.jpg", 5)]
    rows += [(TESTER, f"p{200 + k}.jpg", 3) for k in range(9)]
    rows += [(TESTER, "p000.jpg", 5)]
    write_set(put, rows)
    return tmp_path


def write_set(put, rows, header=HEADER):
    text = header + "".join(f"{u},{i},{r}\n" for u, i, r in rows)
    put(flickr_aes.WORKERS_FILE, text)
    for _, image, _ in rows:
        put(f"40K/{image}")


def load(root, split, kind=PersonalRatings):
    return flickr_aes.load(Request(kind, root, split))


def test_the_spaces_in_the_header_do_no_harm(small_set):
    everything = load(small_set, "all")
    assert len(everything) == 12 * 12 + 1 + 10
    assert everything.rating_range == RatingRange(1, 5)


def test_no_image_and_no_user_is_in_two_splits(small_set):
    parts = [load(small_set, split) for split in SPLITS]
    for field in ("images", "users"):
        sets = [set(getattr(part, field)) for part in parts]
        assert len(set.union(*sets)) == sum(map(len, sets))


def test_test_users_are_the_published_and_validation_takes_eight(small_set):
    assert load(small_set, "test").user_ids() == [TESTER]
    validation = load(small_set, "validation").user_ids()
    # Those with the fewest ratings but enough; equal numbers in the order of names.
    assert validation == [f"W{worker:02d}" for worker in range(8)]
    assert load(small_set, "train").user_ids() == ["W08", "W09", "W10", "W11", "Wfew"]


def test_a_test_users_vote_is_in_no_average_that_is_trained_on(put, small_set):
    train = load(small_set, "train", ScoreDistributions)
    assert "p000.jpg" not in train.images
    assert set(train.images).isdisjoint(load(small_set, "test").images)
    # The test image counts both who rated it, for whoever measures there.
    test = load(small_set, "test", ScoreDistributions)
    counts = dict(zip(test.images, test.counts.tolist()))
    assert counts["p000.jpg"] == [1, 0, 0, 0, 1]


def test_a_repeated_row_counts_once_and_is_said(put, tmp_path, logged):
    rows = [(TESTER, "a.jpg", 4), (TESTER, "b.jpg", 2), (TESTER, "a.jpg", 4)]
    write_set(put, rows)
    samples = load(tmp_path, "test")
    assert samples.images == ("a.jpg", "b.jpg")
    assert any("1 repeated rows left out, the first at line 4" in x for x in logged)


def test_a_score_out_of_range_is_refused_in_the_files_words(put, tmp_path):
    write_set(put, [(TESTER, "a.jpg", 4), (TESTER, "b.jpg", 6)])
    with pytest.raises(SampleError, match=r"line 3, column score: A rating must lie"):
        load(tmp_path, "test")


def test_z_scores_in_the_place_of_ratings_are_refused(put, tmp_path):
    write_set(put, [(TESTER, "a.jpg", 1.8012271867396417), (TESTER, "b.jpg", -0.9)])
    with pytest.raises(SampleError, match=r"line 3, column score: .*Got -0.9"):
        load(tmp_path, "test")


def test_a_set_of_other_workers_is_refused(put, tmp_path):
    write_set(put, [("W1", "a.jpg", 4)])
    with pytest.raises(InputError, match="published test workers"):
        load(tmp_path, "train")


def test_normalized_test_ratings_are_turned_back(put, tmp_path):
    lines = ['worker " imagePair" " score"']
    for row, rating in enumerate((1, 2, 3, 4, 5)):
        z = (rating - 3.0187) / 1.1003
        lines.append(f"{3343 + row} {TESTER} f{rating}.jpg {z!r}")
        put(f"40K/f{rating}.jpg")
    put(flickr_aes.NORMALIZED_FILE, "\r\n".join(lines) + "\r\n")
    samples = load(tmp_path, "test")
    assert samples.ratings.tolist() == [1, 2, 3, 4, 5]
    assert samples.images[4] == "f5.jpg"
    with pytest.raises(InputError, match=r"labeled_by_each_worker\.csv must be a file"):
        load(tmp_path, "train")


def test_a_number_that_is_no_z_score_is_refused(put, tmp_path):
    put("40K/a.jpg")
    put(
        flickr_aes.NORMALIZED_FILE,
        f'worker " imagePair" " score"\n1 {TESTER} a.jpg 2\n',
    )
    with pytest.raises(
        SampleError, match=r"line 2, column score: .*Got 2, a rating of"
    ):
        load(tmp_path, "test")


def write_average(put):
    images = [f"p{number:03d}.jpg" for number in (0, 50, 100, 140, 200)]
    text = "".join(f" {image} 0.{i + 3}27154296566\n" for i, image in enumerate(images))
    put(flickr_aes.AVERAGE_FILE, text)


def test_averages_are_one_users_ratings_split_as_the_workers_images(put, small_set):
    write_average(put)
    parts = {
        split: flickr_aes.load_average(Request(PersonalRatings, small_set, split))
        for split in SPLITS
    }
    assert parts["train"].images == ("p100.jpg", "p140.jpg")
    assert parts["validation"].images == ("p050.jpg",)
    assert parts["test"].images == ("p000.jpg", "p200.jpg")
    assert set(parts["train"].users) == {"crowd"}
    assert parts["train"].rating_range == RatingRange(0.2, 1)
    np.testing.assert_allclose(parts["test"].ratings, [0.327154, 0.727154], atol=1e-6)


def test_averages_without_the_workers_say_that_votes_could_not_be_removed(
    put, tmp_path, logged
):
    write_average(put)
    for number in (0, 50, 100, 140, 200):
        put(f"40K/p{number:03d}.jpg")
    flickr_aes.load_average(Request(PersonalRatings, tmp_path, "train"))
    assert any("votes could not be removed" in line for line in logged)
