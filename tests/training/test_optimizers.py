import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.training.optimizers import PartOptimizer, make_optimizer, make_schedule


def constant(rate):
    return make_schedule("exponential", rate, decay=1.0, steps_per_epoch=1, steps=1)


def test_the_exponential_schedule_falls_after_each_epoch():
    schedule = make_schedule("exponential", 1e-4, decay=0.9, steps_per_epoch=5, steps=9)
    np.testing.assert_allclose(
        [schedule(step).numpy() for step in (0, 4, 5, 10)],
        [1e-4, 1e-4, 1e-4 * 0.9, 1e-4 * 0.9**2],
        rtol=1e-6,
    )


def test_the_cosine_schedule_ends_at_zero():
    schedule = make_schedule("cosine", 2e-3, decay=0.9, steps_per_epoch=5, steps=20)
    np.testing.assert_allclose(
        [schedule(step).numpy() for step in (0, 10, 20)], [2e-3, 1e-3, 0], atol=1e-9
    )


def test_sgdw_is_momentum_with_decoupled_decay():
    rate, decay, steps = 0.1, 0.01, 4
    w, velocity = 1.0, 0.0
    for _ in range(steps):
        gradient = 2 * w
        w *= 1 - decay
        velocity = 0.9 * velocity - rate * gradient
        w += velocity
    variable = tf.Variable(1.0)
    optimizer = make_optimizer("sgdw", constant(rate), weight_decay=decay)
    for _ in range(steps):
        optimizer.apply_gradients([(2 * variable, variable)])
    np.testing.assert_allclose(variable.numpy(), w, rtol=1e-5)


def apply_once(strategy):
    """Each part's gradient is 1 on replica 0, 10 on replica 1, for three parts."""
    with strategy.scope():
        variables = [tf.Variable(0.0, name=name) for name in "abc"]
        rates = (1.0, 0.1, 0.01)
        optimizer = PartOptimizer(
            [
                (make_optimizer("sgdw", constant(rate), weight_decay=0.0), [variable])
                for rate, variable in zip(rates, variables)
            ]
        )

    @tf.function
    def step():
        def replica():
            context = tf.distribute.get_replica_context()
            is_second = tf.cast(context.replica_id_in_sync_group, tf.float32)
            optimizer.apply([1.0 + 9.0 * is_second] * 3)

        strategy.run(replica)

    step()
    return [variable.numpy() for variable in variables]


def test_each_part_has_its_rate_and_the_sum_over_replicas(two_devices):
    np.testing.assert_allclose(apply_once(two_devices), [-11.0, -1.1, -0.11], rtol=1e-6)


def test_one_replica_applies_its_own_gradient():
    np.testing.assert_allclose(
        apply_once(tf.distribute.OneDeviceStrategy("/CPU:0")),
        [-1.0, -0.1, -0.01],
        rtol=1e-6,
    )


def test_slots_of_every_part_are_in_a_checkpoint(tmp_path):
    def make():
        variables = [tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")]
        parts = [
            (make_optimizer("adam", constant(0.1), weight_decay=0.0), [v])
            for v in variables
        ]
        return variables, PartOptimizer(parts)

    variables, optimizer = make()
    optimizer.apply([tf.constant(1.0), tf.constant(-2.0)])
    checkpoint = tf.train.Checkpoint(v=variables, o=optimizer)
    path = checkpoint.save(str(tmp_path / "c"))
    optimizer.apply([tf.constant(0.5), tf.constant(0.5)])
    expected = [v.numpy() for v in variables]
    restored, other = make()
    tf.train.Checkpoint(v=restored, o=other).restore(path).assert_consumed()
    other.apply([tf.constant(0.5), tf.constant(0.5)])
    assert [v.numpy() for v in restored] == expected


def test_a_variable_in_two_parts_is_refused():
    variable = tf.Variable(1.0)
    part = (make_optimizer("adam", constant(0.1), weight_decay=0.0), [variable])
    with pytest.raises(ValueError, match="in one part"):
        PartOptimizer([part, part])


def test_a_missing_gradient_is_refused():
    variable = tf.Variable(1.0, name="lonely")
    optimizer = PartOptimizer(
        [(make_optimizer("adam", constant(0.1), weight_decay=0.0), [variable])]
    )
    with pytest.raises(ValueError, match=r"no gradient for \['lonely:0'\]"):
        optimizer.apply([None])


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="Got 'lion'"):
        make_optimizer("lion", constant(0.1), weight_decay=0.0)
    with pytest.raises(InputError, match="Got 'step'"):
        make_schedule("step", 0.1, decay=0.9, steps_per_epoch=1, steps=1)


def test_decay_with_adam_is_refused():
    with pytest.raises(InputError, match=r"Got weight_decay=1e-05"):
        make_optimizer("adam", constant(0.1), weight_decay=1e-5)
