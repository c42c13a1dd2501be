import pytest

from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import PersonalRatings, ScoreDistributions
from piaa_tf.errors import InputError


def test_an_unknown_set_is_refused_with_the_names():
    with pytest.raises(InputError, match=r"one of \['aadb', .*Got 'avva'"):
        catalog.load("avva", PersonalRatings, "x", "train")


def test_a_directory_must_be_given():
    with pytest.raises(InputError, match="'ava' lies on disk"):
        catalog.load("ava", ScoreDistributions, None, "train")


@pytest.mark.parametrize(
    ("dataset", "kind", "split"),
    [
        ("ava", PersonalRatings, "train"),
        ("real_cur", PersonalRatings, "train"),
        ("psycho_flickr", ScoreDistributions, "all"),
    ],
)
def test_what_a_set_does_not_have_is_refused_with_what_it_has(dataset, kind, split):
    with pytest.raises(InputError, match=f"Got {kind.__name__} for {split}; it has t"):
        catalog.load(dataset, kind, "nowhere", split)


@pytest.mark.parametrize(
    "dataset", [name for name, entry in catalog.DATA_SETS.items() if entry.contents]
)
def test_every_published_set_says_what_its_folder_lacks(dataset, tmp_path):
    split, kind = catalog.contents(dataset, tmp_path)[0]
    with pytest.raises(InputError, match=str(tmp_path)):
        catalog.load(dataset, kind, tmp_path, split)


def test_missing_images_are_told_to_whoever_asks(put, tmp_path):
    put("data/votes_filtered.csv", "image_id=user_id=score\n1=a=3\n2=a=4\n")
    put("images/EVA_together/1.jpg")
    told = []
    samples = catalog.load(
        "eva",
        PersonalRatings,
        tmp_path,
        "all",
        on_missing=lambda photos, images: told.append((photos, images)),
    )
    assert samples.images == ("1.jpg",)
    assert told == [(tmp_path / "images" / "EVA_together", ["2.jpg"])]
