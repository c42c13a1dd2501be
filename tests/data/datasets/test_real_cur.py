import numpy as np
import pytest
from PIL import Image

from piaa_tf.data.datasets import real_cur
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.decode import read_image
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError


def load(root):
    return real_cur.load(Request(PersonalRatings, root, "test"))


def test_the_folder_is_the_score(put, tmp_path):
    for name in ("anna/5/a.jpg", "anna/1/b.JPG", "bob/3/a.jpg"):
        put(f"images/{name}")
    samples = load(tmp_path)
    assert list(zip(samples.users, samples.images, samples.ratings)) == [
        ("anna", "anna/1/b.JPG", 1),
        ("anna", "anna/5/a.jpg", 5),
        ("bob", "bob/3/a.jpg", 3),
    ]


def test_photos_are_turned_as_the_camera_noted(tmp_path):
    path = tmp_path / "images" / "anna" / "4" / "tall.jpg"
    path.parent.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", [8, 4]).save(path, exif=exif)
    assert np.shape(read_image(load(tmp_path).paths[0])) == (8, 4, 3)


@pytest.mark.parametrize("name", ["anna/0/a.jpg", "anna/a.jpg", "anna/good/a.jpg"])
def test_an_image_in_no_folder_of_a_score_is_refused(put, tmp_path, name):
    put(f"images/{name}"), put("images/anna/5/b.jpg")
    with pytest.raises(InputError, match=f"ALBUM/SCORE/.*{name}"):
        load(tmp_path)
