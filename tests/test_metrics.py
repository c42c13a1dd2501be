import math

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf import metrics
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

PAIRED = [
    metrics.srocc,
    metrics.plcc,
    lambda p, t: metrics.accuracy(p, t, threshold=3),
]


def naive_ranks(scores):
    """Average rank of each score: those below, plus the middle of its equals."""
    return [
        sum(s < score for s in scores) + (sum(s == score for s in scores) + 1) / 2
        for score in scores
    ]


def naive_correlation(a, b):
    a, b = np.asarray(a, float), np.asarray(b, float)
    a, b = a - a.mean(), b - b.mean()
    return sum(a * b) / math.sqrt(sum(a * a) * sum(b * b))


def random_scores(seed, count=24):
    random = np.random.default_rng(seed)
    true = random.uniform(1, 5, count)
    return true + random.normal(0, 1, count), true


def random_distributions(seed, rows=8, bins=10):
    return np.random.default_rng(seed).dirichlet(np.ones(bins), rows)


def test_srocc_follows_the_rank_difference_formula():
    predicted, true = [1, 2, 3, 4, 5], [2, 1, 4, 5, 3]
    squares = sum((p - t) ** 2 for p, t in zip(predicted, true))
    n = len(true)
    expected = 1 - 6 * squares / (n * (n**2 - 1))
    assert metrics.srocc(predicted, true) == pytest.approx(expected, abs=1e-12)


def test_srocc_gives_ties_their_average_rank():
    predicted, true = [3, 1, 3, 2, 3, 1], [5, 4, 4, 1, 2, 2]
    expected = naive_correlation(naive_ranks(predicted), naive_ranks(true))
    assert metrics.srocc(predicted, true) == pytest.approx(expected, abs=1e-12)


def test_srocc_sees_order_only():
    _, true = random_scores(0)
    assert metrics.srocc(np.exp(true), true) == pytest.approx(1, abs=1e-12)


def test_plcc_equals_a_naive_sum():
    predicted, true = random_scores(1)
    expected = naive_correlation(predicted, true)
    assert metrics.plcc(predicted, true) == pytest.approx(expected, abs=1e-12)


def test_plcc_of_a_line_is_its_direction():
    _, true = random_scores(2)
    assert metrics.plcc(7 - 2 * true, true) == pytest.approx(-1, abs=1e-12)


@pytest.mark.parametrize("correlation", [metrics.srocc, metrics.plcc])
@pytest.mark.parametrize(
    ("predicted", "true"),
    [([2, 2, 2], [1, 2, 3]), ([1, 2, 3], [4, 4, 4]), ([0.1] * 3, [0.3] * 3)],
)
def test_constant_scores_rank_nothing(correlation, predicted, true):
    assert correlation(predicted, true) == 0.0


def test_accuracy_counts_a_score_at_the_threshold_as_low():
    middle = RatingRange(1, 5).middle
    predicted, true = [3.0, 3.0, 3.1, 5.0], [1.0, 4.0, 5.0, 2.0]
    right = [True, False, True, False]
    assert metrics.accuracy(predicted, true, middle) == sum(right) / len(right)


@pytest.mark.parametrize("r", [1, 2])
def test_emd_equals_a_naive_sum(r):
    p, q = random_distributions(0), random_distributions(1)
    expected = [
        (sum(abs(sum(a[: n + 1]) - sum(b[: n + 1])) ** r for n in range(10)) / 10)
        ** (1 / r)
        for a, b in zip(p, q)
    ]
    np.testing.assert_allclose(metrics.emd(p, q, r), expected, rtol=1e-12)


def test_emd_of_opposite_ends_counts_every_bin_but_the_last():
    ends = np.eye(10)[[0, 9]]
    assert metrics.emd(ends[:1], ends[1:], r=1)[0] == pytest.approx(9 / 10)
    assert metrics.emd(ends[:1], ends[1:], r=2)[0] == pytest.approx(math.sqrt(9 / 10))


def test_mean_emd_is_the_mean_over_images():
    p, q = random_distributions(2), random_distributions(3)
    expected = sum(metrics.emd(p, q)) / len(p)
    assert metrics.mean_emd(p, q) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("correlation", [metrics.srocc, metrics.plcc])
