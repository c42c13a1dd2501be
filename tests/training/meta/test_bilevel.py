import functools

import meta_reference
import numpy as np
import pytest
import tensorflow as tf
from meta_reference import (
    build_network,
    stream_of,
    train,
    weights_of,
    write_ratings,
)

from piaa_tf.errors import InputError
from piaa_tf.training.meta.bilevel import MetaTraining
from piaa_tf.training.meta.episode import Network
from piaa_tf.training.meta.options import MetaOptions
from piaa_tf.training.meta.replica_local import replica_local

RAGGED = [9, 12, 5, 7, 2, 9]
"""Ratings of each user: with 6 + 3 wanted, some are scaled down."""


@pytest.fixture(scope="module")
def ratings(tmp_path_factory):
    return write_ratings(tmp_path_factory.mktemp("ratings") / "photos", RAGGED)


def options_of(**changed):
    return MetaOptions(
        **{"num_tasks": 4, "inner_steps": 3, "inner_rate": 0.01} | changed
    )


def assert_same(found, expected, atol=1e-12):
    for a, b in zip(found, expected):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


CASES = {
    "slides": {},
    "released": {
        "adam": "kept",
        "update": "sequential",
        "batch_norm": "restore",
        "backbone_rate_ratio": 0.1,
        "decay": 0.5,
    },
    "fresh batches, task moments, falling beta": {
        "adam": "task",
        "outer_schedule": "linear",
    },
    "learned statistics": {"batch_norm": "meta"},
    "head": {"scope": "head", "loss_scale": 1024.0},
}


def case_of(ratings, case):
    inner_batch = 2 if "fresh batches" in case else 0
    return stream_of(ratings, inner_batch=inner_batch), options_of(**CASES[case])


@pytest.fixture(scope="module")
def on_one_device(ratings):
    """Trains a case once for all that ask for its weights and values."""

    def run(case):
        network, _, (values, *_) = train(*case_of(ratings, case))
        return weights_of(network), values

    return functools.cache(run)


@pytest.mark.parametrize("case", CASES)
def test_theta_after_three_meta_steps_equals_the_numpy_loop(
    ratings, on_one_device, case
):
    found, _ = on_one_device(case)
    expected = meta_reference.blg(*case_of(ratings, case))
    assert_same(found, expected)
    start = weights_of(build_network())
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(start, expected))


@pytest.mark.parametrize("case", ["learned statistics", "head"])
def test_one_replica_equals_two(ratings, on_one_device, case, two_devices):
    one, values = on_one_device(case)
    stream, options = case_of(ratings, case)
    two, _, (other_values, *_) = train(stream, options, strategy=two_devices)
    assert_same(weights_of(two), one)
    for name, value in values.items():
        np.testing.assert_allclose(other_values[name], value, rtol=1e-6)
    for variable in two.head.variables:
        on_first, on_second = variable.values
        np.testing.assert_array_equal(on_first, on_second)


def test_dropout_follows_seed_step_task_and_inner_step(ratings, two_devices):
    options = options_of(batch_norm="restore", seed=9)
    stream = stream_of(ratings)
    expected = meta_reference.blg(stream, options, dropout=0.5)
    two, *_ = train(stream, options, strategy=two_devices, dropout=0.5)
    assert_same(weights_of(two), expected)


def test_tasks_of_any_size_are_traced_once(ratings):
    options = options_of()
    stream = stream_of(ratings)
    sizes = {
        len(task["rating"])
        for step in meta_reference.tasks_of(stream, options, 3)
        for task in step
    }
    assert len(sizes) > 2
    strategy = tf.distribute.OneDeviceStrategy("/CPU:0")
    with strategy.scope(), replica_local():
        network = build_network()
    training = MetaTraining(network, options, strategy=strategy, num_steps=3)
    tasks = iter(stream.distributed(options.levels, strategy))
    training.run(tasks, tf.constant(0), tf.constant(2))
    training.run(tasks, tf.constant(2), tf.constant(1))
    assert training.run.experimental_get_tracing_count() == 1


def test_statistics_are_not_carried_from_task_to_task(ratings):
    network, *_ = train(stream_of(ratings), options_of(batch_norm="restore"))
    start = build_network()
    for found, expected in zip(
        network.body.non_trainable_variables, start.body.non_trainable_variables
    ):
        np.testing.assert_array_equal(found, expected)


