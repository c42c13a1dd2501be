import os
from pathlib import Path

import pytest

from piaa_tf.files import atomic_files
from piaa_tf.files.atomic_files import (
    atomic_file,
    atomic_folder,
    remove_folder,
    write_file,
)


@pytest.mark.parametrize("options", [{}, {"replace": True}, {"sync": True}])
def test_a_folder_appears_with_all_that_was_put_into_it(tmp_path, options):
    with atomic_folder(tmp_path / "deep" / "out", **options) as folder:
        (folder / "a.txt").write_text("new")
        assert not (tmp_path / "deep" / "out").exists()
        assert folder.parent == tmp_path / "deep"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert (tmp_path / "deep" / "out" / "a.txt").read_text() == "new"


def test_an_earlier_folder_is_replaced_where_this_is_meant(tmp_path):
    for name in ("first.txt", "second.txt"):
        with atomic_folder(tmp_path / "out", replace=True) as folder:
            (folder / name).touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "second.txt"]


def make_empty(path):
    path.mkdir()


def make_full(path):
    path.mkdir()
    (path / "theirs").touch()


@pytest.mark.parametrize("make", [Path.touch, make_empty, make_full])
def test_what_is_there_otherwise_stays(tmp_path, make):
    def write():
        with atomic_folder(tmp_path / "out") as folder:
            (folder / "mine").touch()
            make(tmp_path / "out")

    with pytest.raises(FileExistsError, match="File exists"):
        write()
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    assert not (tmp_path / "out" / "mine").exists()


def test_who_comes_between_looking_and_renaming_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic_files.os.path, "lexists", lambda _: False)
    make_full(tmp_path / "out")
    with (
        pytest.raises(FileExistsError, match="File exists"),
        atomic_folder(tmp_path / "out"),
    ):
        pass
    assert (tmp_path / "out" / "theirs").exists()


def test_an_error_leaves_the_earlier_folder_as_it_was(tmp_path):
    with atomic_folder(tmp_path / "out") as folder:
        (folder / "first.txt").touch()
    with (
        pytest.raises(ValueError, match="half way"),
        atomic_folder(tmp_path / "out", replace=True),
    ):
        raise ValueError("half way")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "first.txt"]


def test_everything_is_on_the_disk_before_the_name_appears(tmp_path, monkeypatch):
    seen = []

    def fsync(descriptor):
        seen.append((os.readlink(f"/proc/self/fd/{descriptor}"), out.exists()))

    out = tmp_path / "out"
    monkeypatch.setattr(atomic_files.os, "fsync", fsync)
    with atomic_folder(out, sync=True) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "a.txt").touch()
    inside = [Path(path).relative_to(folder) for path, is_there in seen if not is_there]
    assert sorted(map(str, inside)) == [".", "inner", "inner/a.txt"]
    assert [path for path, is_there in seen if is_there] == [str(tmp_path)]


def test_a_removed_folder_is_gone(tmp_path):
    make_full(tmp_path / "out")
    remove_folder(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_file_appears_with_its_content(tmp_path):
    write_file(tmp_path / "deep" / "a.txt", "taste é \udcff")
    write_file(tmp_path / "deep" / "a.bin", b"\0\xff")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == b"taste \xc3\xa9 \xff"
    assert (tmp_path / "deep" / "a.bin").read_bytes() == b"\0\xff"
    assert len(list((tmp_path / "deep").iterdir())) == 2


def test_an_error_leaves_the_earlier_file_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    write_file(path, "first")

    def write_half() -> None:
        with atomic_file(path) as unfinished:
            unfinished.write_text("half")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        write_half()
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]
