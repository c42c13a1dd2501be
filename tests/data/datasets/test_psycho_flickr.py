import numpy as np
import pytest

from piaa_tf.data.datasets import psycho_flickr
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.samples import LikedImages, SampleError
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError
from piaa_tf.ratings import TRAITS

NUMBERS = [0.1, -0.2, 0.3, -0.4, 0.5]
ROW = " ".join(map(str, NUMBERS))


def load(root, split="all"):
    return psycho_flickr.load(Request(LikedImages, root, split))


@pytest.mark.parametrize("header", ["", "image O C E A N\n", "path t1 t2 t3 t4 t5\r\n"])
def test_the_derived_form_has_its_users_in_the_paths(put, tmp_path, header):
    put("Personality.csv", f"{header}u7/a.jpg {ROW}\nu7/b.jpg {ROW}\n")
    put("u7/a.jpg"), put("u7/b.jpg")
    samples = load(tmp_path)
    assert samples.users == ("u7", "u7")
    assert samples.images == ("u7/a.jpg", "u7/b.jpg")
    np.testing.assert_allclose(samples.traits[0], NUMBERS, rtol=1e-6)


def test_traits_that_the_header_orders_otherwise_are_put_right(put, tmp_path):
    put("Personality.csv", f"image E A N O C\nu/a.jpg {ROW}\n")
    put("u/a.jpg")
    by_name = dict(zip("EANOC", NUMBERS))
    expected = [by_name[trait[0].upper()] for trait in TRAITS]
    np.testing.assert_allclose(load(tmp_path).traits[0], expected, rtol=1e-6)


def test_a_header_that_names_some_traits_is_refused(put, tmp_path):
    put("Personality.csv", f"image E A N O O\nu/a.jpg {ROW}\n")
    with pytest.raises(InputError, match=r"line 1: the header must name each of"):
        load(tmp_path)


def test_an_image_without_a_folder_has_no_user(put, tmp_path):
    put("Personality.csv", f"a.jpg {ROW}\n")
    put("a.jpg")
    with pytest.raises(SampleError, match=r"line 1, column image: The folder of an"):
        load(tmp_path)


def test_traits_on_another_scale_are_refused(put, tmp_path):
    put("Personality.csv", "u/a.jpg 4 1 1 1 1\n")
    put("u/a.jpg")
    with pytest.raises(SampleError, match=r"line 1, column openness: A trait must lie"):
        load(tmp_path)


def test_folders_of_users_are_joined_with_their_traits(put, tmp_path):
    rows = [f"u{i},{','.join([str(i / 100)] * 5)}\n" for i in range(60)]
    put("traits.csv", f"user_id,{','.join(TRAITS)}\n" + "".join(rows))
    for i in range(60):
        put(f"images/u{i}/a.jpg"), put(f"images/u{i}/b.jpg")
    parts = [load(tmp_path, split) for split in SPLITS]
    users = [set(part.users) for part in parts]
    assert len(set.union(*users)) == sum(map(len, users)) == 60
    assert len(users[0]) > 40
    assert sum(map(len, parts)) == 120
    first = parts[0]
    assert first.traits[0, 0] == np.float32(int(first.users[0][1:]) / 100)


def test_a_folder_without_traits_is_refused(put, tmp_path):
    put("traits.csv", f"user_id,{','.join(TRAITS)}\nu1,0,0,0,0,0\n")
    put("images/u1/a.jpg"), put("images/u2/a.jpg")
    with pytest.raises(InputError, match=r"traits of each folder.*none of 'u2'"):
        load(tmp_path)
