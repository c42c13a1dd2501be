import numpy as np
import tensorflow as tf

from piaa_tf.training.meta.replica_local import replica_local


def numbered_by_replica(strategy):
    """A Keras layer whose trainable kernel each replica sets to its own number."""
    with strategy.scope(), replica_local():
        layer = tf.keras.layers.Dense(1, use_bias=False)
        layer.build([None, 1])

    @tf.function
    def assign():
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        layer.kernel.assign([[tf.cast(number, tf.float32)]])

    strategy.run(assign)
    return layer


def test_each_replica_keeps_its_own_value(two_devices):
    layer = numbered_by_replica(two_devices)
    assert [value.numpy().item() for value in layer.kernel.values] == [0.0, 1.0]
    assert layer.trainable_variables


def test_the_first_replica_counts_outside_and_in_checkpoints(tmp_path, two_devices):
    layer = numbered_by_replica(two_devices)
    assert layer.get_weights()[0] == 0.0
    path = tf.train.Checkpoint(layer=layer).save(str(tmp_path / "ckpt"))
    plain = tf.keras.layers.Dense(1, use_bias=False)
    plain.build([None, 1])
    tf.train.Checkpoint(layer=plain).restore(path).assert_consumed()
    assert plain.get_weights()[0] == 0.0


def test_assigning_outside_reaches_all_replicas(two_devices):
    layer = numbered_by_replica(two_devices)
    layer.set_weights([np.array([[7.0]])])
    assert [value.numpy().item() for value in layer.kernel.values] == [7.0, 7.0]
