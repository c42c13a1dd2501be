"""Configs refuse what cannot be simulated."""

import pytest

from piaa_tf.data.gallery.config import GalleryConfig, SplitSizes, TasteShares
from piaa_tf.errors import InputError

SMALL = SplitSizes(4, 2, 3, 2, 5, 6)


@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_a_share_that_is_no_share_is_refused(noise):
    with pytest.raises(InputError, match=f"must be >= 0. Got noise={noise}"):
        TasteShares(noise=noise)


def test_shares_must_sum_to_one():
    with pytest.raises(InputError, match=r"must sum to 1. Got 1\.100000"):
        TasteShares(shared=0.44)
    TasteShares(shared=0.34 + 5e-7)


@pytest.mark.parametrize("name", ["scored_pictures", "likers", "users"])
def test_a_split_needs_something_of_everything(name):
    sizes = {**vars(SMALL), name: 0}
    with pytest.raises(InputError, match=f"{name} must be >= 1. Got 0"):
        SplitSizes(**sizes)


def test_a_user_cannot_rate_more_photos_than_there_are():
    with pytest.raises(InputError, match="ratings_per_user must be <= rated_pictures"):
        SplitSizes(4, 2, 3, 2, ratings_per_user=7, rated_pictures=6)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(InputError, match=f"seed must be >= 0 and .* Got {seed}"):
        GalleryConfig(seed=seed)


def test_an_image_size_out_of_range_is_refused():
    with pytest.raises(InputError, match=r"image_size must be 16 to 1024 .* Got 8"):
        GalleryConfig(image_size=8)


def test_too_many_photos_are_refused():
    huge = SplitSizes(1_000_000, 2, 3, 2, 5, 6)
    with pytest.raises(InputError, match="draws at most 1000000 photos"):
        GalleryConfig(train=huge)


def test_blocks_follow_each_other_without_overlap():
    config = GalleryConfig(train=SMALL, validation=SMALL, test=SMALL)
    indices = [index for block in config.blocks().values() for index in block]
    # Eight candidates for each like.
    assert indices == list(range(3 * (4 + 2 * 3 * 8 + 6)))


def test_differences_name_the_fields():
    config = GalleryConfig()
    assert list(config.differences({"seed": 0})) == [
        "image_size",
        "shares",
        "train",
        "validation",
        "test",
    ]
