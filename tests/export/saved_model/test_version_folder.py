import errno
import os

import pytest
import tensorflow as tf

from export.saved_model import version_folder
from export.saved_model.version_folder import (
    free_version,
    new_version,
    newest,
    remove_old,
    versions,
)
from piaa_tf.errors import InputError


def publish(base, version):
    with new_version(base, version) as directory:
        (directory / "variables").mkdir()
        (directory / "variables" / "data").write_text(str(version))


def test_only_plain_numbers_are_versions(tmp_path):
    for name in ("1", "12", "007", "+3", "1_0", "٣", ".4.incomplete-1", "5x", "0"):
        (tmp_path / name).mkdir()
    assert versions(tmp_path) == [1, 12]
    assert newest(tmp_path) == tmp_path / "12"
    assert versions(tmp_path / "none") == []


def test_the_next_version_is_one_above_the_newest(tmp_path):
    assert free_version(tmp_path / "none") == 1
    for version in (9, 10):
        publish(tmp_path, version)
    assert free_version(tmp_path) == 11
    assert free_version(tmp_path, 20260101) == 20260101


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (-1, "1 to 18 digits.*Got -1"),
        (10**18, "1 to 18 digits"),
        (10, "above 10, the newest in .*. Got 10"),
        (3, "above 10"),
    ],
)
def test_versions_that_a_server_would_not_take_up_are_refused(
    tmp_path, version, message
):
    publish(tmp_path, 10)
    with pytest.raises(InputError, match=message):
        free_version(tmp_path, version)


def test_an_update_needs_an_earlier_version(tmp_path):
    with pytest.raises(InputError, match=r"needs an earlier version\. Got none"):
        newest(tmp_path)


def test_a_version_is_hidden_until_it_is_whole(tmp_path):
    base = tmp_path / "base"
    with new_version(base, 1) as directory:
        (directory / "file").write_text("half")
        assert directory.parent == base  # the same disk, so that a rename is enough
        assert versions(base) == []
    assert (base / "1" / "file").read_text() == "half"
    assert os.listdir(base) == ["1"]


def fail(base, error):
    with new_version(base, 1) as directory:
        (directory / "variables").write_text("half")
        raise error


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError, match="whatever"):
        fail(tmp_path, ZeroDivisionError("whatever"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", [None, "file"])
def test_a_version_that_appeared_meanwhile_is_not_replaced(tmp_path, content):
    def write():
        with new_version(tmp_path, 1) as directory:
            (directory / "mine").write_text("")
            (tmp_path / "1").mkdir()
            if content:
                (tmp_path / "1" / content).write_text("theirs")

    with pytest.raises(InputError, match="must not be there yet"):
        write()
    assert os.listdir(tmp_path) == ["1"]
    assert not (tmp_path / "1" / "mine").exists()


FULL_DISK = [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "variables"),
    OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
    tf.errors.ResourceExhaustedError(None, None, "/x/y; No space left on device"),
]


@pytest.mark.parametrize("error", FULL_DISK)
def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path, error):
    with pytest.raises(InputError, match=r"must have room.*Nothing was published"):
        fail(tmp_path, error)
    assert os.listdir(tmp_path) == []


def test_a_disk_that_is_full_at_the_last_moment_leaves_nothing(tmp_path, monkeypatch):
    def no_room(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(version_folder.os, "fsync", no_room)
    with pytest.raises(InputError, match="Got: No space left on device"):
        publish(tmp_path, 1)
    assert os.listdir(tmp_path) == []


def test_a_base_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"a folder that can be written to\. Got: Not"):
        publish(tmp_path / "file", 1)


def test_another_error_of_the_system_stays_what_it_is(tmp_path):
    with pytest.raises(PermissionError, match="denied"):
        fail(tmp_path, PermissionError(errno.EACCES, "denied"))


def test_old_versions_go_and_other_things_stay(tmp_path):
    for version in (1, 2, 10):
        publish(tmp_path, version)
    (tmp_path / "notes").mkdir()
    assert remove_old(tmp_path, 0) == []
    assert remove_old(tmp_path, 2) == [1]
    assert sorted(os.listdir(tmp_path)) == ["10", "2", "notes"]
    assert remove_old(tmp_path, 5) == []
