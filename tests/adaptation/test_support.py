import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.adaptation.inner import adapt_weights
from piaa_tf.adaptation.support import adapt_sound_rows
from piaa_tf.ratings import RatingRange

LOOP = {"steps": 4, "rate": 0.1}
STARS = RatingRange(1, 5)


def linear_score(weights, embedding):
    return tf.linalg.matvec(embedding, weights)


def rows():
    """Two users, three places, two weights; the second user has rated two images."""
    generator = np.random.default_rng(4)
    return {
        "weights": generator.normal(size=[2, 2]).astype(np.float32),
        "embedding": generator.normal(size=[2, 3, 2]).astype(np.float32),
        "rating": np.array([[1, 5, 4], [2, 3, 1]], np.float32),
        "count": np.array([3, 2], np.int32),
    }


def adapt(row):
    adapted, is_ok = adapt_sound_rows(
        linear_score, *map(tf.constant, row.values()), rating_range=STARS, **LOOP
    )
    return adapted.numpy(), is_ok.numpy().tolist()


def test_sound_rows_are_the_inner_loops():
    row = rows()
    adapted, is_ok = adapt(row)
    expected = adapt_weights(linear_score, *map(tf.constant, row.values()), **LOOP)
    np.testing.assert_array_equal(adapted, expected)
    assert is_ok == [True, True]


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("rating", (1, 0), np.nan),
        ("rating", (1, 1), 5.5),
        ("rating", (1, 1), 0.5),
        ("rating", (1, 1), np.inf),
        ("embedding", (1, 0, 1), np.nan),
        ("embedding", (1, 1, 0), -np.inf),
        ("embedding", (1, 0, 0), 1e38),  # the loop's results overflow
        ("count", (1,), 0),
        ("count", (1,), -1),
        ("count", (1,), 4),
    ],
)
def test_a_bad_row_keeps_its_start_and_the_others_do_not_notice(name, place, value):
    row = rows()
    expected, _ = adapt(row)
    row[name][place] = value
    adapted, is_ok = adapt(row)
    assert is_ok == [True, False]
    np.testing.assert_array_equal(adapted[0], expected[0])
    np.testing.assert_array_equal(adapted[1], row["weights"][1])


def test_what_lies_beyond_the_count_is_not_looked_at():
    row = rows()
    expected, _ = adapt(row)
    row["rating"][1, 2] = row["embedding"][1, 2, 0] = np.nan
    adapted, is_ok = adapt(row)
    assert is_ok == [True, True]
    np.testing.assert_array_equal(adapted, expected)
