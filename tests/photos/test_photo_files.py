import os
import sys

import pytest

from piaa_tf.errors import InputError
from piaa_tf.photos.photo_files import find_photos


@pytest.fixture
def put(tmp_path):
    def put(*names):
        for name in names:
            path = tmp_path / "album" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Distinct files: what has no content is one photo all the same.
            path.write_text(name)
        return tmp_path / "album"

    return put


def test_photos_of_every_kind_are_found_sorted_at_any_depth(put):
    album = put("b.JPG", "a/x.heic", "a/y.HEIF", "c.tiff", "d.avif", "e.gif", "f.NEF")
    assert find_photos(album).photos == [
        *("a/x.heic", "a/y.HEIF", "b.JPG", "c.tiff", "d.avif", "e.gif", "f.NEF"),
    ]


def test_other_files_and_hidden_ones_are_not_told(put):
    album = put("a.jpg", "a.xmp", "notes.txt", ".hidden.jpg", "._a.jpg", ".trash/b.jpg")
    found = find_photos(album)
    assert found.photos == ["a.jpg"]
    assert not found.passed_over


@pytest.mark.parametrize(
    "folder",
    ["@eaDir", "sub/@eaDir", "#recycle", "Lightroom Previews.lrdata", "__MACOSX"],
)
def test_folders_of_software_are_passed_over_and_named(put, folder):
    found = find_photos(put("a.jpg", f"{folder}/deep/THUMB.jpg"))
    assert found.photos == ["a.jpg"]
    assert found.passed_over == {"folder of software": [folder]}


def test_a_folder_that_only_sounds_like_softwares_is_searched(put):
    assert find_photos(put("#holiday/a.jpg", "@home/b.jpg")).photos == [
        "#holiday/a.jpg",
        "@home/b.jpg",
    ]


def test_of_an_apple_photos_library_the_originals_are_found(put):
    found = find_photos(
        put("My.photoslibrary/originals/1/a.heic", "My.photoslibrary/resources/b.jpg")
    )
    assert found.photos == ["My.photoslibrary/originals/1/a.heic"]


def test_videos_are_passed_over_and_named(put):
    found = find_photos(put("a.heic", "a.MOV", "b.mp4"))
    assert found.photos == ["a.heic"]
    assert found.passed_over == {"video": ["a.MOV", "b.mp4"]}


def test_a_raw_file_beside_its_jpeg_is_one_photo(put):
    found = find_photos(put("a.jpg", "a.NEF", "b.CR2", "sub/a.nef"))
    assert found.photos == ["a.jpg", "b.CR2", "sub/a.nef"]
    assert found.passed_over == {"raw beside its JPEG": ["a.NEF"]}


def test_a_linked_folder_is_followed_once(put, tmp_path):
    album = put("a.jpg", "sub/b.jpg")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "c.jpg").write_text("c")
    (album / "one").symlink_to(elsewhere)
    (album / "two").symlink_to(elsewhere)
    (elsewhere / "round").symlink_to(album)
    assert find_photos(album).photos == ["a.jpg", "one/c.jpg", "sub/b.jpg"]


def test_a_file_under_two_names_is_one_photo(put):
    album = put("a.jpg")
    (album / "b.jpg").symlink_to(album / "a.jpg")
    os.link(album / "a.jpg", album / "c.jpg")
    found = find_photos(album)
    assert found.photos == ["a.jpg"]
    assert found.passed_over == {"second name of a photo": ["b.jpg", "c.jpg"]}


def test_a_link_to_nothing_is_a_photo_that_cannot_be_read(put):
    album = put("a.jpg")
    (album / "b.jpg").symlink_to(album / "gone.jpg")
    assert find_photos(album).photos == ["a.jpg", "b.jpg"]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"must exist\. Got .*nowhere"):
        find_photos(tmp_path / "nowhere")


@pytest.mark.skipif(sys.platform != "linux", reason="others only allow Unicode names")
def test_a_name_that_is_not_utf8_is_refused(put):
    album = put("a.jpg")
    (album / os.fsdecode(b"caf\xe9.jpg")).touch()
    with pytest.raises(InputError, match=r"must be UTF-8\. Got 'caf\\udce9\.jpg'"):
        find_photos(album)
