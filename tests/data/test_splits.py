import pytest

from piaa_tf.data import splits
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange


@pytest.fixture
def ratings(put, tmp_path):
    for name in "abc":
        put(f"photos/{name}.jpg")
    images, users = ["b.jpg", "a.jpg", "b.jpg"], ["v", "u", "u"]
    return PersonalRatings(
        tmp_path / "photos", images, users, [1, 2, 3], RatingRange(1, 5)
    )


def test_a_name_is_drawn_alike_whatever_else_is_there():
    names = [f"user{number}" for number in range(1000)]
    drawn = splits.drawn(names, validation=0.1, test=0.2)
    again = splits.drawn(names[500:] * 2, validation=0.1, test=0.2)
    assert again.tolist() == drawn[500:].tolist() * 2
    shares = [(drawn == split).mean() for split in splits.SPLITS]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.05)


def test_another_seed_draws_otherwise():
    names = [str(number) for number in range(100)]
    drawn = [splits.drawn(names, validation=0.3, test=0.3, seed=s) for s in (0, 1)]
    assert (drawn[0] != drawn[1]).any()


def test_listed_names_may_be_given_another_split_later():
    found = splits.listed(["a", "b"], test=["b"])
    found[found == "train"] = "validation"
    assert found.tolist() == ["validation", "test"]


def test_a_list_has_a_name_per_line(put):
    assert splits.read_list(put("x.txt", "\ufeffa\r\n\r\n b \n")) == ["a", "b"]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"caf\xe9"])
def test_what_is_no_list_is_refused(put, content):
    with pytest.raises(InputError, match=r"x\.txt must (list a name|be a list)"):
        splits.read_list(put("x.txt", content))


def test_a_run_remembers_its_images_and_users(ratings, tmp_path):
    for _ in range(2):  # again with the same data is no matter
        splits.write_split(tmp_path / "splits", "train", ratings)
    read = (tmp_path / "splits" / "train.images.txt").read_text()
    assert read == "a.jpg\nb.jpg\n"
    assert (tmp_path / "splits" / "train.users.txt").read_text() == "u\nv\n"
    assert splits.trained_images(tmp_path / "prior") == {"a.jpg", "b.jpg"}


def test_a_run_does_not_go_on_with_other_data(ratings, tmp_path):
    splits.write_split(tmp_path, "train", ratings)
    with pytest.raises(InputError, match=r"Got other images than .*train\.images\.txt"):
        splits.write_split(tmp_path, "train", ratings.of_user("v"))


def test_validation_images_are_none_that_a_prior_was_trained_on(ratings, tmp_path):
    splits.write_split(tmp_path / "splits", "validation", ratings)
    assert splits.trained_images(tmp_path / "prior") is None


@pytest.mark.parametrize(
    ("learned", "count", "sentence"),
    [
        ({"b.jpg", "z.jpg"}, 1, "users: 1 of its 2 images the prior was trained on"),
        (set(), 0, "users: 0 of its 2 images the prior was trained on"),
        (None, None, "users: it is not known how many of its 2 images the prior"),
    ],
)
def test_overlap_is_said(ratings, logged, learned, count, sentence):
    assert splits.log_overlap(learned, ratings, by="the prior", what="users") == count
    assert logged[0].startswith(sentence)
