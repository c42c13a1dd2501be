import pytest
from PIL import Image

from piaa_tf.errors import InputError
from piaa_tf.library.albums import open_album


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "trip").mkdir()
    for name in ("b.png", "a.png", "trip/c.png"):
        Image.new("RGB", [2, 2]).save(tmp_path / name)
    return tmp_path


def test_a_folder_is_listed_with_its_sub_folders(folder):
    album = open_album(folder)
    assert album.images == ["a.png", "b.png", "trip/c.png"]
    assert album.paths == [folder / image for image in album.images]
    assert album.skipped == ()


def test_files_keep_their_order(folder):
    paths = [folder / "trip" / "c.png", str(folder / "a.png")]
    album = open_album(paths)
    assert [str(path) for path in album.paths] == list(map(str, paths))


def test_broken_photos_are_left_out_and_named(folder):
    (folder / "aa.png").write_text("no photo")
    album = open_album(folder, skip_broken=True)
    assert album.images == ["a.png", "b.png", "trip/c.png"]
    assert album.skipped == ("aa.png",)


def test_an_album_of_broken_photos_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("no photo")
    with pytest.raises(InputError, match=r"can be read\. Got 1 broken ones"):
        open_album(tmp_path, skip_broken=True)


@pytest.mark.parametrize(
    ("photos", "message"),
    [
        (7, "photos must be a folder, or a list of files. Got 7"),
        (b"x", "photos must be a folder, or a list of files. Got b'x'"),
        ([], "photos must be one or more. Got an empty list"),
        (["a.png", b"x"], r"photos\[1\] must be the path of a file.* Got b'x'.*score"),
        ("nowhere", "folder of photos must exist. Got nowhere"),
    ],
)
def test_what_is_no_album_is_refused(photos, message):
    with pytest.raises(InputError, match=message):
        open_album(photos)
