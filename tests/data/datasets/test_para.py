import numpy as np
import pytest

from piaa_tf.data.datasets import catalog, para
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.samples import (
    LikedImages,
    PersonalRatings,
    SampleError,
    ScoreDistributions,
)
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError

HEADER = (
    "sessionId,imageName,userId,aestheticScore,qualityScore,compositionScore,"
    "colorScore,dofScore,contentScore,lightScore,isObjectEmphasis,imgEmotion,"
    "difficultyOfJudgment,contentPreference,willingnessToShare,semantic"
)
USER_HEADER = (
    "userId,age,gender,EducationalLevel,artExperience,photographyExperience,"
    "personality-E,personality-A,personality-N,personality-O,personality-C"
)


def put_ratings(put, ratings):
    """ratings: (session, image, user, aesthetic score)."""
    rows = [f"{s},{i},{u},{r},2,2,2,2,2,2,1,awe,-1,3,3,scene" for s, i, u, r in ratings]
    put("annotation/PARA-Images.csv", "\n".join([HEADER, *rows]))
    for session, image, _, _ in ratings:
        put(f"imgs/{session}/{image}")


@pytest.fixture
def small_set(put, tmp_path):
    """Three users rate all of four images; one user and one image are for test."""
    ratings = [
        (f"session{i}", f"iaa_pub{i}_.jpg", f"A{u}", 1 + (i + u) % 9 / 2)
        for i in range(4)
        for u in range(3)
    ]
    put_ratings(put, ratings)
    put("userset/TestUserIDs_Fold1.txt", "A2\n")
    put(
        "annotation/PARA-GiaaTest.csv",
        "sessionId,imageName,x\nsession3,iaa_pub3_.jpg,1",
    )
    put("validation_images.txt", "iaa_pub2_.jpg\n")
    return tmp_path


def load(root, split, kind=PersonalRatings):
    return para.load(Request(kind, root, split))


def test_images_lie_in_the_folders_of_their_sessions(small_set):
    everything = load(small_set, "all")
    assert len(everything) == 12
    assert everything.images[0] == "session0/iaa_pub0_.jpg"
    assert everything.ratings[:3].tolist() == [1, 1.5, 2]


def test_ratings_need_their_user_and_image_in_the_split(small_set):
    train, test = load(small_set, "train"), load(small_set, "test")
    assert set(test.users) == {"A2"}
    assert set(test.images) == {"session3/iaa_pub3_.jpg"}
    assert "A2" not in train.users
    assert set(train.images) == {"session0/iaa_pub0_.jpg", "session1/iaa_pub1_.jpg"}


def test_distributions_for_training_hold_no_test_users_vote(small_set, logged):
    train = load(small_set, "train", ScoreDistributions)
    assert train.bin_scores.tolist() == [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]
    # Image 0 was given 1, 1.5 and, by the test user, 2.
    assert train.counts[0].tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert any("4 votes counted, 2 on such images left out" in line for line in logged)
    test = load(small_set, "test", ScoreDistributions)
    assert test.counts.sum() == 3


def test_without_lists_users_and_images_are_drawn(put, tmp_path):
    ratings = [("s1", f"i{i}.jpg", f"A{u}", 3.5) for i in range(60) for u in range(60)]
    put_ratings(put, ratings)
    parts = [load(tmp_path, split) for split in SPLITS]
    for field in ("users", "images"):
        sets = [set(getattr(part, field)) for part in parts]
        assert len(set.union(*sets)) == sum(map(len, sets)) == 60


def test_another_fold_has_other_test_users(put, small_set):
    put("userset/TestUserIDs_Fold3.txt", "A1\n")
    ratings = catalog.load("para_fold3", PersonalRatings, small_set, "test")
    assert set(ratings.users) == {"A1"}
    with pytest.raises(InputError, match=r"TestUserIDs_Fold2\.txt must be a list"):
        catalog.load("para_fold2", PersonalRatings, small_set, "test")


def put_users(put, rows):
    put("annotation/PARA-UserInfo.csv", "\n".join([USER_HEADER, *rows]))


def test_likes_have_their_users_traits_by_name_not_by_place(put, tmp_path, logged):
    put_ratings(
        put,
        [("s", "a.jpg", "A1", 4), ("s", "b.jpg", "A1", 3.5), ("s", "a.jpg", "A9", 5)],
    )
    put_users(put, ["A1,18-21,male,university,beginner,beginner,1,4,7,10,5.5"])
    likes = load(tmp_path, "all", LikedImages)
    assert (likes.users, likes.images) == (("A1",), ("s/a.jpg",))
    # E, A, N, O, C of the file are 1, 4, 7, 10, 5.5; ours are O, C, E, A, N.
    expected = (np.array([10, 5.5, 1, 4, 7]) - 5.5) / 4.5
    np.testing.assert_allclose(likes.traits[0], expected, atol=1e-6)
    assert any("1 of 2 users have no traits" in line for line in logged)


def test_a_trait_on_another_scale_is_refused(put, tmp_path):
    put_ratings(put, [("s", "a.jpg", "A1", 4)])
    put_users(put, ["A1,18-21,male,university,beginner,beginner,1,4,7,0.3,5"])
    with pytest.raises(SampleError, match="line 2, column personality-O: A trait must"):
        load(tmp_path, "all", LikedImages)


def test_a_workbook_in_the_place_of_the_table_is_refused(put, tmp_path):
    put("annotation/PARA-Images.xlsx", "PK")
    with pytest.raises(InputError, match=r"Got PARA-Images\.xlsx.*save it as CSV"):
        load(tmp_path, "train")
