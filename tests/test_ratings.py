import math

import numpy as np
import pytest

from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange


def test_unit_mapping_sends_the_ends_to_zero_and_one():
    assert RatingRange(2, 10).to_unit(2) == 0
    assert RatingRange(2, 10).to_unit(10) == 1


def test_from_unit_inverts_to_unit():
    ratings = np.linspace(-3, 7, 11)
    rating_range = RatingRange(-3, 7)
    np.testing.assert_allclose(
        rating_range.from_unit(rating_range.to_unit(ratings)), ratings, atol=1e-12
    )


def test_middle_is_half_way():
    assert RatingRange(1, 10).middle == (1 + 10) / 2


def test_contains_refuses_what_is_outside_or_not_a_number():
    ratings = np.array([0.9, 1.0, 5.0, 5.1, math.nan])
    assert RatingRange(1, 5).contains(ratings).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("low", "high"), [(5, 5), (5, 1), (math.nan, 5), (1, math.inf)]
)
def test_a_range_that_is_none_is_refused(low, high):
    with pytest.raises(InputError, match="needs minimum < maximum"):
        RatingRange(low, high)
