import numpy as np
import pytest
import tensorflow as tf

from piaa_tf import losses
from piaa_tf.errors import InputError

LOSSES = [
    losses.distribution_loss,
    losses.trait_loss,
    losses.rating_loss,
    losses.emd_loss,
]


def random_distributions(seed, rows=5, bins=10):
    return np.random.default_rng(seed).dirichlet(np.ones(bins), rows)


def naive_emd(p, q, r):
    distance = 0.0
    for n in range(len(p)):
        distance += abs(sum(p[: n + 1]) - sum(q[: n + 1])) ** r
    return (distance / len(p)) ** (1 / r)


def test_distribution_loss_is_the_mean_square_over_bins():
    predicted = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]
    true = [[0.1, 0.5, 0.4], [0.0, 0.0, 1.0]]
    expected = [(0.1**2 + 0.2**2 + 0.1**2) / 3, (1 + 0 + 1) / 3]
    np.testing.assert_allclose(
        losses.distribution_loss(predicted, true), expected, rtol=1e-6
    )


def test_distribution_loss_averages_to_the_formula_of_the_slides():
    predicted, true = random_distributions(0), random_distributions(1)
    images, bins = true.shape
    l_a = 0.0
    for i in range(images):
        for n in range(bins):
            l_a += (predicted[i, n] - true[i, n]) ** 2 / images / bins
    mean = tf.reduce_mean(losses.distribution_loss(predicted, true))
    np.testing.assert_allclose(mean, l_a, rtol=1e-12)


def test_trait_loss_averages_to_the_formula_of_the_slides():
    users, images = 3, 4
    random = np.random.default_rng(0)
    predicted = random.uniform(-1, 1, [users, images, 5])
    true = random.uniform(-1, 1, [users, 5])
    l_p = 0.0
    for u in range(users):
        for m in range(images):
            for i in range(5):
                l_p += (predicted[u, m, i] - true[u, i]) ** 2 / 5 / users / images
    per_image = losses.trait_loss(
        predicted.reshape([-1, 5]), np.repeat(true, images, axis=0)
    )
    np.testing.assert_allclose(np.mean(per_image), l_p, rtol=1e-12)


def test_trait_loss_divides_by_the_five_traits():
    predicted, true = [[1.0, 0, 0, 0, -1.0]], [[-1.0, 0, 0, 0, 0.5]]
    np.testing.assert_allclose(
        losses.trait_loss(predicted, true), [(2**2 + 1.5**2) / 5], rtol=1e-6
    )


def test_rating_loss_is_the_squared_error():
    np.testing.assert_allclose(
        losses.rating_loss([3.0, 1.5], [5.0, 1.0]), [2.0**2, 0.5**2], rtol=1e-6
    )


def test_rating_loss_has_the_slope_of_a_square():
    predicted = tf.constant([3.0, 1.5])
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        loss = losses.rating_loss(predicted, tf.constant([5.0, 1.0]))
    np.testing.assert_allclose(
        tape.gradient(loss, predicted), [2 * (3 - 5), 2 * (1.5 - 1)], rtol=1e-6
    )


@pytest.mark.parametrize("r", [1, 1.5, 2, 3])
def test_emd_loss_equals_a_naive_sum(r):
    p, q = random_distributions(2), random_distributions(3)
    expected = [naive_emd(a, b, r) for a, b in zip(p, q)]
    np.testing.assert_allclose(losses.emd_loss(p, q, r=r), expected, rtol=1e-9)


def test_emd_loss_grows_with_the_way_the_mass_moves():
    start = [[1.0, 0, 0, 0]]
    one, two = (losses.emd_loss(start, [end], r=1) for end in np.eye(4)[[1, 2]])
    np.testing.assert_allclose([one[0], two[0]], [1 / 4, 2 / 4], rtol=1e-6)


@pytest.mark.parametrize("r", [1, 1.5, 2])
def test_emd_loss_has_no_slope_where_the_distributions_agree(r):
    true = tf.constant([[0.25, 0.5, 0.25]])
    with tf.GradientTape() as tape:
        tape.watch(true)
        loss = losses.emd_loss(true, tf.constant([[0.25, 0.5, 0.25]]), r=r)
    assert loss.numpy().tolist() == [0.0]
    assert tape.gradient(loss, true).numpy().tolist() == [[0.0, 0.0, 0.0]]


