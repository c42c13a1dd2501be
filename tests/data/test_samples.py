from pathlib import Path

import numpy as np
import pytest

from piaa_tf.data.samples import (
    LikedImages,
    PersonalRatings,
    SampleError,
    ScoreDistributions,
)
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

RANGE = RatingRange(1, 5)


@pytest.fixture
def photos(tmp_path):
    for name in ("a.jpg", "b.jpg", "deep/c.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "photos"


@pytest.fixture
def ratings(photos):
    return PersonalRatings(
        photos=photos,
        images=["b.jpg", "a.jpg", "b.jpg", "deep/c.jpg"],
        users=["zoe", "ann", "ann", "zoe"],
        ratings=[5, 1, 2, 3.5],
        rating_range=RANGE,
    )


def likes(photos, users=("u", "u", "v"), traits=None):
    images = ["a.jpg", "b.jpg", "a.jpg"]
    if traits is None:
        traits = [[0.5] * 5, [0.5] * 5, [-1] * 5]
    return LikedImages(photos=photos, images=images, users=users, traits=traits)


def scores(photos, counts, bin_scores=(1, 2, 3), images=("a.jpg", "b.jpg")):
    return ScoreDistributions(
        photos=photos, images=images, counts=counts, bin_scores=bin_scores
    )


def rated(photos, images=("a.jpg",), users=("u",), ratings=(3,)):
    return PersonalRatings(
        photos=photos, images=images, users=users, ratings=ratings, rating_range=RANGE
    )


def test_paths_lie_in_the_photo_folder(ratings, photos):
    assert ratings.paths[3] == photos / "deep" / "c.jpg"
    assert isinstance(ratings.paths[3], Path)


def test_probabilities_are_shares_of_the_counts(photos):
    samples = scores(photos, [[1, 1, 2], [0, 0, 5]])
    expected = np.array([[1 / 4, 1 / 4, 2 / 4], [0, 0, 1]], np.float32)
    np.testing.assert_array_equal(samples.probabilities, expected)
    assert samples.probabilities.dtype == np.float32


def test_mean_scores_weigh_the_bins_by_their_counts(photos):
    samples = scores(photos, [[1, 1, 2], [0, 0, 5]], bin_scores=[1, 2, 10])
    np.testing.assert_allclose(samples.mean_scores, [(1 + 2 + 2 * 10) / 4, 10])
    assert samples.rating_range == RatingRange(1, 10)


def test_users_come_in_the_order_of_their_first_ratings(ratings):
    assert ratings.user_ids() == ["zoe", "ann"]


def test_of_user_keeps_one_user_in_order(ratings):
    own = ratings.of_user("ann")
    assert isinstance(own, PersonalRatings)
    assert own.user_ids() == ["ann"]
    assert own.images == ("a.jpg", "b.jpg")
    assert own.ratings.tolist() == [1, 2]


def test_an_unknown_user_is_refused_with_some_known_ones(ratings):
    with pytest.raises(InputError, match=r"2 who rated: zoe, ann\. Got 'bob'"):
        ratings.of_user("bob")


def test_mean_ratings_average_over_users(ratings):
    images, means = ratings.mean_ratings()
    assert images == ["b.jpg", "a.jpg", "deep/c.jpg"]
    np.testing.assert_array_equal(means, np.array([(5 + 2) / 2, 1, 3.5], np.float32))


@pytest.mark.parametrize(
    "index", [[True, False, False, True], [0, 3], slice(None, None, 3), [0, -1]]
)
def test_select_takes_what_indexes_an_array(ratings, index):
    part = ratings.select(index)
    assert len(part) == 2
    assert part.users == ("zoe", "zoe")
    assert part.ratings.tolist() == [5, 3.5]
    assert part.rating_range == RANGE


def test_select_keeps_fields_that_are_not_per_sample(photos):
    part = scores(photos, [[1, 0, 0], [0, 2, 2]]).select([1])
    assert part.bin_scores.tolist() == [1, 2, 3]
    assert part.counts.tolist() == [[0, 2, 2]]


def test_a_selection_forgets_the_users_of_the_whole(ratings):
    assert ratings.user_ids() == ["zoe", "ann"]
    assert ratings.select([1]).user_ids() == ["ann"]


def test_an_empty_selection_is_refused(ratings):
    with pytest.raises(SampleError, match=r"must keep a sample\. Got none of 4"):
        ratings.select(np.zeros(4, bool))


def test_a_repeated_selection_is_refused(ratings):
    with pytest.raises(SampleError, match=r"each sample once\. Got one twice"):
        ratings.select([2, 2])


def test_arrays_cannot_be_written_to(ratings):
    with pytest.raises(ValueError, match="read-only"):
        ratings.ratings[0] = 1


def test_the_caller_keeps_a_writable_array(photos):
    own = np.array([3], np.float32)
    kept = rated(photos, ratings=own)
    own[0] = 4
    assert kept.ratings[0] == 3


def test_a_liker_with_several_images_is_accepted(photos):
    assert likes(photos).traits.dtype == np.float32
    assert len(likes(photos)) == 3


@pytest.mark.parametrize(
    "image",
    [
        "../a.jpg",
        "deep/../../a.jpg",
        "deep/../a.jpg",
        "/etc/passwd",
        "deep\\c.jpg",
        "..\\a.jpg",
        "C:/a.jpg",
        "./a.jpg",
        "",
        "a.jpg\0",
    ],
)
def test_a_path_that_could_leave_the_folder_is_refused(photos, image):
    with pytest.raises(SampleError, match="path inside the photo folder") as caught:
        rated(photos, ["a.jpg", image], ["u", "u"], [1, 2])
    assert (caught.value.row, caught.value.column) == (1, "image")


def test_a_missing_image_is_named_with_the_number_of_missing_ones(photos):
    with pytest.raises(SampleError, match=r"'x.jpg'.*\(2 images are miss") as caught:
        rated(photos, ["a.jpg", "x.jpg", "y.jpg"], ["u"] * 3, [1, 2, 3])
    assert (caught.value.row, caught.value.column) == (1, "image")


def test_a_folder_is_no_image(photos):
    with pytest.raises(SampleError, match="'deep', which is not there"):
        rated(photos, ["deep"])


def test_a_missing_photo_folder_is_said_rather_than_its_images(tmp_path):
    with pytest.raises(SampleError, match=r"photo folder must exist\. Got .*nowhere"):
        rated(tmp_path / "nowhere")


def test_lengths_that_differ_are_refused(photos):
    with pytest.raises(SampleError, match="'images': 1, 'users': 2, 'ratings': 1"):
        rated(photos, users=["u", "v"])


def test_an_empty_set_is_refused(photos):
    with pytest.raises(SampleError, match="must not be empty"):
        rated(photos, [], [], [])


def test_ratings_that_are_no_vector_are_refused(photos):
    with pytest.raises(SampleError, match=r"one number per sample. Got \(1, 1\)"):
        rated(photos, ratings=[[3]])


@pytest.mark.parametrize("rating", [0.9, 5.1, np.nan, np.inf])
def test_a_rating_outside_the_range_is_refused(photos, rating):
    with pytest.raises(SampleError, match=r"must lie in 1\.\.5\. Got") as caught:
        rated(photos, ["a.jpg", "b.jpg"], ["u", "u"], [5, rating])
    assert (caught.value.row, caught.value.column) == (1, "rating")


def test_a_user_who_rates_an_image_twice_is_refused(photos):
    with pytest.raises(SampleError, match="rates an image once") as caught:
        rated(photos, ["a.jpg", "b.jpg", "a.jpg"], ["u"] * 3, [1, 2, 3])
    assert caught.value.row == 2


def test_two_users_may_rate_the_same_image(photos):
    assert len(rated(photos, ["a.jpg"] * 2, ["u", "v"], [1, 2])) == 2


@pytest.mark.parametrize("user", ["", "  "])
def test_a_blank_user_is_refused(photos, user):
    with pytest.raises(SampleError, match="must not be blank") as caught:
        rated(photos, users=[user])
    assert (caught.value.row, caught.value.column) == (0, "user_id")


@pytest.mark.parametrize("trait", [-1.01, 1.01, np.nan])
def test_a_trait_outside_its_range_is_refused(photos, trait):
    traits = np.zeros([3, 5])
    traits[2, 4] = trait
    with pytest.raises(SampleError, match=r"\[-1, 1\]\. Got") as caught:
        likes(photos, traits=traits)
    assert (caught.value.row, caught.value.column) == (2, "neuroticism")


def test_traits_that_differ_within_a_user_are_refused(photos):
    traits = np.zeros([3, 5])
    traits[1, 2] = 0.25
    with pytest.raises(SampleError, match=r"Got 0\.25 after 0 for user 'u'") as caught:
        likes(photos, traits=traits)
    assert (caught.value.row, caught.value.column) == (1, "extraversion")


def test_other_than_five_traits_are_refused(photos):
    with pytest.raises(SampleError, match=r"must be \[samples, 5\].*Got \(3, 4\)"):
        likes(photos, traits=np.zeros([3, 4]))


def test_an_image_liked_twice_is_refused(photos):
    with pytest.raises(SampleError, match="likes an image once"):
        likes(photos, users=["u"] * 3, traits=np.zeros([3, 5]))


def test_an_image_with_two_distributions_is_refused(photos):
    with pytest.raises(SampleError, match=r"has one distribution. Got 'a.jpg' again"):
        scores(photos, np.ones([2, 3]), images=["a.jpg", "a.jpg"])


@pytest.mark.parametrize("count", [-1, np.nan, np.inf])
def test_a_count_that_counts_nothing_is_refused(photos, count):
    with pytest.raises(SampleError, match="finite number >= 0") as caught:
        scores(photos, [[1, 1, 1], [1, count, 1]])
    assert (caught.value.row, caught.value.column) == (1, "2")


def test_an_image_nobody_scored_is_refused(photos):
    with pytest.raises(
        SampleError, match=r"sum > 0\. Got zeros for 'b\.jpg'"
    ) as caught:
        scores(photos, [[1, 1, 1], [0, 0, 0]])
    assert caught.value.row == 1


@pytest.mark.parametrize("bins", [[1, 1, 2], [3, 2, 1], [1, 2, np.nan]])
def test_bins_that_do_not_rise_are_refused(photos, bins):
    with pytest.raises(SampleError, match="must rise from bin to bin"):
        scores(photos, np.ones([2, 3]), bins)


@pytest.mark.parametrize(("columns", "bins"), [(3, [1, 2]), (1, [1])])
def test_counts_need_a_column_per_bin(photos, columns, bins):
    with pytest.raises(SampleError, match="one column per score"):
        scores(photos, np.ones([2, columns]), bins)


def test_counts_need_two_axes(photos):
    with pytest.raises(SampleError, match=r"must be \[samples, bins\].*Got \(2,\)"):
        scores(photos, np.ones(2))
