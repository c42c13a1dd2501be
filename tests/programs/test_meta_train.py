import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.models.blg_piaa import BlgPiaaConfig
from piaa_tf.models.prior import build_prior, load_prior, save_prior
from piaa_tf.programs import meta_train

SMALL = {
    "num_tasks": 2,
    "inner_steps": 1,
    "num_support": 6,
    "num_query": 3,
    "inner_batch": 3,
    "outer_rate": 0.5,
}


@pytest.fixture(scope="module")
def average_prior(tmp_path_factory):
    """An untrained BLG-PIAA prior; meta-training does not mind."""
    tf.keras.utils.set_random_seed(2)
    config = BlgPiaaConfig("compact", 32, head_sizes=(8,))
    prior = build_prior("blg_piaa", config, training={"keep_aspect": True})
    directory = tmp_path_factory.mktemp("average") / "prior"
    save_prior(prior, directory)
    return directory


def config_of(data_dir, run_dir, init_prior, **changes):
    return meta_train.MetaTrainConfig(
        **{
            **SMALL,
            "dataset": "folder",
            "data_dir": str(data_dir),
            "run_dir": str(run_dir),
            "init_prior": str(init_prior),
            "steps": 2,
            "validation_images": 4,
            **changes,
        }
    )


def test_a_run_writes_a_prior_with_metrics_and_goes_no_further(
    tiny_gallery, average_prior, tmp_path
):
    config = config_of(tiny_gallery, tmp_path, average_prior)
    meta_train.run(config)
    start, prior = load_prior(average_prior), load_prior(tmp_path / "prior")
    assert prior.config == start.config
    assert prior.checksum() != start.checksum()
    assert prior.training["learner"] == "blg"
    assert prior.keep_aspect
    assert set(prior.metrics) == {"heldout_before", "heldout_after"}
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    logged = {name for line in lines for name in json.loads(line)}
    assert {"loss", "query_before", "query_after", "heldout_after"} <= logged
    assert list((tmp_path / "tensorboard").iterdir())
    meta_train.run(config)
    assert load_prior(tmp_path / "prior").checksum() == prior.checksum()
    with pytest.raises(InputError, match=r"inner_rate 0\.1 where the run has 0\.001"):
        meta_train.run(config_of(tiny_gallery, tmp_path, average_prior, inner_rate=0.1))


def test_without_a_prior_the_flags_say_the_network(tiny_gallery, tmp_path):
    network = {"backbone": "compact", "image_size": 32, "head_sizes": ()}
    config = config_of(
        tiny_gallery,
        tmp_path,
        "",
        **network,
        scope="head",
        learner="anil",
        outer_rate=1e-3,
        steps=1,
    )
    meta_train.run(config)
    prior = load_prior(tmp_path / "prior")
    assert prior.config == BlgPiaaConfig(**network)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": 48}, r"init_prior must have image_size 48\. Got 32"),
        ({"backbone": "resnet18"}, "init_prior must have backbone resnet18"),
        ({"weights": "imagenet"}, "Got both 'imagenet' and"),
        ({"num_tasks": 8, "outer_rate": 0.1}, "Got 8 with 3 users"),
        ({"inner_steps": 0}, r"inner_steps must be >= 1\. Got 0"),
        ({"num_tasks": 0}, r"num_tasks must be >= 1\. Got 0"),
        ({"outer_rate": 0.0}, r"outer_rate must be > 0 .*Got 0\.0"),
        ({"steps": 0}, r"num_steps must be >= 1\. Got 0"),
        ({"min_ratings": 99}, "Got 2 with 0 users, 3 left out"),
        ({"validation_images": 15}, "validation_images=15 and 0 such users of 3"),
        ({"inner_batch": -1}, r"inner_batch must be >= 0\. Got -1"),
    ],
)
def test_what_does_not_fit_is_refused(
    tiny_gallery, average_prior, tmp_path, changes, message
):
    with pytest.raises(InputError, match=message):
        meta_train.run(config_of(tiny_gallery, tmp_path, average_prior, **changes))


def test_a_prior_of_another_kind_is_refused(tiny_gallery, tiny_prior, tmp_path):
    with pytest.raises(InputError, match=r"of kind 'blg_piaa'\. Got 'pa_iaa'"):
        meta_train.run(config_of(tiny_gallery, tmp_path, tiny_prior))


