import math

import numpy as np
import pytest

from piaa_tf.errors import InputError
from piaa_tf.evaluation.comparison import compare, gain_over_prior, interval
from piaa_tf.evaluation.results import (
    Result,
    read_results,
    summarise,
    table_of,
    write_results,
)


def result(user, repeat, srocc, prior_srocc=0.0, **changes):
    return Result(
        **{
            "system": "S",
            "num_images": 10,
            "repeat": repeat,
            "user_id": user,
            "srocc": srocc,
            "prior_srocc": prior_srocc,
            "num_tested": 20,
            "num_weights": 5,
            **changes,
        }
    )


FOUR = [
    result("anna", 0, 0.5, 0.1),
    result("anna", 1, 0.7, 0.2),
    result("bert", 0, 0.1, 0.2),
    result("bert", 1, 0.5, 0.3),
]


def test_results_come_back_from_their_file(tmp_path):
    odd = [result('b,"c', 0, -1 / 3, system="FPMF (content, all)"), *FOUR]
    write_results(tmp_path / "results.csv", odd)
    text = (tmp_path / "results.csv").read_bytes()
    assert text.startswith(b"system,num_images,repeat,user_id,srocc,prior_srocc,")
    back = read_results(tmp_path / "results.csv")
    assert back[1:] == FOUR
    assert (back[0].user_id, back[0].srocc) == ('b,"c', -0.333333)
    write_results(tmp_path / "again.csv", back)
    assert (tmp_path / "again.csv").read_bytes() == text


def test_another_table_is_no_results(tmp_path):
    (tmp_path / "results.csv").write_text("system,srocc\nS,1\n")
    with pytest.raises(InputError, match="must have the columns system,num_images"):
        read_results(tmp_path / "results.csv")


def test_a_summary_is_the_mean_over_users_and_the_spread_over_repeats():
    summary = summarise(FOUR)
    # Means over users of the two repeats.
    first, second = (0.5 + 0.1) / 2, (0.7 + 0.5) / 2
    assert summary.mean == pytest.approx((first + second) / 2)
    assert summary.std == pytest.approx(abs(second - first) / math.sqrt(2))
    assert (summary.num_repeats, summary.num_users) == (2, 2)
    assert summarise(FOUR, "prior_srocc").mean == pytest.approx(0.2)
    assert math.isnan(summarise(FOUR[::2]).std)


def test_a_table_has_users_in_rows_and_repeats_in_columns():
    users, values = table_of(FOUR)
    assert users == ["anna", "bert"]
    np.testing.assert_array_equal(values, [[0.5, 0.7], [0.1, 0.5]])
    with pytest.raises(ValueError, match=r"User 'bert' must have the repeats \[0, 1\]"):
        table_of(FOUR[:3])


def test_two_systems_are_compared_on_what_both_have():
    other = [result(r.user_id, r.repeat, r.srocc - 0.1) for r in FOUR if r.repeat == 0]
    other[1] = result("bert", 0, 0.4)
    difference = compare(FOUR, other, seed=0)
    assert difference.mean == pytest.approx((0.1 - 0.3) / 2)
    assert difference.standard_error == pytest.approx(0.4 / 2)
    assert (difference.num_better, difference.num_users) == (1, 2)
    assert difference.num_repeats == 1
    with pytest.raises(ValueError, match="share users and repeats"):
        compare(FOUR, [result("carla", 0, 0.1)], seed=0)


def test_the_gain_over_the_prior_averages_a_users_repeats_first():
    gain = gain_over_prior(FOUR, seed=0)
    assert gain.mean == pytest.approx((0.45 + 0.05) / 2)
    assert gain.num_better == 2
    assert 0.05 <= gain.low <= gain.mean <= gain.high <= 0.45


def test_intervals_move_with_the_values_and_repeat_with_the_seed():
    values = np.random.default_rng(0).normal(0.03, 0.1, 37)
    low, high = interval(values, seed=1)
    assert (low, high) == interval(values, seed=1)
    assert (low, high) != interval(values, seed=2)
    moved = interval(values + 1, seed=1)
    assert moved == pytest.approx((low + 1, high + 1))
    assert interval(np.array([0.2, 0.2]), seed=0) == (0.2, 0.2)
    assert all(math.isnan(end) for end in interval(np.array([0.2]), seed=0))


def test_ninety_five_of_a_hundred_intervals_hold_the_truth():
    generator = np.random.default_rng(3)
    cases = [interval(generator.normal(0, 1, 37), seed=i) for i in range(100)]
    # Binomial: 95 +- 2.2; the bootstrap of 37 is a little too narrow.
    assert 86 <= sum(low <= 0 <= high for low, high in cases) <= 100
