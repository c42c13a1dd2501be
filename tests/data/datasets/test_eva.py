import pytest

from piaa_tf.data.datasets import eva
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.samples import PersonalRatings, SampleError, ScoreDistributions
from piaa_tf.data.splits import SPLITS
from piaa_tf.ratings import RatingRange

HEADER = (
    "image_id=user_id=score=difficulty=visual=composition=quality=semantic="
    "vote_time=1=2=3=4"
)


def put_votes(put, votes):
    rows = [f"{i}={u}={s}=2=3=3=3=3=10=0=0=0=0" for i, u, s in votes]
    put("data/votes_filtered.csv", "\n".join([HEADER, *rows]))
    for image, _, _ in votes:
        put(f"images/EVA_together/{image}.jpg")


def test_votes_are_separated_by_equals_signs(put, tmp_path):
    put_votes(put, [(100, "U0", "7.0"), (100, "U1", "0.0"), (7, "U0", "10.0")])
    samples = eva.load(Request(PersonalRatings, tmp_path, "all"))
    assert samples.images == ("100.jpg", "100.jpg", "7.jpg")
    assert samples.users == ("U0", "U1", "U0")
    assert samples.ratings.tolist() == [7, 0, 10]
    assert samples.rating_range == RatingRange(0, 10)
    counted = eva.load(Request(ScoreDistributions, tmp_path, "all"))
    assert counted.counts[0].tolist() == [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]


def test_users_are_divided_and_train_averages_hold_training_votes_alone(put, tmp_path):
    put_votes(put, [(i, f"U{u}", (i + u) % 11) for i in range(40) for u in range(50)])
    parts = {
        split: eva.load(Request(PersonalRatings, tmp_path, split)) for split in SPLITS
    }
    users = {split: set(part.users) for split, part in parts.items()}
    assert sum(map(len, users.values())) == len(set.union(*users.values())) == 50
    counted = eva.load(Request(ScoreDistributions, tmp_path, "train"))
    assert (counted.counts.sum(axis=1) == len(users["train"])).all()


def test_a_score_above_ten_is_refused(put, tmp_path):
    put_votes(put, [(100, "U0", 11)])
    with pytest.raises(SampleError, match=r"votes_filtered\.csv, line 2, column score"):
        eva.load(Request(PersonalRatings, tmp_path, "all"))
