import numpy as np
import pytest

from piaa_tf.data.datasets import ava
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.samples import SampleError, ScoreDistributions
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError

# The first line of the published file.
FIRST = "1 953619 0 1 5 17 38 36 15 6 5 1 1 22 1396"
COUNTS = [0, 1, 5, 17, 38, 36, 15, 6, 5, 1]


def load(root, split, **options):
    return ava.load(Request(ScoreDistributions, root, split, **options))


def test_counts_are_those_of_scores_one_to_ten(put, tmp_path):
    put("AVA.txt", FIRST + "\n")
    put("images/953619.jpg")
    samples = load(tmp_path, "all")
    assert samples.images == ("953619.jpg",)
    assert samples.counts.tolist() == [COUNTS]
    assert samples.bin_scores.tolist() == [*range(1, 11)]
    mean = np.dot(COUNTS, range(1, 11)) / sum(COUNTS)
    np.testing.assert_allclose(samples.mean_scores, [mean], rtol=1e-6)


def test_the_test_images_are_those_of_the_list(put, tmp_path):
    ids = [str(number) for number in range(1, 200)]
    put("AVA.txt", "".join(f"{i} {i} {'1 ' * 10}0 0 7\r\n" for i in ids))
    put("aesthetics_image_lists/generic_test.jpgl", "3\n5\n\n17\n")
    for number in ids:
        put(f"image/{number}.jpg")
    parts = {split: set(load(tmp_path, split).images) for split in SPLITS}
    assert parts["test"] == {"3.jpg", "5.jpg", "17.jpg"}
    assert 0 < len(parts["validation"]) < 20
    assert sum(map(len, parts.values())) == len(ids) == len(set.union(*parts.values()))


def test_without_the_list_test_images_are_drawn_and_that_is_said(put, tmp_path, logged):
    put("AVA.txt", "".join(f"{i} {i} {'1 ' * 10}0 0 7\n" for i in range(1, 300)))
    for number in range(1, 300):
        put(f"images/{number}.jpg")
    assert 0.03 < len(load(tmp_path, "test")) / 299 < 0.15
    assert any("are drawn, not the published" in line for line in logged)


TANET = """\
image_id,score2,score3,score4,score5,score6,score7,score8,score9,score10,score11,tag1
687050,1,5,6,51,117,78,29,10,6,1,12
"""
PYIQA = """\
img_name,MOS,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,semantic_tag1
687050.jpg,5.1,1,5,6,51,117,78,29,10,6,1,12
"""


@pytest.mark.parametrize(
    "text", [TANET, PYIQA], ids=["named one too high", "named by score"]
)
def test_derived_tables_give_the_same_counts(put, tmp_path, text):
    put("train.csv", text)
    put("images/687050.jpg")
    samples = load(tmp_path, "train")
    assert samples.images == ("687050.jpg",)
    assert samples.counts.tolist() == [[1, 5, 6, 51, 117, 78, 29, 10, 6, 1]]
    assert samples.bin_scores.tolist() == [*range(1, 11)]


def test_eleven_columns_of_scores_are_refused(put, tmp_path):
    names = ",".join(f"score{number}" for number in range(1, 12))
    put("train.csv", f"image_id,{names}\n7,{','.join('1' * 11)}\n")
    put("images/7.jpg")
    with pytest.raises(InputError, match=r"Got also score1: which .* cannot be told"):
        load(tmp_path, "train")


@pytest.mark.parametrize("header", ["", "id a b c d e f g h i j mean\n"])
def test_shares_are_read_with_a_header_or_without(put, tmp_path, header):
    shares = [0, 0, 0.1, 0.2, 0.4, 0.2, 0.1, 0, 0, 0]
    line = f"7 {' '.join(map(str, shares))} {np.dot(shares, range(1, 11)):.4f}\n"
    put("test.txt", header + line)
    put("images/7.jpg")
    np.testing.assert_allclose(load(tmp_path, "test").probabilities, [shares])


def test_shifted_shares_are_refused_by_their_mean(put, tmp_path):
    shares = [0, 0, 0.1, 0.2, 0.4, 0.2, 0.1, 0, 0, 0]
    shifted = [*shares[1:], 0]
    mean = np.dot(shares, range(1, 11))
    put("test.txt", f"7 {' '.join(map(str, shifted))} {mean}\n")
    put("images/7.jpg")
    with pytest.raises(SampleError, match=r"line 1, column mean.*columns shifted"):
        load(tmp_path, "test")


def test_images_that_everybody_misses_are_left_out(put, tmp_path, logged):
    put("AVA.txt", FIRST + "\n" + FIRST.replace("953619", "512522") + "\n")
    put("images/953619.jpg")
    assert load(tmp_path, "all").images == ("953619.jpg",)
    assert "1 images that every copy lacks are left out" in logged


def test_another_missing_image_is_refused_unless_allowed(put, tmp_path):
    put("AVA.txt", FIRST + "\n" + FIRST.replace("953619", "8") + "\n")
    put("images/953619.jpg")
    with pytest.raises(InputError, match=r"AVA\.txt, line 2: .*'8\.jpg'.*1 of 2"):
        load(tmp_path, "all")
    told = []
    samples = load(tmp_path, "all", on_missing=lambda photos, names: told.extend(names))
    assert (samples.images, told) == (("953619.jpg",), ["8.jpg"])


def test_a_folder_of_nothing_is_refused(put, tmp_path):
    put("images/7.jpg")
    with pytest.raises(InputError, match=r"must hold AVA\.txt or train\.csv"):
        load(tmp_path, "train")