def test_emd_loss_has_the_slope_that_differences_show():
    p, q = random_distributions(4, rows=1), random_distributions(5, rows=1)
    predicted = tf.constant(p)
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        loss = losses.emd_loss(predicted, tf.constant(q))
    step = 1e-6
    slopes = [
        (naive_emd(p[0] + step * e, q[0], 2) - naive_emd(p[0] - step * e, q[0], 2))
        / (2 * step)
        for e in np.eye(10)
    ]
    np.testing.assert_allclose(tape.gradient(loss, predicted)[0], slopes, atol=1e-8)


def test_agreement_beside_difference_leaves_every_slope_finite():
    predicted = tf.constant([[0.5, 0.5], [0.2, 0.8]])
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        loss = tf.reduce_sum(losses.emd_loss(predicted, [[0.5, 0.5], [0.8, 0.2]]))
    assert np.all(np.isfinite(tape.gradient(loss, predicted)))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_prediction_that_is_no_number_has_no_loss(loss):
    assert np.all(np.isnan(loss([[np.nan] * 5], [[0.2] * 5])))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_gives_the_float32_loss_of_the_rounded_values(loss, dtype):
    predicted, true = random_distributions(6, bins=5), random_distributions(7, bins=5)
    rounded = tf.cast(predicted, dtype)
    result = loss(rounded, tf.constant(true, tf.float32))
    assert result.dtype == tf.float32
    expected = loss(tf.cast(rounded, tf.float32), true)
    np.testing.assert_allclose(result, expected, rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_float64_keeps_its_digits(loss):
    p = tf.constant(random_distributions(8, bins=5))
    assert loss(p, p).dtype == tf.float64


@pytest.mark.parametrize("loss", LOSSES)
def test_true_values_follow_the_precision_of_the_prediction(loss):
    p = random_distributions(9, bins=5)
    assert loss(p.astype(np.float32), p).dtype == tf.float32


@pytest.mark.parametrize("loss", [losses.distribution_loss, losses.trait_loss])
def test_one_loss_a_sample(loss):
    p, q = random_distributions(10, bins=5), random_distributions(11, bins=5)
    assert loss(p, q).shape == [5]
    np.testing.assert_allclose(loss(p, q)[2:3], loss(p[2:3], q[2:3]), rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_graph_equals_eager(loss):
    p, q = random_distributions(12, bins=5), random_distributions(13, bins=5)
    np.testing.assert_allclose(tf.function(loss)(p, q), loss(p, q), rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_shapes_that_would_broadcast_are_refused(loss):
    with pytest.raises(ValueError, match=r"one shape\. Got \(3, 1\) and \(3,\)"):
        loss(tf.zeros([3, 1]), tf.zeros([3]))


def test_other_than_five_traits_are_refused():
    with pytest.raises(ValueError, match=r"must have 5 entries\. Got shape \(2, 4\)"):
        losses.trait_loss(tf.zeros([2, 4]), tf.zeros([2, 4]))


@pytest.mark.parametrize("r", [0.5, 0, -1, np.nan])
def test_an_order_below_one_is_refused(r):
    with pytest.raises(InputError, match=r"r must be >= 1\. Got"):
        losses.emd_loss([[1.0]], [[1.0]], r=r)


def naive_ranking(predicted, true, margin):
    rows = []
    for own, own_true in zip(predicted, true):
        hinges = [
            max(0.0, margin - (own - other) * (1 if own_true > other_true else -1))
            for other, other_true in zip(predicted, true)
            if own_true != other_true
        ]
        rows.append(np.mean(hinges) if hinges else 0.0)
    return rows


def test_ranking_loss_equals_a_naive_loop_with_ties():
    generator = np.random.default_rng(0)
    predicted = generator.normal(size=12)
    true = generator.integers(0, 4, 12).astype(float)
    np.testing.assert_allclose(
        losses.ranking_loss(predicted, true, margin=0.3),
        naive_ranking(predicted, true, 0.3),
        rtol=1e-9,
    )


def test_ranking_loss_is_zero_for_the_right_order_with_room_and_for_no_order():
    right = losses.ranking_loss([1.0, 2.0, 3.0], [0.1, 0.2, 0.3], margin=0.9)
    np.testing.assert_array_equal(right, [0, 0, 0])
    np.testing.assert_array_equal(
        losses.ranking_loss([1.0, 2.0], [3.0, 3.0], 1), [0, 0]
    )


def test_ranking_loss_refuses_no_margin():
    with pytest.raises(InputError, match=r"margin must be > 0. Got 0"):
        losses.ranking_loss([1.0], [1.0], margin=0)
