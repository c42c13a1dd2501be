import threading

import pytest

from serving.server.served_model import MOST_REMEMBERED, Patience, ServedModel
from serving.server.status import ServingError, not_found
from serving.server.versions import State, VersionPolicy


class FakeServable:
    """Counts its users as a servable does, without TensorFlow."""

    def __init__(self, version):
        self.version = version
        self.num_users = 0
        self.on_closed = None
        self.is_closed = False

    def acquire(self):
        self.num_users += 1

    def release(self):
        self.num_users -= 1
        self._close_if_idle()

    def retire(self, on_closed):
        self.on_closed = on_closed
        self._close_if_idle()

    def _close_if_idle(self):
        if self.on_closed and self.num_users == 0:
            self.is_closed = True
            self.on_closed()


class FakeLoader:
    """Loads what it is told to, and notes in which order."""

    def __init__(self):
        self.broken = set()
        self.calls = []

    def __call__(self, name, version, path):
        self.calls.append(version)
        if version in self.broken:
            raise not_found(f"version {version} is broken")
        return FakeServable(version)


@pytest.fixture
def loader():
    return FakeLoader()


@pytest.fixture
def start(tmp_path, loader):
    models = []

    def start(*versions, policy=None, **patience):
        for version in versions:
            (tmp_path / str(version)).mkdir()
        model = ServedModel(
            "m",
            tmp_path,
            policy or VersionPolicy(),
            load=loader,
            patience=Patience(**{"poll_interval_s": 0.0, **patience}),
        )
        models.append(model)
        return model

    yield start
    for model in models:
        model.stop()


def reaches(model, **states):
    """Waits for the states of versions, such as v1="END"."""
    wanted = {int(key[1:]): State[state] for key, state in states.items()}

    def holds():
        found = model.statuses()
        return all(n in found and found[n][0] == s for n, s in wanted.items())

    return model.wait_for(holds, 10)


def test_the_latest_version_serves(start, loader):
    model = start(1, 3, 2)
    assert reaches(model, v3="AVAILABLE")
    assert loader.calls == [3]
    with model.borrow() as servable:
        assert servable.version == 3


def test_all_versions_load_from_the_highest_down(start, loader):
    policy = VersionPolicy(all=VersionPolicy.All())
    model = start(1, 3, 2, policy=policy)
    assert reaches(model, v1="AVAILABLE", v2="AVAILABLE", v3="AVAILABLE")
    assert loader.calls == [3, 2, 1]
    with model.borrow(2) as servable:
        assert servable.version == 2


def test_a_new_version_takes_over_and_the_old_one_leaves(start, tmp_path):
    model = start(1)
    assert reaches(model, v1="AVAILABLE")
    (tmp_path / "2").mkdir()
    model.poll()
    assert reaches(model, v1="END", v2="AVAILABLE")
    with pytest.raises(ServingError, match=r"Specific\(m, 1\)"), model.borrow(1):
        pass


def test_a_version_in_use_is_closed_after_its_last_request(start, tmp_path):
    model = start(1)
    assert reaches(model, v1="AVAILABLE")
    with model.borrow() as old:
        (tmp_path / "2").mkdir()
        model.poll()
        assert reaches(model, v1="UNLOADING", v2="AVAILABLE")
        assert not old.is_closed
    assert reaches(model, v1="END")
    assert old.is_closed


def test_a_broken_version_leaves_the_old_one_serving(start, loader, tmp_path):
    loader.broken.add(2)
    model = start(1, max_num_retries=2, retry_interval_s=0.0)
    assert reaches(model, v1="AVAILABLE")
    (tmp_path / "2").mkdir()
    model.poll()
    assert reaches(model, v1="AVAILABLE", v2="END")
    assert loader.calls == [1, 2, 2, 2]
    assert "version 2 is broken" in model.statuses()[2][1].message
    model.poll()  # it is still wanted, but has had its attempts
    (tmp_path / "3").mkdir()
    model.poll()
    assert reaches(model, v1="END", v3="AVAILABLE")
    assert loader.calls == [1, 2, 2, 2, 3]


def test_a_better_version_ends_the_wait_for_a_broken_one(start, loader, tmp_path):
    loader.broken.add(2)
    model = start(1, max_num_retries=5, retry_interval_s=3600.0)
    assert reaches(model, v1="AVAILABLE")
    (tmp_path / "2").mkdir()
    model.poll()
    assert reaches(model, v2="LOADING")
    (tmp_path / "3").mkdir()
    model.poll()
    assert reaches(model, v1="END", v2="END", v3="AVAILABLE")
    assert loader.calls == [1, 2, 3]


def test_a_version_that_was_taken_away_may_return(start, tmp_path):
    model = start(1)
    assert reaches(model, v1="AVAILABLE")
    (tmp_path / "1").rename(tmp_path / "hidden")
    model.poll()
    assert reaches(model, v1="END")
    (tmp_path / "hidden").rename(tmp_path / "1")
    model.poll()
    assert reaches(model, v1="AVAILABLE")


def test_a_base_path_that_vanishes_changes_nothing(start, tmp_path):
    model = start(1)
    assert reaches(model, v1="AVAILABLE")
    moved = tmp_path.rename(tmp_path.with_name(f"{tmp_path.name}-moved"))
    polls = model._num_polls
    model.poll()
    assert model.wait_for(lambda: model._num_polls > polls, 10)
    assert reaches(model, v1="AVAILABLE")
    moved.rename(tmp_path)


def test_few_of_the_versions_that_ended_are_remembered(start, tmp_path):
    model = start(1)
    assert reaches(model, v1="AVAILABLE")
    last = MOST_REMEMBERED + 5
    for version in range(2, last + 1):
        (tmp_path / str(version)).mkdir()
        model.poll()
        assert reaches(model, **{f"v{version}": "AVAILABLE", f"v{version - 1}": "END"})
    model.poll()
    expected = list(range(last, last - MOST_REMEMBERED - 1, -1))
    assert model.wait_for(lambda: list(model.statuses()) == expected, 10)


def test_polling_finds_versions_by_itself(start, tmp_path):
    model = start(1, poll_interval_s=0.01)
    assert reaches(model, v1="AVAILABLE")
    (tmp_path / "2").mkdir()
    assert reaches(model, v2="AVAILABLE")


def test_a_slow_load_holds_up_no_request(start, loader, tmp_path):
    model = start(1)
    assert reaches(model, v1="AVAILABLE")
    entered, leave = threading.Event(), threading.Event()

    def load_slowly(name, version, path):
        entered.set()
        assert leave.wait(10)
        return FakeServable(version)

    model._load = load_slowly
    (tmp_path / "2").mkdir()
    model.poll()
    assert entered.wait(10)
    assert model.statuses()[2][0] == State.LOADING
    with model.borrow() as servable:
        assert servable.version == 1
    leave.set()
    assert reaches(model, v2="AVAILABLE")
