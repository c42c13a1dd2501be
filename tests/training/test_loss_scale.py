import numpy as np
import tensorflow as tf

from piaa_tf.training.loss_scale import FACTOR, GROWTH_STEPS, INITIAL, LossScale


def unscale(scale, values):
    gradients, finite = scale.unscale([tf.constant(v) for v in values])
    return [g.numpy().tolist() for g in gradients], bool(finite)


def test_finite_gradients_lose_the_scale():
    scale = LossScale()
    gradients, finite = unscale(scale, [[INITIAL, -2 * INITIAL], [0.0]])
    assert gradients == [[1.0, -2.0], [0.0]]
    assert finite


def test_one_bad_number_zeroes_the_whole_step():
    gradients, finite = unscale(LossScale(), [[1.0, np.inf], [3.0]])
    assert gradients == [[0.0, 0.0], [0.0]]
    assert not finite


def test_a_bad_replica_zeroes_the_step_of_all(two_devices):
    with two_devices.scope():
        scale = LossScale()

    def replica():
        context = tf.distribute.get_replica_context()
        is_second = tf.cast(context.replica_id_in_sync_group, tf.float32)
        return scale.unscale([tf.constant(1.0) / (1.0 - is_second)])

    gradients, finite = two_devices.run(tf.function(replica))
    assert [float(g) for g in two_devices.experimental_local_results(gradients[0])] == [
        0.0,
        0.0,
    ]
    assert [bool(f) for f in two_devices.experimental_local_results(finite)] == [
        False
    ] * 2


def test_the_scale_halves_after_a_bad_step_and_doubles_after_many_good_ones():
    scale = LossScale()
    scale.update(tf.constant(False))
    assert scale.scale.numpy() == INITIAL / FACTOR
    scale.good_steps.assign(GROWTH_STEPS - 1)
    scale.update(tf.constant(True))
    assert scale.scale.numpy() == INITIAL
    assert scale.good_steps.numpy() == 0


def test_the_scale_stays_at_least_one():
    scale = LossScale()
    scale.scale.assign(1.0)
    scale.update(tf.constant(False))
    assert scale.scale.numpy() == 1.0