def test_losses_are_those_of_the_algorithm(ratings):
    options = options_of(num_tasks=2, inner_steps=1)
    stream = stream_of(ratings, num_tasks=2)
    _, _, (values, bad_step, _) = train(stream, options, num_steps=1)
    (tasks,) = meta_reference.tasks_of(stream, options, 1)
    own = meta_reference.Reference(options)
    support, before, after = [], [], []
    for task in tasks:
        n = task["num_support"]
        images, ratings_01 = task["image"], task["rating"]
        own.put(own.theta)
        support.append(own.gradient([], images[:n], ratings_01[:n])[1])
        before.append(own.gradient([], images[n:], ratings_01[n:])[1])
        own.fresh()
        own.adapt(task, 0, 1)
        after.append(own.gradient([], images[n:], ratings_01[n:])[1])
    assert int(bad_step) == -1
    np.testing.assert_allclose(values["query_before"], np.mean(before), rtol=1e-6)
    np.testing.assert_allclose(values["query_after"], np.mean(after), rtol=1e-6)
    loss = (np.mean(support) + np.mean(after)) / 2
    np.testing.assert_allclose(values["loss"], loss, rtol=1e-6)


def test_what_is_not_finite_is_told_with_step_and_task(ratings):
    stream = stream_of(ratings, num_tasks=2)
    strategy = tf.distribute.OneDeviceStrategy("/CPU:0")
    with strategy.scope(), replica_local():
        network = build_network()
    options = options_of(num_tasks=2, inner_steps=1, scope="head")
    training = MetaTraining(network, options, strategy=strategy, num_steps=9)

    def poisoned(task):
        bad = (task["number"] == 1) & (tf.shape(task["rating"])[0] < 9)
        poison = tf.where(bad, np.float32("nan"), np.float32(0))
        return {**task, "rating": task["rating"] + poison}

    elements = stream.tasks(options.levels)
    sizes = [
        [len(task["rating"]) for task in step]
        for step in meta_reference.tasks_of(stream, options, 9)
    ]
    first_bad = next(i for i, (_, second) in enumerate(sizes) if second < 9)
    tasks = iter(
        strategy.distribute_datasets_from_function(
            lambda context: elements.map(poisoned)
        )
    )
    _, bad_step, bad_task = training.run(tasks, tf.constant(0), tf.constant(9))
    assert (int(bad_step), int(bad_task)) == (first_bad, 1)


def test_a_variable_without_a_gradient_is_refused(ratings):
    strategy = tf.distribute.OneDeviceStrategy("/CPU:0")
    with strategy.scope(), replica_local():
        whole = build_network()
        cut = tf.stop_gradient(whole.body.output)
        network = Network(tf.keras.Model(whole.body.input, cut), whole.head)
    options = options_of()
    training = MetaTraining(network, options, strategy=strategy, num_steps=1)
    tasks = iter(stream_of(ratings).distributed(options.levels, strategy))
    with pytest.raises(ValueError, match=r"Got no gradient for .*conv/kernel"):
        training.run(tasks, tf.constant(0), tf.constant(1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_tasks": 3}, r"num_tasks must divide among the 2 replicas\. Got 3"),
        ({"adam": "kept"}, r"one after another, on one replica\. Got 2"),
    ],
)
def test_what_does_not_fit_two_replicas_is_refused(
    ratings, changes, message, two_devices
):
    options = options_of(**changes)
    with pytest.raises(InputError, match=message):
        train(stream_of(ratings), options, strategy=two_devices)


@pytest.mark.parametrize(
    ("changes", "number"),
    [({}, 0), ({"adam": "kept"}, 2 * 7), ({"scope": "head"}, 2 * 5)],
)
def test_only_moments_that_outlive_a_task_are_state(changes, number):
    strategy = tf.distribute.OneDeviceStrategy("/CPU:0")
    with strategy.scope(), replica_local():
        network = build_network()
    # Trainable: conv kernel, gamma, beta, dense kernel, bias; head kernel, bias.
    options = options_of(**changes)
    training = MetaTraining(network, options, strategy=strategy, num_steps=1)
    assert len(training.state) == number
