import json

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.models.config import BlgPiaaConfig
from piaa_tf.models.prior import build_prior, load_prior
from piaa_tf.training.meta.options import MetaOptions, MetaSchedule, TaskOptions
from piaa_tf.training.meta.train import meta_train
from piaa_tf.training.options import RunOptions

OPTIONS = MetaOptions(num_tasks=2, inner_steps=1, outer_rate=0.5)
TASKS = TaskOptions(num_support=6, num_query=3, inner_batch=3)


@pytest.fixture(scope="module")
def ratings(tiny_gallery):
    return catalog.load("gallery", PersonalRatings, tiny_gallery, "train")


@pytest.fixture(scope="module")
def start():
    tf.keras.utils.set_random_seed(2)
    config = BlgPiaaConfig("compact", 32, head_sizes=(8,))
    return build_prior("blg_piaa", config, training={"keep_aspect": True})


def train(ratings, start, *, options=OPTIONS, num_steps=2, **run):
    return meta_train(
        ratings,
        start,
        options=options,
        tasks=TASKS,
        schedule=MetaSchedule(num_steps),
        run=RunOptions(**run),
    )


def test_a_run_in_a_folder_is_written_described_and_goes_no_further(
    ratings, start, tmp_path
):
    before = start.weights()
    told = []
    prior = train(
        ratings,
        start,
        folder=tmp_path,
        measure=lambda prior: {"heldout_after": 0.5},
        progress=lambda *told_of: told.append(told_of[:2]),
    )
    for name, value in before.items():
        np.testing.assert_array_equal(start.weights()[name], value, err_msg=name)
    assert prior.checksum() != start.checksum()
    assert prior.metrics == {"heldout_after": 0.5}
    assert prior.keep_aspect
    assert told == [(2, 2)]
    assert not any(
        isinstance(v, tf.distribute.DistributedValues) for v in prior.model.weights
    )
    written = load_prior(tmp_path / "prior")
    assert written.checksum() == prior.checksum()
    config = json.loads((tmp_path / "config.json").read_text())
    assert {**config, "keep_aspect": True} == written.training
    assert config["start"] == start.checksum()
    assert (tmp_path / "splits" / "train.users.txt").exists()
    assert train(ratings, start, folder=tmp_path).checksum() == prior.checksum()
    with pytest.raises(InputError, match=r"num_steps 3 where the run has 2"):
        train(ratings, start, num_steps=3, folder=tmp_path)


def test_float16_scales_the_loss(ratings, start):
    prior = train(ratings, start, num_steps=1, precision="mixed_float16")
    assert prior.training["loss_scale"] == 1024
    assert tf.keras.mixed_precision.global_policy().name == "float32"


def test_an_outer_rate_that_overshoots_is_warned_of(ratings, start, logged):
    options = MetaOptions(num_tasks=3, inner_steps=1, outer_rate=0.5)
    train(ratings, start, options=options, num_steps=1)
    assert any(line.startswith("num_tasks * outer_rate is 1.5") for line in logged)


def test_another_kind_of_start_is_refused(ratings, tiny_prior):
    with pytest.raises(InputError, match=r"of kind 'blg_piaa'\. Got 'pa_iaa'"):
        train(ratings, load_prior(tiny_prior))