def test_one_score_has_no_correlation(correlation):
    with pytest.raises(InputError, match=r"At least 2 scores are needed\. Got 1"):
        correlation([1.0], [2.0])


def test_no_scores_have_no_accuracy():
    with pytest.raises(InputError, match=r"At least 1 scores are needed\. Got 0"):
        metrics.accuracy([], [], threshold=3)


@pytest.mark.parametrize("metric", PAIRED)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_named(metric, value):
    with pytest.raises(InputError, match=rf"Predicted .* Got {value} at index 1"):
        metric([1, value, 2], [1, 2, 3])
    with pytest.raises(InputError, match=rf"True .* Got {value} at index 2"):
        metric([1, 2, 3], [1, 2, value])


@pytest.mark.parametrize("metric", PAIRED)
def test_scores_of_different_shapes_are_refused(metric):
    with pytest.raises(InputError, match=r"one shape\. Got \(3,\) and \(2,\)"):
        metric([1, 2, 3], [1, 2])


@pytest.mark.parametrize("metric", PAIRED)
def test_a_table_of_scores_is_refused(metric):
    with pytest.raises(InputError, match=r"the shape \[N\]\. Got \(3, 1\)"):
        metric([[1], [2], [3]], [[1], [2], [3]])


@pytest.mark.parametrize("row", [[2.0, 3.0], [0.5, 0.4], [-0.5, 1.5], [math.nan, 1.0]])
def test_a_row_that_is_no_distribution_is_named(row):
    good = [[0.5, 0.5], [1.0, 0.0]]
    with pytest.raises(InputError, match=r"sum to one\. Got row 1"):
        metrics.emd(good, [[0.5, 0.5], row])


def test_distributions_of_different_bins_are_refused():
    with pytest.raises(InputError, match=r"one shape\. Got \(1, 2\) and \(1, 3\)"):
        metrics.emd([[0.5, 0.5]], [[0.5, 0.5, 0.0]])


@pytest.mark.parametrize("rows", [[0.5, 0.5], np.zeros([0, 3])])
def test_what_is_no_table_of_distributions_is_refused(rows):
    with pytest.raises(InputError, match=r"must be \[N, bins\]"):
        metrics.emd(rows, rows)


@pytest.mark.parametrize("r", [0.5, math.nan])
def test_an_order_below_one_is_refused_by_every_emd(r):
    with pytest.raises(InputError, match=r"r must be >= 1\. Got"):
        metrics.emd([[1.0]], [[1.0]], r=r)
    with pytest.raises(InputError, match=r"r must be >= 1\. Got"):
        metrics.MeanEMD(r=r)


def test_a_threshold_that_is_no_number_is_refused():
    with pytest.raises(InputError, match=r"threshold must be finite\. Got nan"):
        metrics.accuracy([1], [1], threshold=math.nan)
    with pytest.raises(InputError, match=r"threshold must be finite\. Got nan"):
        metrics.BinaryQuality(threshold=math.nan)


# A streaming metric, its inputs (predicted, true) and the value it must reach.
SCORES = random_scores(5)
DISTRIBUTIONS = random_distributions(6), random_distributions(7)
STREAMING = [
    pytest.param(
        lambda: metrics.BinaryQuality(3),
        *SCORES,
        metrics.accuracy(*SCORES, 3),
        id="acc",
    ),
    pytest.param(metrics.PLCC, *SCORES, metrics.plcc(*SCORES), id="plcc"),
    pytest.param(
        metrics.MeanEMD, *DISTRIBUTIONS, metrics.mean_emd(*DISTRIBUTIONS), id="emd"
    ),
    pytest.param(
        lambda: metrics.MeanEMD(r=2),
        *DISTRIBUTIONS,
        metrics.mean_emd(*DISTRIBUTIONS, 2),
        id="emd_r2",
    ),
]


