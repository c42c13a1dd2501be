import dataclasses

import numpy as np
import pytest

from piaa_tf.adaptation.taste import Tastes
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange


def make(users=("anna", "bert"), value=0.0, **changes):
    values = {
        "user_ids": tuple(users),
        "weights": np.arange(3 * len(users), dtype=np.float32).reshape(-1, 3) + value,
        "num_ratings": np.full(len(users), 10),
        "scope": "fusion",
        "adapted_by": "adam, 50 steps of 0.1",
        "rating_range": RatingRange(1, 5),
        "prior_checksum": "abc",
    }
    return Tastes(**{**values, **changes})


def test_save_and_load_keep_everything(tmp_path):
    make(("anna", "ばあ 7/..")).save(tmp_path / "deep" / "tastes.npz")
    loaded = Tastes.load(tmp_path / "deep" / "tastes.npz")
    expected = make(("anna", "ばあ 7/.."))
    for field in dataclasses.fields(Tastes):
        np.testing.assert_array_equal(
            getattr(loaded, field.name), getattr(expected, field.name)
        )
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["tastes.npz"]


def test_unknown_users_have_row_minus_one():
    assert make().rows(["bert", "nobody", "anna"]).tolist() == [1, -1, 0]


def test_merging_replaces_the_same_user_and_keeps_the_others():
    merged = make(("anna", "bert")).merged(make(("bert", "carl"), value=100))
    assert merged.user_ids == ("anna", "bert", "carl")
    np.testing.assert_array_equal(merged.weights[:, 0], [0, 100, 103])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scope", "head"),
        ("rating_range", RatingRange(1, 10)),
        ("prior_checksum", "xyz"),
        ("adapted_by", "ridge"),
    ],
)
def test_tastes_of_another_kind_are_not_mixed(name, value):
    with pytest.raises(InputError, match=f"Got {name}"):
        make().merged(make(**{name: value}))


def test_another_prior_is_refused():
    with pytest.raises(InputError, match="Got prior xyz"):
        make().check_prior("xyz")


def test_a_user_twice_is_refused():
    with pytest.raises(InputError, match=r"Got twice: \['anna'\]"):
        make(("anna", "anna"))


def test_rows_that_do_not_agree_are_refused():
    with pytest.raises(InputError, match="Got 2 users, weights"):
        make(weights=np.zeros([3, 3], np.float32))


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "tastes.npz").write_text("no archive")
    with pytest.raises(InputError, match="must be a tastes file"):
        Tastes.load(tmp_path / "tastes.npz")
    with pytest.raises(InputError, match="must be a tastes file"):
        Tastes.load(tmp_path / "absent.npz")


def test_a_file_that_lacks_a_field_is_refused(tmp_path):
    np.savez(tmp_path / "tastes.npz", user_ids=np.array(["anna"]))
    with pytest.raises(InputError, match="Got none of"):
        Tastes.load(tmp_path / "tastes.npz")
