import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.training.sgdw import SGDW

FALLING = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5, staircase=True)


def steps(optimizer, variable, number=5):
    for step in range(number):
        gradient = tf.sin(variable) + 0.1 * step
        optimizer.apply_gradients([(gradient, variable)])
    return variable.numpy()


def start():
    return tf.Variable(np.linspace(-1, 1, 7), dtype=tf.float32, name="w")


@pytest.fixture(scope="module")
def addons():
    return pytest.importorskip("tensorflow_addons").optimizers


@pytest.mark.parametrize("rate", [0.1, FALLING], ids=["constant", "schedule"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.03])
def test_it_steps_as_tensorflow_addons_does(addons, rate, weight_decay):
    ours = steps(SGDW(weight_decay, rate, momentum=0.9), start())
    theirs = steps(addons.SGDW(weight_decay, rate, momentum=0.9), start())
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("begun_with_ours", [True, False])
def test_a_run_goes_on_with_the_other(addons, begun_with_ours, tmp_path):
    classes = (SGDW, addons.SGDW) if begun_with_ours else (addons.SGDW, SGDW)
    begun, variable = classes[0](0.03, FALLING, momentum=0.9), start()
    steps(begun, variable, 3)
    path = tf.train.Checkpoint(v=variable, o=begun).save(str(tmp_path / "c"))
    expected = steps(begun, variable)
    on, restored = classes[1](0.03, FALLING, momentum=0.9), start()
    on._create_all_weights([restored])
    tf.train.Checkpoint(v=restored, o=on).restore(path).assert_consumed()
    np.testing.assert_array_equal(steps(on, restored), expected)


def test_it_decays_as_keras_does_at_a_constant_rate():
    keras = tf.keras.optimizers.experimental.SGD(0.1, momentum=0.9, weight_decay=0.3)
    np.testing.assert_allclose(
        steps(SGDW(0.03, 0.1, momentum=0.9), start()),
        steps(keras, start()),
        rtol=1e-6,
    )


def test_its_configuration_makes_it_again():
    optimizer = SGDW.from_config(SGDW(0.03, FALLING, momentum=0.9).get_config())
    np.testing.assert_array_equal(
        steps(optimizer, start()), steps(SGDW(0.03, FALLING, momentum=0.9), start())
    )


def test_a_sparse_gradient_is_refused():
    variable = tf.Variable(tf.ones([3, 1]), name="table")
    gradient = tf.IndexedSlices(tf.ones([1, 1]), [0], [3, 1])
    with pytest.raises(NotImplementedError, match=r"a sparse one for table:0"):
        SGDW(0.03, 0.1, momentum=0.9).apply_gradients([(gradient, variable)])
