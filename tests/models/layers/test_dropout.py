import threading

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.models.layers.dropout import StatelessDropout, dropout_key


def drop(layer, key, shape=(4, 64)):
    with dropout_key(key):
        return layer(tf.ones(shape), training=True).numpy()


def test_the_same_key_gives_the_same_mask_in_another_layer_object_of_that_name():
    first, second = (StatelessDropout(0.5, name="thin") for _ in range(2))
    np.testing.assert_array_equal(drop(first, [3, 4]), drop(second, [3, 4]))


def test_another_key_gives_another_mask():
    layer = StatelessDropout(0.5, name="thin")
    assert (drop(layer, [3, 4]) != drop(layer, [3, 5])).any()
    assert (drop(layer, [3, 4]) != drop(layer, [2, 4])).any()


def test_another_layer_name_gives_another_mask():
    masks = [drop(StatelessDropout(0.5, name=name), [3, 4]) for name in ("a", "b")]
    assert (masks[0] != masks[1]).any()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_rate_is_the_share_dropped_and_the_rest_is_scaled_up(rate):
    size = 100_000
    out = drop(StatelessDropout(rate, name="thin"), [1, 2], (size,))
    # Five standard deviations of a binomial share.
    slack = 5 * np.sqrt(rate * (1 - rate) / size)
    assert abs((out == 0).mean() - rate) < slack
    np.testing.assert_allclose(out[out != 0], 1 / (1 - rate), rtol=1e-6)


@pytest.mark.parametrize("training", [False, None])
def test_outside_training_it_is_the_identity_and_needs_no_key(training):
    x = tf.random.normal([3, 5])
    out = StatelessDropout(0.5, name="thin")(x, training=training)
    np.testing.assert_array_equal(out, x)


def test_a_rate_of_zero_needs_no_key():
    np.testing.assert_array_equal(
        StatelessDropout(0, name="thin")(tf.ones([2, 3]), training=True), 1
    )


def test_it_has_no_variables():
    model = tf.keras.Sequential([StatelessDropout(0.5, name="thin")])
    model.build([None, 4])
    assert model.weights == []
    assert model.get_weights() == []


def test_a_missing_key_says_what_to_do():
    with pytest.raises(ValueError, match=r"'thin' needs a key .* `with dropout_key"):
        StatelessDropout(0.5, name="thin")(tf.ones([2, 3]), training=True)


def test_a_key_ends_with_its_context():
    layer = StatelessDropout(0.5, name="thin")
    drop(layer, [0, 1])
    with pytest.raises(ValueError, match="needs a key"):
        layer(tf.ones([2, 3]), training=True)


def test_a_key_belongs_to_its_thread():
    errors = []

    def other():
        try:
            StatelessDropout(0.5, name="thin")(tf.ones([2, 3]), training=True)
        except ValueError as error:
            errors.append(str(error))

    with dropout_key([1, 2]):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(errors) == 1


def test_the_innermost_key_counts():
    layer = StatelessDropout(0.5, name="thin")
    with dropout_key([9, 9]):
        np.testing.assert_array_equal(drop(layer, [1, 2]), drop(layer, [1, 2]))
        inner = drop(layer, [1, 2])
        outer = layer(tf.ones([4, 64]), training=True).numpy()
    np.testing.assert_array_equal(outer, drop(layer, [9, 9]))
    assert (inner != outer).any()


@pytest.mark.parametrize("key", [[1], [1.0, 2.0], [[1, 2]]])
def test_a_key_that_is_no_pair_of_integers_is_refused(key):
    with (
        pytest.raises(ValueError, match=r"int32 or int64 of shape \[2\]. Got"),
        dropout_key(key),
    ):
        pass


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_a_rate_outside_the_unit_interval_is_refused(rate):
    with pytest.raises(InputError, match=r"must be in \[0, 1\). Got"):
        StatelessDropout(rate, name="thin")


def test_in_a_graph_loop_each_step_draws_the_mask_of_its_eager_key():
    layer = StatelessDropout(0.5, name="thin")

    @tf.function
    def loop(seed):
        masks = tf.TensorArray(tf.float32, 3)
        for step in tf.range(3):
            with dropout_key(tf.random.experimental.stateless_fold_in(seed, step)):
                masks = masks.write(step, layer(tf.ones([4, 64]), training=True))
        return masks.stack()

    seed = tf.constant([5, 6])
    eager = [
        drop(layer, tf.random.experimental.stateless_fold_in(seed, step))
        for step in range(3)
    ]
    np.testing.assert_array_equal(loop(seed), eager)
    assert (eager[0] != eager[1]).any()


def test_the_gradient_is_the_mask_itself():
    layer = StatelessDropout(0.5, name="thin")
    x = tf.Variable(tf.random.stateless_normal([4, 64], [0, 0]))
    with tf.GradientTape() as tape, dropout_key([1, 2]):
        total = tf.reduce_sum(layer(x, training=True))
    np.testing.assert_array_equal(tape.gradient(total, x), drop(layer, [1, 2]))


def test_a_noise_shape_drops_whole_rows():
    layer = StatelessDropout(0.5, noise_shape=(None, 1, 1, 1), name="depth")
    out = drop(layer, [1, 2], (32, 2, 3, 4)).reshape(32, -1)
    assert set(np.unique(out)) == {0.0, 2.0}
    assert (out == out[:, :1]).all()


def test_a_model_with_it_survives_saving(tmp_path):
    image = tf.keras.Input([8], name="image")
    layer = StatelessDropout(0.25, noise_shape=(None, 1), name="thin")
    tf.keras.Model(image, layer(image)).save(tmp_path / "model.keras")
    loaded = tf.keras.models.load_model(tmp_path / "model.keras").get_layer("thin")
    assert loaded.get_config() == layer.get_config()
    np.testing.assert_array_equal(
        drop(loaded, [1, 2], (4, 8)), drop(layer, [1, 2], (4, 8))
    )


def test_the_saved_model_format_is_written_under_any_key(tmp_path):
    image = tf.keras.Input([8], name="image")
    model = tf.keras.Model(image, StatelessDropout(0.25, name="thin")(image))
    with dropout_key([0, 0]):
        tf.saved_model.save(model, str(tmp_path))
    served = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    np.testing.assert_array_equal(served(image=tf.ones([2, 8]))["thin"], 1)
