import numpy as np
import pytest
from absl import logging

from piaa_tf.data.tasks import TaskSampler
from piaa_tf.errors import InputError

LEVELS = (("support", 3), ("query", 3))


def users_with(*counts):
    """Rows of users a, b, ... that take turns while they have ratings left."""
    names = [chr(ord("a") + i) for i in range(len(counts))]
    return [
        name
        for turn in range(max(counts))
        for name, count in zip(names, counts)
        if turn < count
    ]


def sampler_of(users, **options):
    options = {"num_tasks": 2, "num_support": 4, "num_query": 2, "seed": 3, **options}
    return TaskSampler(users, **options)


def same(task, other):
    return (
        task.user == other.user
        and np.array_equal(task.support, other.support)
        and np.array_equal(task.query, other.query)
    )


def test_a_task_holds_rows_of_its_user_alone_and_none_twice():
    users = users_with(9, 9, 9)
    for step in range(20):
        for task in sampler_of(users).tasks(step):
            rows = task.rows("both")
            assert {users[row] for row in rows} == {task.user}
            assert len(set(rows)) == len(rows) == 4 + 2


def test_a_step_draws_the_same_tasks_whatever_was_drawn_before():
    users = users_with(9, 9, 9)
    used, fresh = sampler_of(users), sampler_of(users)
    for step in range(7):
        used.tasks(step)
    assert all(map(same, used.tasks(7), fresh.tasks(7)))


def test_another_step_or_seed_draws_other_rows():
    users = users_with(50, 50)
    first = sampler_of(users).tasks(0)
    assert not any(map(same, first, sampler_of(users).tasks(1)))
    assert not any(map(same, first, sampler_of(users, seed=4).tasks(0)))


def test_the_users_of_a_step_differ_and_an_epoch_meets_each_once():
    sampler = sampler_of(users_with(*[6] * 7), num_tasks=3)
    assert sampler.steps_per_epoch == 7 // 3
    orders = set()
    for epoch in range(5):
        met = [
            task.user
            for place in range(sampler.steps_per_epoch)
            for task in sampler.tasks(epoch * sampler.steps_per_epoch + place)
        ]
        assert len(set(met)) == len(met) == 3 * (7 // 3)
        orders.add(tuple(met))
    assert len(orders) > 1


@pytest.mark.parametrize(
    ("num_ratings", "sizes"),
    [
        (500, (80, 20)),
        (100, (80, 20)),
        (50, (40, 10)),
        (6, (5, 1)),
        (2, (1, 1)),
    ],
)
def test_few_ratings_are_split_in_proportion(num_ratings, sizes):
    sampler = TaskSampler(users_with(5), num_tasks=1, seed=0)
    assert sampler.sizes(num_ratings) == sizes


def test_a_user_of_two_ratings_gives_one_to_each_part():
    task = sampler_of(users_with(2), num_tasks=1).task(0, 0)
    assert len(task.support) == len(task.query) == 1


def test_who_is_scaled_down_and_left_out_is_logged(monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "info", lambda text, *a: lines.append(text % a))
    sampler_of(users_with(9, 5, 5, 2), min_ratings=3)
    (line,) = lines
    assert line == (
        "3 users, 4 + 2 ratings of each; 2 of them have fewer, scaled down; "
        "1 left out with fewer than 3"
    )


def test_nothing_is_said_of_whom_nothing_happened_to(monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "info", lambda text, *a: lines.append(text % a))
    sampler_of(users_with(9, 6, 7))
    assert lines == ["3 users, 4 + 2 ratings of each"]


def test_users_below_the_minimum_are_never_drawn():
    sampler = sampler_of(users_with(9, 1, 9), min_ratings=2)
    assert {task.user for step in range(9) for task in sampler.tasks(step)} == {
        "a",
        "c",
    }


def test_whole_pools_are_seen_at_each_step():
    sampler = sampler_of(users_with(9, 9))
    task = sampler.task(0, 0)
    batches = sampler.batches(task, LEVELS)
    for batch, pool in zip(batches, [task.support] * 3 + [task.query] * 3):
        np.testing.assert_array_equal(batch, pool)
    assert len(batches) == 6


def test_fresh_batches_differ_between_steps_and_stay_in_their_pool():
    sampler = sampler_of(
        users_with(90, 90), num_support=60, num_query=30, inner_batch=5
    )
    task = sampler.task(0, 1)
    batches = sampler.batches(task, LEVELS)
    for batch, pool in zip(batches, [task.support] * 3 + [task.query] * 3):
        assert set(batch) <= set(pool)
        assert len(set(batch)) == 5
    assert len({tuple(batch) for batch in batches}) == 6


def test_fresh_batches_depend_on_the_key_alone():
    users = users_with(90, 90)
    used, fresh = (sampler_of(users, inner_batch=3) for _ in range(2))
    used.batches(used.task(0, 0), LEVELS)
    for a, b in zip(
        used.batches(used.task(4, 1), LEVELS),
        fresh.batches(fresh.task(4, 1), LEVELS),
    ):
        np.testing.assert_array_equal(a, b)


def test_a_pool_smaller_than_the_batch_is_seen_whole():
    sampler = sampler_of(users_with(2, 2), inner_batch=5)
    task = sampler.task(0, 0)
    (batch,) = sampler.batches(task, [("both", 1)])
    assert sorted(batch) == sorted(task.rows("both"))


def test_fewer_users_than_tasks_are_refused():
    with pytest.raises(InputError, match=r"Got 3 with 2 users, 1 left out\."):
        sampler_of(users_with(9, 9, 1), num_tasks=3, min_ratings=2)


def test_a_user_without_an_image_for_each_part_is_refused_by_name():
    with pytest.raises(InputError, match="Got 1 rating of user 'b'"):
        sampler_of(users_with(9, 1, 9))


@pytest.mark.parametrize(
    ("name", "value", "minimum"),
    [
        ("num_tasks", 0, 1),
        ("num_support", 0, 1),
        ("num_query", 0, 1),
        ("inner_batch", -1, 0),
        ("min_ratings", -1, 0),
        ("seed", -1, 0),
    ],
)
def test_numbers_that_are_too_small_are_refused(name, value, minimum):
    with pytest.raises(InputError, match=f"{name} must be >= {minimum}. Got {value}"):
        sampler_of(users_with(9, 9), **{name: value})
