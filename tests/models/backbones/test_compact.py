import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.models.backbones import compact


@pytest.fixture(scope="module")
def model():
    return compact.build(image_size=64)


def photos(num, size, seed=0):
    values = np.random.default_rng(seed).uniform(0, 255, (num, size, size, 3))
    return tf.constant(values, tf.float32)


@pytest.mark.parametrize("size", [48, 50, 96, 160])
def test_any_image_size_gives_as_many_features(size):
    built = compact.build(image_size=size)
    assert built.output_shape == (None, compact.FEATURE_SIZE)
    assert np.isfinite(built(photos(1, size))).all()


def test_features_are_the_averages_and_the_grid(model):
    assert compact.FEATURE_SIZE == 128 + 4 * 4 * 8
    assert model.output_shape == (None, compact.FEATURE_SIZE)


def test_it_has_between_a_tenth_and_a_third_of_a_million_parameters(model):
    assert 100_000 < model.count_params() < 300_000


def test_weights_do_not_depend_on_the_image_size(model):
    shapes = [w.shape for w in model.get_weights()]
    other = compact.build(image_size=96).get_weights()
    assert shapes == [w.shape for w in other]


def test_every_variable_has_its_own_name(model):
    names = [variable.name for variable in model.weights]
    assert len(set(names)) == len(names)


def test_input_and_output_have_their_names(model):
    assert model.name == "compact"
    assert model.input_names == ["image"]
    assert model.output_names == ["features"]


def test_where_a_subject_is_changes_the_grid_but_hardly_the_averages(model):
    left = np.zeros([1, 64, 64, 3], np.float32)
    left[:, 24:40, 16:32] = 255
    right = np.roll(left, 16, axis=2)
    moved = np.abs(model(left) - model(right)).reshape(-1)
    what, where = moved[:128], moved[128:]
    # 16 px are whole cells of every stride, so the averages move by what the padding
    # at the border adds alone.
    assert where.max() > 0.01
    assert what.max() < 0.1 * where.max()


def test_mixed_precision_gives_float32_features(mixed_bfloat16):
    model = compact.build(image_size=48)
    assert model.get_layer("stem").compute_dtype == "bfloat16"
    assert model(photos(2, 48)).dtype == tf.float32
    assert all(v.dtype == tf.float32 for v in model.variables)


@pytest.fixture
def mixed_bfloat16():
    before = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    tf.keras.mixed_precision.set_global_policy(before)


def test_it_learns_where_a_bright_spot_is():
    tf.keras.utils.set_random_seed(0)
    model = compact.build(image_size=48)
    head = tf.keras.layers.Dense(1)
    generator = np.random.default_rng(0)
    columns = generator.integers(0, 40, 64)
    images = generator.uniform(0, 60, (64, 48, 48, 3)).astype(np.float32)
    for image, column in zip(images, columns):
        image[20:28, column : column + 8] = 255
    places = tf.constant(columns / 20.0 - 1, tf.float32)[:, None]
    optimizer = tf.keras.optimizers.Adam(3e-3)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((head(model(images, training=True)) - places) ** 2)
        variables = model.trainable_variables + head.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    head(model(images[:1]))
    optimizer.build(model.trainable_variables + head.trainable_variables)
    losses = [float(step()) for _ in range(40)]
    assert losses[-1] < 0.1 * np.var(places)


def test_a_file_keeps_what_it_computes(tmp_path):
    model = compact.build(image_size=64)
    for variable in model.variables:
        variable.assign_add(
            0.1 * tf.random.stateless_uniform(variable.shape, [1, 2], 0.0, 1.0)
        )
    model.save(tmp_path / "compact.keras")
    loaded = tf.keras.models.load_model(tmp_path / "compact.keras")
    np.testing.assert_array_equal(loaded(photos(2, 64)), model(photos(2, 64)))
