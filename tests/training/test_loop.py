import json

import pytest
import tensorflow as tf
from absl import logging

from piaa_tf.errors import InputError
from piaa_tf.training.loop import (
    Checkpoints,
    NonFiniteLossError,
    Progress,
    every,
    run_loop,
)
from piaa_tf.training.run_folder import RunFolder


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def run_with(action, *, last_step=10, steps_per_call=3, first_step=0, bad=-1):
    run_loop(
        lambda step, count: ({"loss": float(step)}, bad if step >= bad >= 0 else -1),
        first_step=first_step,
        last_step=last_step,
        steps_per_call=steps_per_call,
        actions=[action],
    )


def test_the_loop_ends_exactly_at_the_last_step():
    seen = []
    run_with(lambda step, values: seen.append(step))
    assert seen == [3, 6, 9, 10]


def test_the_loop_goes_on_where_it_was():
    seen = []
    run_with(lambda step, values: seen.append(step), first_step=8)
    assert seen == [10]


def test_a_non_finite_loss_stops_before_any_action():
    seen = []
    with pytest.raises(NonFiniteLossError, match=r"Got .* at step 3\."):
        run_with(lambda step, values: seen.append(step), bad=3)
    assert seen == [3]


def test_every_acts_when_a_multiple_was_passed_and_at_the_end():
    seen = []
    action = every(lambda step, values: seen.append(step), steps=4, last_step=10)
    run_with(action)
    assert seen == [6, 9, 10]


def test_every_acts_when_time_has_passed():
    clock, seen = Clock(), []
    action = every(
        lambda step, values: seen.append(step), seconds=60, last_step=99, clock=clock
    )
    for step, now in ((1, 59.0), (2, 60.0), (3, 100.0), (4, 121.0)):
        clock.now = now
        action(step, {})
    assert seen == [2, 4]


def test_progress_logs_means_speed_and_time_left(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "info", lambda text, *a: lines.append(text % a))
    run, clock = RunFolder(tmp_path / "run", {}), Clock()
    progress = Progress(run, first_step=0, last_step=100, interval_s=5, clock=clock)
    clock.now = 2.0
    progress(4, {"loss": 1.0})
    assert lines == []
    clock.now = 5.0
    progress(10, {"loss": 2.0})
    mean = (4 * 1.0 + 6 * 2.0) / 10
    eta = (100 - 10) / (10 / 5)
    assert lines == [f"step  10/100  loss {mean:.4f}  2.0 steps/s  eta 0:00:{eta:.0f}"]
    written = json.loads(run.metrics.read_text())
    assert written == {"step": 10, "loss": mean, "steps_per_s": 10 / 5}
    assert list(run.tensorboard.glob("events*"))


def test_checkpoints_bring_state_and_step_back(tmp_path):
    weight = tf.Variable(1.0)
    checkpoints = Checkpoints(tmp_path, weight=weight)
    assert checkpoints.restore() == 0
    weight.assign(5.0)
    checkpoints(7, {})
    fresh = tf.Variable(0.0)
    assert Checkpoints(tmp_path, weight=fresh).restore() == 7
    assert fresh.numpy() == 5.0


def test_a_checkpoint_that_lacks_state_is_refused(tmp_path):
    Checkpoints(tmp_path, weight=tf.Variable(1.0))(1, {})
    larger = Checkpoints(tmp_path, weight=tf.Variable(1.0), more=tf.Variable(2.0))
    with pytest.raises(AssertionError, match="not bound to checkpointed values"):
        larger.restore()


def test_a_worker_that_is_not_the_writer_restores_but_does_not_save(tmp_path):
    Checkpoints(tmp_path, weight=tf.Variable(3.0))(4, {})
    other = tf.Variable(0.0)
    worker = Checkpoints(tmp_path, is_writer=False, weight=other)
    assert worker.restore() == 4
    worker(9, {})
    assert Checkpoints(tmp_path, weight=tf.Variable(0.0)).restore() == 4


def test_a_run_continues_with_the_same_config(tmp_path):
    RunFolder(tmp_path, {"rate": 0.1, "sizes": (1, 2)})
    again = RunFolder(tmp_path, {"rate": 0.1, "sizes": (1, 2)})
    assert json.loads((again.path / "config.json").read_text())["sizes"] == [1, 2]


def test_a_run_of_another_config_is_refused_with_the_difference(tmp_path):
    RunFolder(tmp_path, {"rate": 0.1}).write_metrics(1, {"loss": 2.0})
    with pytest.raises(InputError, match=r"rate 0\.2 where the run has 0\.1"):
        RunFolder(tmp_path, {"rate": 0.2})


def test_a_run_without_a_step_may_be_begun_anew(tmp_path):
    failed = RunFolder(tmp_path, {"rate": 0.1})
    failed.splits.mkdir()
    (failed.splits / "train.images.txt").write_text("a.jpg\n")
    failed.tensorboard.mkdir()
    (failed.tensorboard / "events").touch()
    failed.checkpoints.mkdir()
    RunFolder(tmp_path, {"rate": 0.2}, write=False)
    assert failed.splits.exists()
    run = RunFolder(tmp_path, {"rate": 0.2})
    assert json.loads((tmp_path / "config.json").read_text()) == {"rate": 0.2}
    assert not run.splits.exists()


def test_a_folder_that_holds_no_run_keeps_its_splits(tmp_path):
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "mine.txt").write_text("a.jpg\n")
    RunFolder(tmp_path, {"rate": 0.1})
    assert (tmp_path / "splits" / "mine.txt").read_text() == "a.jpg\n"


def test_a_config_that_is_no_runs_is_not_replaced(tmp_path):
    (tmp_path / "config.json").write_text('{"theme": "dark"}')
    with pytest.raises(InputError, match="theme None where the run has 'dark'"):
        RunFolder(tmp_path, {"rate": 0.2})
    assert (tmp_path / "config.json").read_text() == '{"theme": "dark"}'


def test_what_may_change_may_change(tmp_path):
    RunFolder(tmp_path, {"devices": 1})
    RunFolder(tmp_path, {"devices": 2}, may_change=("devices",))
    assert json.loads((tmp_path / "config.json").read_text()) == {"devices": 2}


def test_a_broken_config_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="must be a run's config"):
        RunFolder(tmp_path, {})
