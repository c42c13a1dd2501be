import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.models.config import PaIaaConfig
from piaa_tf.models.prior import build_prior
from piaa_tf.training.loop import NonFiniteLossError
from piaa_tf.training.options import RunOptions
from piaa_tf.training.run import Run
from piaa_tf.training.run_folder import RunFolder
from piaa_tf.training.supervised.fit import fit
from piaa_tf.training.supervised.multitask import task_losses
from piaa_tf.training.supervised.options import FitOptions, LossOptions, StreamOptions

SIZE, BATCH, STEPS_PER_EPOCH = 48, 4, 3
OPTIONS = FitOptions(
    batch_size=BATCH,
    epochs=2,
    optimizer="sgdw",
    schedule="exponential",
    backbone_rate=1e-3,
    head_rate=1e-2,
    decay=0.9,
    weight_decay=1e-4,
    seed=1,
)


def build(dropout=0.0):
    tf.keras.utils.set_random_seed(7)
    config = PaIaaConfig(
        backbone="compact", image_size=SIZE, head_sizes=(8,), dropout=dropout
    )
    return build_prior("pa_iaa", config, sync_batch_norm=True)


def noise_stream(part):
    """Noise images whose batch of a step is the same for any number of replicas."""

    def batch(step):
        seed = tf.stack([tf.cast(step, tf.int32), 5])

        def uniform(shape, low, high, salt):
            return tf.random.stateless_uniform(shape, seed + salt, low, high)

        images = {
            f"{stream}_image": uniform([BATCH, SIZE, SIZE, 3], 0.0, 255.0, salt)
            for salt, stream in enumerate(("aesthetics", "personality"))
        }
        counts = uniform([BATCH, 10], 0.0, 1.0, 2)
        targets = {
            "distribution": counts / tf.reduce_sum(counts, axis=1, keepdims=True),
            "traits": uniform([BATCH, 5], -1.0, 1.0, 3),
        }
        return images, targets

    return tf.data.Dataset.range(part.first_step, 1000).map(batch)


def run_fit(
    strategy=None,
    *,
    options=OPTIONS,
    folder=None,
    dropout=0.0,
    losses=None,
    stream=None,
    **watched,
):
    return fit(
        lambda: build(dropout),
        stream or noise_stream,
        losses or task_losses(LossOptions(distribution_weight=10.0)),
        num_samples=BATCH * STEPS_PER_EPOCH,
        options=options,
        stream_options=StreamOptions(),
        run=Run(
            RunOptions(steps_per_call=2, **watched),
            strategy or tf.distribute.OneDeviceStrategy("/CPU:0"),
            folder,
        ),
    )


@pytest.fixture(scope="module")
def fitted():
    """A run on one device, the kinds of priors it measured, and the progress told."""
    seen, told = [], []
    prior = run_fit(
        measure=lambda prior: seen.append(prior.kind) or {"srocc": 0.5},
        progress=lambda step, last_step, losses: told.append((step, last_step, losses)),
    )
    return prior, seen, told


def assert_equal_weights(one, other, atol):
    for name, value in one.weights().items():
        np.testing.assert_allclose(
            other.weights()[name], value, atol=atol, err_msg=name
        )


def test_one_replica_equals_two_with_synchronised_statistics(fitted, two_devices):
    assert_equal_weights(fitted[0], run_fit(two_devices), atol=1e-5)


@pytest.mark.parametrize(
    ("stream", "other"), [("distribution", "traits"), ("traits", "distribution")]
)
def test_each_stream_moves_the_one_backbone_and_its_own_head(stream, other):
    weights = {"distribution_weight": 0.0, "traits_weight": 0.0}
    losses = task_losses(LossOptions(**{**weights, f"{stream}_weight": 10.0}))
    options = dataclasses.replace(OPTIONS, weight_decay=0.0)
    start, moved = build().weights(), run_fit(losses=losses, options=options).weights()
    change = {name: np.abs(moved[name] - start[name]).max() for name in start}
    assert change["stem/kernel:0"] > 1e-6
    assert change[f"{stream}/kernel:0"] > 1e-6
    assert change[f"{other}/kernel:0"] == 0


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path):
    whole = run_fit(dropout=0.5)
    folder = RunFolder(tmp_path, {})
    half = dataclasses.replace(OPTIONS, epochs=1)
    run_fit(dropout=0.5, options=half, folder=folder)
    continued = run_fit(dropout=0.5, folder=folder)
    assert_equal_weights(whole, continued, atol=0)


def test_a_nan_stops_the_run_and_names_the_step(tmp_path):
    def poisoned(part):
        def poison(step, batch):
            bad = tf.where(step == 3, float("nan"), 0.0)
            return batch[0], {k: v + bad for k, v in batch[1].items()}

        return noise_stream(part).enumerate().map(poison)

    with pytest.raises(NonFiniteLossError, match=r"Got nan at step 3\. The last"):
        run_fit(stream=poisoned, folder=RunFolder(tmp_path, {}))
    assert not list((tmp_path / "checkpoints").glob("*"))


def test_validation_runs_after_each_epoch(fitted):
    assert fitted[1] == ["pa_iaa"] * OPTIONS.epochs


def test_progress_is_told_after_each_call_up_to_the_last_step(fitted):
    assert [told[:2] for told in fitted[2]] == [(2, 6), (4, 6), (6, 6)]
    for _, _, losses in fitted[2]:
        assert losses["loss"] == pytest.approx(
            losses["distribution"] + losses["traits"]
        )


def test_a_batch_that_does_not_divide_is_refused(two_devices):
    with pytest.raises(InputError, match=r"divide among the 2 replicas. Got 5"):
        run_fit(two_devices, options=dataclasses.replace(OPTIONS, batch_size=5))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be >= 1. Got 0"),
        ({"batch_size": 0}, "batch_size must be >= 1. Got 0"),
        ({"head_rate": -1.0}, "head_rate must be >= 0. Got -1.0"),
        ({"validation_epochs": -1}, "validation_epochs must be >= 0. Got -1"),
    ],
)
def test_impossible_options_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(OPTIONS, **changes)
