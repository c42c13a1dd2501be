import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.adaptation.active.selection import (
    METHODS,
    by_k_centre,
    by_variance,
    choose_next,
    pool_size,
)
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.errors import InputError

PERSONAL = PersonalScore(
    "head",
    np.zeros(3, np.float32),
    lambda weights, embedding: tf.linalg.matvec(embedding, weights),
    3,
)


def pool(count=20, size=3, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=[count, size]).astype(np.float32)


def variance_after(jacobian, rows, strength):
    """Mean posterior variance of the centred scores, in the space of the weights."""
    design = np.c_[jacobian - jacobian.mean(axis=0), np.ones(len(jacobian))]
    held = strength * ((jacobian - jacobian.mean(axis=0)) ** 2).sum(axis=1).mean()
    precision = np.diag([held] * jacobian.shape[1] + [1e-4])
    precision = precision + design[rows].T @ design[rows]
    centred = design - design.mean(axis=0)
    return np.trace(centred @ np.linalg.solve(precision, centred.T)) / len(design)


@pytest.mark.parametrize("rated", [[], [4, 11, 2]])
def test_each_choice_lowers_the_variance_of_the_scores_most(rated):
    jacobian, strength = pool().astype(np.float64), 0.7
    chosen = by_variance(jacobian, rated=rated, count=4, strength=strength)
    known = list(rated)
    for row in chosen:
        free = [i for i in range(len(jacobian)) if i not in known]
        after = [variance_after(jacobian, [*known, i], strength) for i in free]
        assert row == free[int(np.argmin(after))]
        known.append(row)


def test_what_is_known_already_is_asked_last():
    first, second = np.eye(2)
    jacobian = np.array([first, -first, first, -first, second, -second])
    chosen = by_variance(jacobian, rated=[0, 1], count=2, strength=0.1)
    assert set(chosen) == {4, 5}


def test_centres_are_farthest_from_all_chosen():
    line = np.array([[0.0], [1], [2], [3], [10], [6.6]])
    assert by_k_centre(line, rated=[0], count=3) == [4, 5, 3]
    middle_first = by_k_centre(line, rated=[], count=2)
    assert middle_first == [3, 4]


@pytest.mark.parametrize("method", METHODS)
def test_no_photo_is_asked_for_twice(method):
    twins = np.repeat(pool(4), 3, axis=0)
    rated = [0, 5]
    chosen = choose_next(method, PERSONAL, twins, rated=rated, count=10)
    assert sorted([*chosen, *rated]) == list(range(12))


@pytest.mark.parametrize("method", METHODS)
def test_asking_for_fewer_gives_the_first_of_more(method):
    many = choose_next(method, PERSONAL, pool(), count=8)
    assert choose_next(method, PERSONAL, pool(), count=3) == many[:3]


def test_another_seed_draws_other_photos():
    draws = [choose_next("random", PERSONAL, pool(), count=5, seed=s) for s in (0, 1)]
    assert draws[0] != draws[1]


@pytest.mark.parametrize("count", [0, 19])
def test_more_than_there_are_cannot_be_chosen(count):
    with pytest.raises(InputError, match=f"must be 1 to 18, .* Got {count}"):
        choose_next("random", PERSONAL, pool(), rated=[3, 4], count=count)


def test_an_unknown_method_is_refused():
    with pytest.raises(InputError, match=r"one of \('variance', .* Got 'best'"):
        choose_next("best", PERSONAL, pool(), count=1)


def test_many_weights_leave_fewer_photos_to_choose_from():
    assert pool_size(257) == 2000
    assert pool_size(2**20) == 2**7
    assert pool_size(2**40) == 1
