import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from meta_reference import write_ratings

from piaa_tf.data.tasks import TaskSampler
from piaa_tf.errors import InputError
from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
from piaa_tf.models.heads import build_trunk
from piaa_tf.models.prior import Prior, build_prior
from piaa_tf.training.loop import NonFiniteLossError
from piaa_tf.training.meta.fit import meta_fit
from piaa_tf.training.meta.options import MetaOptions, MetaSchedule
from piaa_tf.training.meta.task_stream import TaskStream
from piaa_tf.training.options import RunOptions
from piaa_tf.training.run import Run
from piaa_tf.training.run_folder import RunFolder

SIZE = 6
OPTIONS = MetaOptions(
    num_tasks=2, inner_steps=2, batch_norm="restore", inner_rate=1e-3, outer_rate=0.5
)


@pytest.fixture
def stream(tmp_path):
    ratings = write_ratings(tmp_path / "photos", [9, 7, 5])
    sampler = TaskSampler(
        ratings.users, num_tasks=2, num_support=5, num_query=2, inner_batch=2, seed=1
    )
    return TaskStream(ratings, sampler, SIZE)


def build(link="sigmoid"):
    """BLG-PIAA's network with a backbone of one layer instead of `compact`."""
    tf.keras.utils.set_random_seed(3)
    config = BlgPiaaConfig("compact", SIZE, head_sizes=(8,), dropout=0.5, link=link)
    image = tf.keras.Input([SIZE, SIZE, 3], name="image")
    scaled = tf.keras.layers.Rescaling(1 / 255, name="scaled")(image)
    features = tf.keras.layers.Dense(4, name="dense")(
        tf.keras.layers.Flatten(name="flat")(scaled)
    )
    backbone = tf.keras.Model(image, features, name="compact")
    trunk = build_trunk("score_trunk", input_size=4, sizes=(8,), dropout=0.5)
    score = tf.keras.layers.Dense(1, link, name="score")(trunk(backbone(image)))
    model = tf.keras.Model(image, {"score": score}, name="blg_piaa")
    return Prior("blg_piaa", config, model)


def fit(stream, num_steps, *, options=OPTIONS, build=build, folder=None, **watched):
    return meta_fit(
        build,
        stream,
        options=options,
        schedule=MetaSchedule(num_steps, validation_steps=2),
        run=Run(
            RunOptions(steps_per_call=2, **watched),
            tf.distribute.OneDeviceStrategy("/CPU:0"),
            folder,
        ),
    )


def test_a_continued_run_ends_bitwise_as_an_undisturbed_one(stream, tmp_path):
    # Dropout, statistics and, along gradients, outer moments: all there is.
    options = dataclasses.replace(OPTIONS, learner="fomaml", outer_rate=0.01)
    seen = []

    def validate(prior):
        seen.append(prior)
        return {"srocc": 0.5}

    whole = fit(stream, 5, options=options, measure=validate)
    assert len(seen) == 3
    fit(stream, 3, options=options, folder=RunFolder(tmp_path / "run", {}))
    continued = fit(stream, 5, options=options, folder=RunFolder(tmp_path / "run", {}))
    for name, value in whole.weights().items():
        np.testing.assert_array_equal(continued.weights()[name], value, err_msg=name)
    assert whole.checksum() != build().checksum()


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_user(stream, tmp_path):
    folder = RunFolder(tmp_path / "run", {})
    good = fit(stream, 2, folder=folder)
    wild = dataclasses.replace(OPTIONS, inner_rate=1e30)
    users = {task.user for task in stream.sampler.tasks(2)}
    with pytest.raises(
        NonFiniteLossError,
        match=rf"at meta-step 2 in task \d, user '({'|'.join(users)})'",
    ):
        fit(stream, 9, options=wild, folder=folder, build=lambda: build("linear"))
    kept = tf.train.latest_checkpoint(str(folder.checkpoints))
    assert kept.endswith("ckpt-2")
    assert fit(stream, 2, folder=folder).checksum() == good.checksum()


def test_another_kind_of_prior_is_refused(stream):
    config = PaIaaConfig(backbone="compact", image_size=32, head_sizes=(8,))
    with pytest.raises(InputError, match=r"of kind 'blg_piaa'\. Got 'pa_iaa'"):
        fit(stream, 1, build=lambda: build_prior("pa_iaa", config))


def test_a_broken_image_is_named(stream):
    (stream.ratings.photos / "0.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"0\.png must be a whole"):
        fit(stream, 3)


@pytest.mark.parametrize(
    ("name", "minimum"),
    [
        ("num_steps", 1),
        ("checkpoint_steps", 0),
        ("validation_steps", 0),
    ],
)
def test_a_schedule_of_too_little_is_refused(name, minimum):
    with pytest.raises(InputError, match=f"{name} must be >= {minimum}. Got -1"):
        MetaSchedule(**{"num_steps": 1, name: -1})
