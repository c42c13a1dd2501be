import numpy as np
import pytest
import tensorflow as tf

from export.saved_model.user_table import (
    UserRows,
    UserTable,
    no_rows,
    read_ids,
    stacked,
    write_ids,
)
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

ODD = ("anna", "a b", "\"'%,;", "\N{SNOWMAN}\N{GRINNING FACE}", "a\u2028b", "\ufeffx")


def rows_of(*users):
    """Rows that tell whose they are."""
    weights = np.array([[len(user), ord(user[0])] for user in users], np.float32)
    return UserRows(users, weights.reshape(-1, 2))


def tastes_of(users, weights):
    return Tastes(
        user_ids=tuple(users),
        weights=np.asarray(weights, np.float32),
        num_ratings=np.full(len(users), 10),
        scope="fusion",
        adapted_by="chance",
        rating_range=RatingRange(1, 5),
        prior_checksum="0" * 64,
    )


def test_ids_of_any_letters_are_read_back(tmp_path):
    write_ids(tmp_path / "ids.txt", ODD)
    assert read_ids(tmp_path / "ids.txt") == ODD


@pytest.mark.parametrize("users", [(), ODD])
def test_a_table_finds_each_user_and_gives_others_the_prior(tmp_path, users):
    write_ids(tmp_path / "ids.txt", users)
    prior = np.array([7.0, 7.0], np.float32)
    table = UserTable(tmp_path / "ids.txt", stacked(prior, rows_of(*users)))
    asked = [*users, "nobody", "", "\tprior", "anna\r"]
    weights, known = table.lookup(tf.constant(asked))
    assert known.numpy().tolist() == [user in users for user in asked]
    expected = [*rows_of(*users).weights, *[prior] * 4]
    np.testing.assert_array_equal(weights.numpy(), expected)
    np.testing.assert_array_equal(table.prior_weights(3).numpy(), [prior] * 3)


def test_tables_that_follow_each_other_share_nothing(tmp_path):
    for i in range(40):
        users = [f"user {i}"] * (i % 2)
        write_ids(tmp_path / f"{i}.txt", users)
        rows = stacked(np.zeros(2, np.float32), rows_of(*users))
        _, known = UserTable(tmp_path / f"{i}.txt", rows).lookup(
            tf.constant([f"user {i}"])
        )
        assert known.numpy().tolist() == [bool(users)]


def test_newer_rows_replace_the_same_user_and_keep_the_others():
    newer = UserRows(("bert", "carl"), np.array([[1, 1], [2, 2]], np.float32))
    merged = rows_of("anna", "bert", "dora").merged(newer)
    assert merged.user_ids == ("anna", "dora", "bert", "carl")
    np.testing.assert_array_equal(
        merged.weights, [*rows_of("anna", "dora").weights, [1, 1], [2, 2]]
    )


def test_a_forgotten_user_takes_the_row_along():
    left = rows_of("anna", "bert", "carl").without(["bert"])
    assert left.user_ids == ("anna", "carl")
    np.testing.assert_array_equal(left.weights, rows_of("anna", "carl").weights)
    assert no_rows(2).merged(left).without(["anna", "carl"]).user_ids == ()


def test_only_users_who_are_there_can_be_forgotten():
    with pytest.raises(InputError, match=r"can be forgotten. Got \['ann'\]"):
        rows_of("anna").without(["ann"])


def test_ids_that_do_not_fit_into_a_line_are_refused():
    with pytest.raises(InputError, match=r"Got 'a.nb': a control character"):
        UserRows.of_tastes(tastes_of(["anna", "a\nb"], np.zeros([2, 5])))


def test_weights_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match=r"must be finite\. Got others of user 'bert'"):
        UserRows.of_tastes(tastes_of(["anna", "bert"], [[0, 1], [0, np.nan]]))


def test_two_tastes_of_one_id_are_refused():
    with pytest.raises(InputError, match=r"one taste. Got twice: \['anna'\]"):
        tastes_of(["anna", "anna"], np.zeros([2, 5]))
