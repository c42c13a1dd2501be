import pytest

from piaa_tf.files.atomic_files import atomic_file, replaced_folder, write_file


def test_a_folder_appears_with_all_that_was_put_into_it(tmp_path):
    with replaced_folder(tmp_path / "deep" / "out") as folder:
        (folder / "a.txt").write_text("new")
        assert not (tmp_path / "deep" / "out").exists()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert (tmp_path / "deep" / "out" / "a.txt").read_text() == "new"


def test_an_earlier_folder_is_replaced(tmp_path):
    for name in ("first.txt", "second.txt"):
        with replaced_folder(tmp_path / "out") as folder:
            (folder / name).touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "second.txt"]


def test_an_error_leaves_the_earlier_folder_as_it_was(tmp_path):
    with replaced_folder(tmp_path / "out") as folder:
        (folder / "first.txt").touch()
    with pytest.raises(ValueError, match="half way"), replaced_folder(tmp_path / "out"):
        raise ValueError("half way")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "first.txt"]


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
