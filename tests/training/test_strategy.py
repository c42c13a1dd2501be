import pytest
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.training.strategy import (
    distribute,
    is_chief,
    make_strategy,
    set_precision,
    split_cpu,
)


@pytest.mark.parametrize(
    ("name", "devices", "replicas"),
    [
        ("one", (), 1),
        ("one", ("CPU:1",), 1),
        ("mirrored", ("CPU:0", "CPU:1"), 2),
        ("mirrored", ("/CPU:0",), 1),
    ],
)
def test_a_name_and_devices_make_a_strategy(name, devices, replicas):
    assert make_strategy(name, devices).num_replicas_in_sync == replicas


def test_one_device_is_the_named_one():
    assert make_strategy("one", ("CPU:1",)).extended.worker_devices[0].endswith("CPU:1")


def test_an_unknown_strategy_is_refused():
    with pytest.raises(InputError, match="Got 'horde'"):
        make_strategy("horde")


def test_an_unknown_device_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"among .*'CPU:1'.*\. Got \['TPU:7'\]"):
        make_strategy("mirrored", ("CPU:0", "TPU:7"))


def test_an_unknown_precision_is_refused():
    with pytest.raises(InputError, match="Got 'float8'"):
        set_precision("float8")


def test_precision_is_the_keras_policy():
    try:
        set_precision("mixed_bfloat16")
        assert tf.keras.mixed_precision.global_policy().name == "mixed_bfloat16"
    finally:
        set_precision("float32")


def test_one_process_is_its_own_chief():
    assert is_chief(make_strategy("one"))


def test_one_cpu_is_left_as_it_is():
    before = tf.config.list_logical_devices("CPU")
    split_cpu(1)
    assert tf.config.list_logical_devices("CPU") == before


def test_devices_of_a_worker_are_not_chosen():
    with pytest.raises(InputError, match=r"must be empty with multi_worker.*'CPU:1'"):
        make_strategy("multi_worker", ["CPU:1"])


def _counts(context: tf.distribute.InputContext) -> tf.data.Dataset:
    dataset = tf.data.Dataset.range(4)
    return dataset.batch(1) if context.num_replicas_in_sync == 1 else dataset


def test_one_cpu_reads_the_dataset_itself():
    for strategy in (make_strategy("one"), make_strategy("mirrored", ("CPU:0",))):
        dataset = distribute(strategy, _counts)
        assert isinstance(dataset, tf.data.Dataset)
        assert [int(count[0]) for count in dataset] == [0, 1, 2, 3]


def test_two_replicas_take_turns():
    strategy = make_strategy("mirrored", ("CPU:0", "CPU:1"))
    pairs = [
        tuple(map(int, strategy.experimental_local_results(counts)))
        for counts in distribute(strategy, _counts)
    ]
    assert pairs == [(0, 1), (2, 3)]
