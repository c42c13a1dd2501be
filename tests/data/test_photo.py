import io

import numpy as np
import pytest
from PIL import Image

from piaa_tf.data.decode import read_image
from piaa_tf.data.photo import as_photos, photo_name, photo_pixels
from piaa_tf.errors import InputError

ORIENTATION, TURNED = 0x0112, 6


@pytest.fixture
def path(tmp_path):
    """A photo that a camera held upright, so that its pixels lie on their side."""
    pixels = np.random.default_rng(0).integers(0, 256, [20, 30, 3], dtype=np.uint8)
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    Image.fromarray(pixels).save(tmp_path / "photo.jpg", exif=exif)
    return tmp_path / "photo.jpg"


def forms(path):
    return {
        "text": str(path),
        "path": path,
        "bytes": path.read_bytes(),
        "pillow": Image.open(path),
        "array": read_image(path),
    }


@pytest.mark.parametrize("form", ["text", "path", "bytes", "pillow", "array"])
def test_every_form_gives_the_pixels_of_the_file(path, form):
    pixels = photo_pixels(forms(path)[form], "it")
    assert pixels.shape == (30, 20, 3)
    np.testing.assert_array_equal(pixels, read_image(path))


def test_a_grey_array_becomes_three_equal_channels():
    pixels = photo_pixels(np.array([[0, 7], [9, 255]], np.uint8), "it")
    np.testing.assert_array_equal(pixels[..., 2], [[0, 7], [9, 255]])
    assert (pixels == pixels[..., :1]).all()


def test_a_transparent_array_lies_on_white():
    pixels = photo_pixels(np.array([[[9, 8, 7, 0], [9, 8, 7, 255]]], np.uint8), "it")
    assert pixels.tolist() == [[[255] * 3, [9, 8, 7]]]


def test_one_image_of_pillow_may_come_many_times(path):
    from piaa_tf.data.images import image_batches

    image = Image.open(path)
    [batch] = image_batches([image] * 16, 8, batch_size=16)
    assert (batch.numpy() == batch.numpy()[0]).all()


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        (b"no photo", r"^photos\[1\] must be a whole photo .* Got: something else"),
        (3.5, r"^photos\[1\] must be a path, .* Got 3\.5\."),
        (None, r"^photos\[1\] must be a path, .* Got None\."),
        (np.zeros([4, 4, 3]), r"^photos\[1\] .* Got an array of float64 \[4, 4, 3\]"),
        (np.zeros([4, 4, 2], np.uint8), r"Got an array of uint8 \[4, 4, 2\]"),
        (np.zeros([0, 4, 3], np.uint8), r"Got an array of uint8 \[0, 4, 3\]"),
        (np.zeros([4], np.uint8), r"Got an array of uint8 \[4\]"),
    ],
)
def test_what_is_no_photo_is_refused_by_its_place(path, photo, message):
    photos = [path, photo]
    with pytest.raises(InputError, match=message):
        photo_pixels(as_photos(photos)[1], photo_name(photos, 1))


def test_the_error_of_bytes_says_nothing_of_memory():
    with pytest.raises(InputError, match="it must be a whole photo") as caught:
        photo_pixels(b"no photo", "it")
    assert "0x" not in str(caught.value)


def test_a_file_is_called_by_its_name(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    photos = [tmp_path / "a.jpg"]
    with pytest.raises(InputError, match=r"a\.jpg must be a whole photo"):
        photo_pixels(photos[0], photo_name(photos, 0))


def test_a_cut_off_image_of_pillow_is_refused(path):
    image = Image.open(io.BytesIO(path.read_bytes()[:700]))
    with pytest.raises(InputError, match="it must be a whole"):
        photo_pixels(image, "it")


@pytest.mark.parametrize(
    "photos",
    ["a.jpg", b"...", 7, Image.new("L", [2, 2]), np.zeros([4, 4, 3], np.uint8)],
)
def test_a_single_photo_is_no_list(photos):
    with pytest.raises(InputError, match=r"photos must be several.* into a list"):
        as_photos(photos)


def test_an_array_of_four_axes_is_several():
    assert len(as_photos(np.zeros([5, 4, 4, 3], np.uint8))) == 5
