import csv
import shutil

import pytest

from piaa_tf.adaptation.active.selection import choose_next
from piaa_tf.adaptation.active.suggest import suggest_photos
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.data.own_ratings import ME
from piaa_tf.errors import InputError
from piaa_tf.models.prior import load_prior
from piaa_tf.programs import adapt
from piaa_tf.ratings import RatingRange


@pytest.fixture
def album(tiny_gallery, tmp_path):
    """Eight photos, of which anna rated three and bert two."""
    (tmp_path / "photos").mkdir()
    for i, source in enumerate(sorted((tiny_gallery / "photos").rglob("*.jpg"))[:8]):
        shutil.copy(source, tmp_path / "photos" / f"{i}.jpg")
    rows = "anna,0.jpg,1\nanna,1.jpg,5\nanna,2.jpg,4\nbert,0.jpg,5\nbert,3.jpg,2.5\n"
    (tmp_path / "ratings.csv").write_text(f"user_id,image,rating\n{rows}")
    return tmp_path


def config(album, prior, **changes):
    return adapt.AdaptConfig(
        **{
            "prior": str(prior),
            "photos": str(album / "photos"),
            "ratings": str(album / "ratings.csv"),
            "out": str(album / "next.csv"),
            "suggest": 4,
            **changes,
        }
    )


def rows_of(album):
    with (album / "next.csv").open(newline="") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


@pytest.mark.parametrize("method", ["variance", "k_centre", "random"])
def test_the_list_has_what_was_rated_and_what_to_rate(album, tiny_prior, method):
    adapt.run(config(album, tiny_prior, suggest_by=method))
    rows = rows_of(album)
    assert rows[:3] == [
        ("anna", "0.jpg", "1"),
        ("anna", "1.jpg", "5"),
        ("anna", "2.jpg", "4"),
    ]
    for user, rated in (("anna", {"0.jpg", "1.jpg", "2.jpg"}), ("bert", {"0.jpg"})):
        asked = {image for who, image, rating in rows if who == user and not rating}
        assert len(asked) == 4
        assert not asked & rated
    assert ("bert", "3.jpg", "2.5") in rows


def test_a_list_that_is_filled_in_can_be_adapted_to(album, tiny_prior):
    adapt.run(config(album, tiny_prior, ratings="", user_id="carl"))
    text = (album / "next.csv").read_text()
    stars = iter("15243")
    filled = "\n".join(
        line + next(stars) if line.endswith(",") else line for line in text.split("\n")
    )
    (album / "ratings.csv").write_text(filled)
    out = str(album / "tastes.npz")
    adapt.run(config(album, tiny_prior, suggest=0, out=out, user_id="carl"))
    assert (album / "tastes.npz").exists()


def test_somebody_new_is_asked_too(album, tiny_prior):
    adapt.run(config(album, tiny_prior, ratings=""))
    assert {row[0] for row in rows_of(album)} == {ME}


def test_one_user_alone_is_asked(album, tiny_prior):
    adapt.run(config(album, tiny_prior, user_id="bert"))
    assert {row[0] for row in rows_of(album)} == {"bert"}


def test_ratings_that_were_filled_in_are_not_overwritten(album, tiny_prior):
    before = (album / "ratings.csv").read_bytes()
    with pytest.raises(InputError, match=r"new file.*Got .*ratings\.csv"):
        adapt.run(config(album, tiny_prior, out=str(album / "ratings.csv")))
    assert (album / "ratings.csv").read_bytes() == before


def test_tastes_are_left_alone_when_users_are_asked(album, tiny_prior):
    tastes = album / "tastes.npz"
    adapt.run(config(album, tiny_prior, suggest=0, out=str(tastes)))
    before = tastes.read_bytes()
    adapt.run(config(album, tiny_prior, out=str(tastes)))
    assert tastes.read_bytes() == before
    assert not (album / "next.csv").exists()


def test_a_large_album_is_looked_at_in_part(album, tiny_prior, monkeypatch):
    prior = load_prior(tiny_prior)
    personal = personal_score(prior, "fusion", RatingRange(1, 5))
    photos = album / "photos"
    images = sorted(path.name for path in photos.iterdir())
    monkeypatch.setattr("piaa_tf.adaptation.active.selection.MAX_POOL", 3)
    rated = {"anna": ["0.jpg", "1.jpg"]}
    suggested = suggest_photos(
        prior, personal, photos, images[2:], rated, method="variance", count=3
    )["anna"]
    monkeypatch.undo()
    considered = ["0.jpg", "1.jpg", *sorted(suggested)]
    embedding = predict(prior, [photos / image for image in considered])["embedding"]
    chosen = choose_next("variance", personal, embedding, rated=[0, 1], count=3)
    assert [considered[i] for i in chosen] == suggested


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"suggest": -1}, "suggest must be a number of photos. Got -1"),
        ({"suggest": 0, "ratings": ""}, "Ratings are needed to adapt to. Got no file"),
    ],
)
def test_impossible_flags_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        adapt.AdaptConfig(**{"ratings": "ratings.csv", **changes})


def test_more_than_the_album_has_cannot_be_asked_for(album, tiny_prior):
    with pytest.raises(InputError, match=r"must be 1 to 5, .* Got 6"):
        adapt.run(config(album, tiny_prior, suggest=6))
    assert not (album / "next.csv").exists()


def test_adapting_an_unknown_user_alone_is_refused(album, tiny_prior):
    with pytest.raises(InputError, match="among the 2 who rated"):
        adapt.run(config(album, tiny_prior, suggest=0, user_id="carl"))
