import pytest

from piaa_tf.whole_folder import whole_folder


def test_a_folder_appears_with_all_that_was_put_into_it(tmp_path):
    with whole_folder(tmp_path / "deep" / "out") as folder:
        (folder / "a.txt").write_text("new")
        assert not (tmp_path / "deep" / "out").exists()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert (tmp_path / "deep" / "out" / "a.txt").read_text() == "new"


def test_an_earlier_folder_is_replaced(tmp_path):
    for name in ("first.txt", "second.txt"):
        with whole_folder(tmp_path / "out") as folder:
            (folder / name).touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "second.txt"]


def test_an_error_leaves_the_earlier_folder_as_it_was(tmp_path):
    with whole_folder(tmp_path / "out") as folder:
        (folder / "first.txt").touch()
    with pytest.raises(ValueError, match="half way"), whole_folder(tmp_path / "out"):
        raise ValueError("half way")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "first.txt"]
