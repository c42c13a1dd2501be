import pytest

from piaa_tf.data.datasets.published import Request, first_of
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError


def test_a_request_names_the_splits_it_is_for(tmp_path):
    assert Request(PersonalRatings, tmp_path, "test").splits == ("test",)
    assert Request(PersonalRatings, tmp_path, "all").splits == SPLITS


def test_a_request_for_no_split_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"split must be one of train, .*Got 'trian'"):
        Request(PersonalRatings, tmp_path, "trian")


def test_the_first_name_that_is_there_is_taken(put, tmp_path):
    put("b.csv", "x"), put("c.csv", "x")
    assert first_of(tmp_path, ("a.csv", "b.csv", "c.csv")).name == "b.csv"
    with pytest.raises(
        InputError, match=r"must hold a or d\. Got none of them\. Check"
    ):
        first_of(tmp_path, ("a", "d"))