def test_a_user_of_a_single_rating_is_refused_by_name(
    tiny_gallery, average_prior, tmp_path
):
    data = tmp_path / "data"
    (data / "train").mkdir(parents=True)
    (data / "photos").symlink_to(tiny_gallery / "photos")
    table = (tiny_gallery / "train" / "ratings.csv").read_text()
    image, rating = table.splitlines()[1].split(",")[1:]
    (data / "train" / "ratings.csv").write_text(f"{table}carla,{image},{rating}\n")
    config = config_of(data, tmp_path / "run", average_prior, validation_steps=0)
    with pytest.raises(InputError, match="Got 1 rating of user 'carla'"):
        meta_train.run(config)


KILLED_WHILE_WRITING = """
import os, signal, sys
from tensorflow.python.ops import gen_io_ops
from piaa_tf.programs import meta_train

whole, saves = gen_io_ops.merge_v2_checkpoints, []

def merge(*arguments, **options):
    # The parts of the checkpoint are on disk, the whole is not.
    saves.append(1)
    if len(saves) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*arguments, **options)

gen_io_ops.merge_v2_checkpoints = merge
meta_train.main()
"""


class Programs:
    """Starts the program in processes of their own, all with the same flags."""

    def __init__(self, data_dir, init_prior):
        self.flags = [
            *(f"--{name}={value}" for name, value in SMALL.items()),
            "--dataset=folder",
            f"--data_dir={data_dir}",
            f"--init_prior={init_prior}",
            "--validation_steps=0",
            "--batch_norm=restore",
            "--steps_per_call=1",
            "--checkpoint_steps=2",
        ]

    def start(self, run_dir, *flags, code=None, **environment):
        program = ["-c", code] if code else ["-m", "piaa_tf.programs.meta_train"]
        return subprocess.Popen(
            [sys.executable, *program, *self.flags, f"--run_dir={run_dir}", *flags],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        )

    @staticmethod
    def finish(process):
        _, log = process.communicate(timeout=300)
        assert process.returncode == 0, log
        return log


def newest_step(run_dir):
    found = re.findall(r"ckpt-(\d+)\.index", " ".join(os.listdir(run_dir)))
    return max(map(int, found), default=0)


@pytest.mark.slow
def test_a_run_killed_at_any_moment_ends_bitwise_as_an_undisturbed_one(
    tiny_gallery, average_prior, tmp_path
):
    programs = Programs(tiny_gallery, average_prior)
    steps = "--steps=40"
    undisturbed = programs.start(tmp_path / "whole", steps)
    run, checkpoints = tmp_path / "killed", tmp_path / "killed" / "checkpoints"

    writing = programs.start(run, steps, code=KILLED_WHILE_WRITING)
    writing.communicate(timeout=300)
    assert writing.returncode == -signal.SIGKILL
    assert newest_step(checkpoints) == 4
    assert any("ckpt-6_temp" in name for name in os.listdir(checkpoints))

    anywhere = programs.start(run, steps)
    while newest_step(checkpoints) < 10 and anywhere.poll() is None:
        time.sleep(0.003)
    anywhere.kill()
    anywhere.communicate()
    assert anywhere.returncode == -signal.SIGKILL
    assert newest_step(checkpoints) < 40

    log = programs.finish(programs.start(run, steps))
    assert "continuing from step" in log
    programs.finish(undisturbed)
    whole, killed = load_prior(tmp_path / "whole/prior"), load_prior(run / "prior")
    assert killed.checksum() == whole.checksum()


@pytest.mark.slow
def test_two_workers_equal_two_devices_bitwise(
    tiny_gallery, average_prior, tmp_path, unused_ports
):
    programs = Programs(tiny_gallery, average_prior)
    steps = "--steps=4"
    devices = programs.start(
        tmp_path / "devices",
        steps,
        "--strategy=mirrored",
        "--logical_cpus=2",
        "--devices=CPU:0,CPU:1",
    )
    cluster = {"worker": [f"localhost:{port}" for port in unused_ports]}
    workers = [
        programs.start(
            tmp_path / "workers",
            steps,
            "--strategy=multi_worker",
            TF_CONFIG=json.dumps(
                {"cluster": cluster, "task": {"type": "worker", "index": index}}
            ),
        )
        for index in range(2)
    ]
    for process in (devices, *workers):
        programs.finish(process)
    one = load_prior(tmp_path / "devices/prior")
    two = load_prior(tmp_path / "workers/prior")
    assert two.checksum() == one.checksum()
    assert two.checksum() != load_prior(average_prior).checksum()


@pytest.fixture
def unused_ports():
    import socket

    sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