@pytest.mark.parametrize(("create", "predicted", "true", "expected"), STREAMING)
def test_one_batch_equals_unequal_parts_and_the_function(
    create, predicted, true, expected
):
    whole, parts = create(), create()
    whole.update_state(true, predicted)
    parts.update_state(true[:3], predicted[:3])
    parts.update_state(true[3:], predicted[3:])
    assert float(whole.result()) == pytest.approx(expected, abs=1e-12)
    assert float(parts.result()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("create", "predicted", "true", "expected"), STREAMING)
def test_two_replicas_add_up(create, predicted, true, expected, two_devices):
    with two_devices.scope():
        metric = create()
    batches = tf.data.Dataset.from_tensor_slices((true, predicted)).batch(4)

    @tf.function
    def step(batch):
        two_devices.run(metric.update_state, args=batch)

    for batch in two_devices.experimental_distribute_dataset(batches):
        step(batch)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("create", "predicted", "true", "expected"), STREAMING)
def test_weight_zero_leaves_a_sample_out(create, predicted, true, expected):
    metric = create()
    metric.update_state(
        np.concatenate([true, true[:2]]),
        np.concatenate([predicted, predicted[-2:]]),
        sample_weight=[1] * len(true) + [0, 0],
    )
    assert float(metric.result()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("create", "predicted", "true", "expected"), STREAMING)
def test_reset_forgets(create, predicted, true, expected):
    metric = create()
    metric.update_state(true, predicted[::-1])
    metric.reset_state()
    assert float(metric.result()) == 0.0
    metric.update_state(true, predicted)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (metrics.BinaryQuality, {"threshold": 2.5, "name": "high"}),
        (metrics.PLCC, {"dtype": "float32"}),
        (metrics.MeanEMD, {"r": 2, "name": "emd2"}),
    ],
)
def test_a_metric_is_rebuilt_from_its_config(kind, arguments):
    metric = kind(**arguments)
    described = tf.keras.metrics.serialize(metric)
    rebuilt = tf.keras.metrics.deserialize(described)
    assert type(rebuilt) is type(metric)
    assert rebuilt.get_config() == metric.get_config()
    assert arguments.items() <= rebuilt.get_config().items()


def test_a_compiled_model_reports_its_metrics():
    predicted, true = SCORES
    image = tf.keras.Input([1], name="image")
    model = tf.keras.Model(image, tf.keras.layers.Activation("linear")(image))
    model.compile(loss="mse", metrics=[metrics.PLCC(), metrics.BinaryQuality(3)])
    report = model.evaluate(predicted, true, batch_size=7, verbose=0, return_dict=True)
    assert report["plcc"] == pytest.approx(metrics.plcc(predicted, true), abs=1e-6)
    assert report["acc"] == pytest.approx(metrics.accuracy(predicted, true, 3))


def test_half_precision_predictions_count_as_they_are_rounded():
    predicted, true = SCORES
    rounded = tf.cast(predicted, tf.bfloat16)
    metric = metrics.PLCC()
    metric.update_state(true, rounded)
    expected = metrics.plcc(rounded.numpy().astype(float), true)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("constant", [0.0, 0.1, 123.456])
def test_streamed_constant_scores_rank_nothing(constant):
    metric = metrics.PLCC()
    for _ in range(7):
        metric.update_state(np.random.default_rng(0).normal(size=9), [constant] * 9)
    assert float(metric.result()) == 0.0


def test_a_small_spread_far_from_zero_keeps_its_correlation():
    predicted, true = SCORES
    metric = metrics.PLCC()
    metric.update_state(true, 1000 + predicted / 10)
    expected = metrics.plcc(predicted, true)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-7)


def test_a_streamed_score_that_is_no_number_is_seen_in_the_result():
    metric = metrics.PLCC()
    metric.update_state([1.0, 2.0, 3.0], [1.0, math.nan, 3.0])
    assert math.isnan(float(metric.result()))


@pytest.mark.parametrize("create", [metrics.PLCC, lambda: metrics.BinaryQuality(3)])
def test_a_batch_without_a_true_score_each_is_refused(create):
    metric = create()
    with pytest.raises(tf.errors.InvalidArgumentError, match="one true score"):
        metric.update_state([1.0], [1.0, 2.0])
