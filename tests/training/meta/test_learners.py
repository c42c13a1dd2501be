import meta_reference
import numpy as np
import pytest
import tensorflow as tf
from meta_reference import Reference, build_network, stream_of, tasks_of, write_ratings

from piaa_tf.adaptation.inner import AdamMoments
from piaa_tf.training.meta.bilevel import MetaTraining
from piaa_tf.training.meta.episode import Episode, FastWeight
from piaa_tf.training.meta.learners import LEARNERS
from piaa_tf.training.meta.options import MetaOptions
from piaa_tf.training.meta.replica_local import replica_local

RAGGED = [9, 12, 5, 7, 2, 9]


@pytest.fixture
def ratings(tmp_path):
    return write_ratings(tmp_path / "photos", RAGGED)


def options_of(learner, **changes):
    rate = 0.25 if learner in ("blg", "reptile") else 0.01
    return MetaOptions(
        **{
            "learner": learner,
            "num_tasks": 4,
            "inner_steps": 3,
            "inner_rate": 0.01,
            "outer_rate": rate,
            "body_rate": 0.002,
            **changes,
        }
    )


def reptile(stream, options, num_steps):
    """2 S steps of one Adam on all images; theta - beta * sum(theta - theta_i)."""
    own = Reference(options)
    for tasks in tasks_of(stream, options, num_steps):
        total = dict.fromkeys(own.adapted, 0.0)
        for task in tasks:
            own.put(own.theta)
            own.fresh()
            own.adapt(task, 0, 2 * options.inner_steps)
            for name, d in own.differences(own.adapted).items():
                total[name] = total[name] + d
        for name, d in total.items():
            own.theta[name] = own.theta[name] - options.outer_rate * d
    return own.weights()


def fomaml(stream, options, num_steps):
    """Adam on the sum of the query gradients at theta'_i."""
    own = Reference(options)
    names = own.adapted + own.body
    rates = dict.fromkeys(own.adapted, options.outer_rate)
    rates |= dict.fromkeys(own.body, options.body_rate)
    for tasks in tasks_of(stream, options, num_steps):
        total = dict.fromkeys(names, 0.0)
        for task in tasks:
            own.put(own.theta)
            own.fresh()
            own.adapt(task, 0, options.inner_steps)
            for name, g in own.query(task, names).items():
                total[name] = total[name] + g
        own.outer_adam(total, rates)
    return own.weights()


@pytest.mark.parametrize(
    ("reference", "scope"),
    [(reptile, "all"), (fomaml, "all"), (fomaml, "head")],
    ids=["reptile", "fomaml", "fomaml of the head"],
)
def test_first_order_learners_equal_their_numpy_loops(ratings, reference, scope):
    # A power of two changes no digit.
    options = options_of(reference.__name__, scope=scope, loss_scale=1024.0)
    stream = stream_of(ratings)
    network, *_ = meta_reference.train(stream, options, num_steps=2)
    expected = reference(stream, options, num_steps=2)
    for found, wanted in zip(meta_reference.weights_of(network), expected):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


def episode_of(stream, options):
    """A task at theta, in this very thread, without strategy or graph."""
    network = build_network()
    head = network.head.trainable_variables
    ((task, *_),) = tasks_of(stream, options, 1)
    return task, Episode(
        network,
        [FastWeight(v, tf.identity(v)) for v in head],
        AdamMoments(head),
        {name: tf.constant(value) for name, value in task.items()},
        options,
        body=network.body.trainable_variables,
        step=tf.constant(0),
        decay=tf.constant(1.0, tf.float64),
    )


class HeadByHand:
    """Gradient descent of a sigmoid unit on squared errors, in numpy."""

    def __init__(self, task, options):
        self.task, self.options, self.network = task, options, build_network()

    def features(self):
        image = tf.constant(self.task["image"], tf.float64)
        return self.network.body(image, training=False).numpy()

    def loss_after(self, kernel, bias, support, query):
        """Query loss after S steps on all of the support."""
        n, rating = self.task["num_support"], self.task["rating"].astype(np.float64)
        x, y = support[:n], rating[:n]
        for _ in range(self.options.inner_steps):
            score = 1 / (1 + np.exp(-(x @ kernel + bias)))
            slope = 2 * (score - y) * score * (1 - score) / n
            kernel = kernel - self.options.inner_rate * x.T @ slope
            bias = bias - self.options.inner_rate * slope.sum()
        score = 1 / (1 + np.exp(-(query[n:] @ kernel + bias)))
        return np.mean((score - rating[n:]) ** 2)

    def by_differences(self, variable, loss, entries, h=1e-5):
        """Central differences of a loss in some entries of a variable."""
        start = variable.numpy()
        slopes = []
        for entry in entries:
            ends = []
            for sign in (1, -1):
                moved = start.copy()
                moved.flat[entry] += sign * h
                variable.assign(moved)
                ends.append(loss())
            slopes.append((ends[0] - ends[1]) / (2 * h))
        variable.assign(start)
        return slopes


@pytest.mark.parametrize("learner", ["maml", "anil"])
def test_second_order_directions_are_slopes_of_the_adapted_loss(ratings, learner):
    # A high rate, so that the inner steps' own slope counts.
    options = options_of(learner, scope="head", inner_rate=2.0)
    task, episode = episode_of(stream_of(ratings), options)
    outcome = LEARNERS[learner](episode)
    hand = HeadByHand(task, options)
    fixed = hand.features()

    def loss():
        query = hand.features()
        # anil: the body's path through the inner steps is cut.
        support = query if learner == "maml" else fixed
        weights = hand.network.head.variables
        return hand.loss_after(
            weights[0].numpy()[:, 0], weights[1].numpy()[0], support, query
        )

    np.testing.assert_allclose(outcome.query_loss, loss(), rtol=1e-10)
    variables = [*hand.network.head.variables, *hand.network.body.trainable_variables]
    gradients = [*outcome.directions, *outcome.body_gradients]
    assert len(variables) == len(gradients)
    for variable, gradient in zip(variables, gradients):
        entries = range(min(4, gradient.shape.num_elements()))
        slopes = hand.by_differences(variable, loss, entries)
        found = gradient.numpy().ravel()[: len(slopes)]
        np.testing.assert_allclose(found, slopes, rtol=1e-5, atol=1e-9)


def test_the_two_second_order_learners_differ_in_the_body_alone(ratings):
    stream = stream_of(ratings)
    outcomes = []
    for learner in ("maml", "anil"):
        options = options_of(learner, scope="head", inner_rate=2.0)
        outcomes.append(LEARNERS[learner](episode_of(stream, options)[1]))
    maml, anil = outcomes
    np.testing.assert_allclose(maml.directions[0], anil.directions[0], rtol=1e-9)
    assert not np.allclose(maml.body_gradients[0], anil.body_gradients[0], rtol=1e-3)


@pytest.mark.parametrize("learner", ["maml", "anil"])
def test_second_order_learners_lower_the_adapted_query_loss(ratings, learner):
    options = options_of(learner, scope="head", inner_rate=0.5, outer_rate=0.02)
    stream = stream_of(ratings)
    strategy = tf.distribute.OneDeviceStrategy("/CPU:0")
    with strategy.scope(), replica_local():
        network = build_network()
    training = MetaTraining(network, options, strategy=strategy, num_steps=50)
    tasks = iter(stream.distributed(options.levels, strategy))
    losses = [
        float(training.run(tasks, tf.constant(step), tf.constant(20))[0]["loss"])
        for step in (0, 20)
    ]
    assert losses[1] < losses[0]
