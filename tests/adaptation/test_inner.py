import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.adaptation.inner import (
    AdamMoments,
    adapt_variables,
    adapt_weights,
    check_gradients,
)

STEPS, RATE = 7, 0.05


def linear_score(weights, embedding):
    return tf.linalg.matvec(embedding, weights)


def numpy_adam(theta, gradient, steps, rate):
    """torch.optim.Adam's rule, written out."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t in range(1, steps + 1):
        g = gradient(theta)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        theta = theta - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta


def squared_error_gradient(x, y):
    return lambda w: 2 * x.T @ (x @ w - y) / len(y)


@pytest.fixture
def users():
    generator = np.random.default_rng(3)
    counts = np.array([5, 2, 4])
    x = generator.normal(size=[3, 5, 4])
    y = generator.normal(size=[3, 5])
    start = generator.normal(size=[3, 4])
    return x, y, counts, start


def test_rows_follow_adam_on_their_own_ratings(users):
    x, y, counts, start = users
    adapted = adapt_weights(
        linear_score,
        *map(tf.constant, (start, x, y, counts)),
        steps=STEPS,
        rate=RATE,
    )
    for u, n in enumerate(counts):
        expected = numpy_adam(
            start[u], squared_error_gradient(x[u, :n], y[u, :n]), STEPS, RATE
        )
        # rating_loss is float32; a fresh Adam's first step is sign descent.
        np.testing.assert_allclose(adapted[u], expected, atol=1e-5)


def test_padding_and_other_rows_do_not_matter(users):
    x, y, counts, start = users
    together = adapt_weights(
        linear_score, *map(tf.constant, (start, x, y, counts)), steps=STEPS, rate=RATE
    )
    x[1, 2:], y[1, 2:] = 1e3, -1e3
    alone = adapt_weights(
        linear_score,
        *map(tf.constant, (start[1:2], x[1:2], y[1:2], counts[1:2])),
        steps=STEPS,
        rate=RATE,
    )
    np.testing.assert_allclose(alone[0], together[1], rtol=1e-6)


def test_graph_equals_eager(users):
    x, y, counts, start = users

    def call():
        return adapt_weights(
            linear_score,
            *map(tf.constant, (start, x, y, counts)),
            steps=STEPS,
            rate=RATE,
        )

    np.testing.assert_allclose(tf.function(call)(), call(), rtol=1e-6)


def variables_of(start):
    return [tf.Variable(start[:1], name="a"), tf.Variable(start[1:], name="b")]


def adapt_two_parts(variables, moments, x, y, **options):
    def loss(step):
        scores = tf.linalg.matvec(tf.constant(x), tf.concat(variables, 0))
        return tf.reduce_mean(tf.square(scores - y))

    @tf.function
    def adapt():
        return adapt_variables(
            variables, moments, loss, steps=STEPS, rates=[RATE, RATE], **options
        )

    return adapt()


def test_variables_follow_adam_in_float64(users):
    x, y, _, start = users
    variables = variables_of(start[0])
    adapt_two_parts(variables, AdamMoments(variables), x[0], y[0])
    expected = numpy_adam(start[0], squared_error_gradient(x[0], y[0]), STEPS, RATE)
    np.testing.assert_allclose(tf.concat(variables, 0), expected, atol=1e-13)


def test_kept_moments_continue_and_reset_moments_start_afresh(users):
    x, y, _, start = users
    gradient = squared_error_gradient(x[0], y[0])
    variables = variables_of(start[0])
    moments = AdamMoments(variables)
    adapt_two_parts(variables, moments, x[0], y[0])
    adapt_two_parts(variables, moments, x[0], y[0], steps_before=STEPS)
    continued = numpy_adam(start[0], gradient, 2 * STEPS, RATE)
    np.testing.assert_allclose(tf.concat(variables, 0), continued, atol=1e-13)
    moments.reset()
    for part, value in zip(variables, (start[0, :1], start[0, 1:])):
        part.assign(value)
    adapt_two_parts(variables, moments, x[0], y[0])
    afresh = numpy_adam(start[0], gradient, STEPS, RATE)
    np.testing.assert_allclose(tf.concat(variables, 0), afresh, atol=1e-13)


def test_a_loss_scale_of_a_power_of_two_changes_no_digit(users):
    x, y, _, start = users
    plain, scaled = variables_of(start[0]), variables_of(start[0])
    adapt_two_parts(plain, AdamMoments(plain), x[0], y[0])
    adapt_two_parts(scaled, AdamMoments(scaled), x[0], y[0], loss_scale=2.0**10)
    np.testing.assert_array_equal(tf.concat(scaled, 0), tf.concat(plain, 0))


def test_each_variable_has_its_rate(users):
    x, y, _, start = users
    variables = variables_of(start[0])

    def loss(step):
        scores = tf.linalg.matvec(tf.constant(x[0]), tf.concat(variables, 0))
        return tf.reduce_mean(tf.square(scores - y[0]))

    adapt_variables(variables, AdamMoments(variables), loss, steps=1, rates=[0.5, 0.25])
    moved = np.abs(tf.concat(variables, 0) - start[0])
    # Adam's first step is the rate itself, whatever the gradient.
    np.testing.assert_allclose(moved, [0.5, 0.25, 0.25, 0.25], rtol=1e-6)


def test_losses_before_each_step_are_returned(users):
    x, y, _, start = users
    variables = variables_of(start[0])
    losses = adapt_two_parts(variables, AdamMoments(variables), x[0], y[0])
    assert losses.shape == [STEPS]
    first = np.mean((x[0] @ start[0] - y[0]) ** 2)
    np.testing.assert_allclose(losses[0], first, rtol=1e-6)


def test_a_variable_the_loss_ignores_is_refused():
    variables = [tf.Variable(1.0, name="used"), tf.Variable(1.0, name="ignored")]
    with pytest.raises(ValueError, match=r"Got no gradient for \['ignored:0'\]"):
        adapt_variables(
            variables,
            AdamMoments(variables),
            lambda step: variables[0] ** 2,
            steps=1,
            rates=[RATE, RATE],
        )


def test_gradients_that_are_there_pass():
    assert check_gradients([tf.constant(0.0)], [tf.Variable(0.0)]) is None
