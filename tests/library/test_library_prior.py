import numpy as np
import pytest

import piaa_tf
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.programs import adapt, portrait

PAIR = [("0.jpg", 1), ("1.jpg", 5)]


def program(rows, album, prior_dir, tmp_path, **flags):
    (tmp_path / "ratings.csv").write_text(
        "user_id,image,rating\n"
        + "".join(f"{user},{image},{rating}\n" for user, image, rating in rows)
    )
    adapt.run(
        adapt.AdaptConfig(
            prior=str(prior_dir),
            photos=str(album),
            ratings=str(tmp_path / "ratings.csv"),
            out=str(tmp_path / "tastes.npz"),
            **flags,
        )
    )
    return Tastes.load(tmp_path / "tastes.npz")


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        ({}, {}),
        ({"scope": "head", "steps": 3, "rate": 0.01},) * 2,
        ({"method": "ridge", "strength": 4.0},) * 2,
        ({"rating_range": (0, 6)}, {"rating_min": 0.0, "rating_max": 6.0}),
        ({"user_id": "bert"},) * 2,
    ],
    ids=["default", "head", "ridge", "range", "one-user"],
)
def test_adapting_gives_the_numbers_of_the_program(
    prior, album, rows, tiny_prior, tmp_path, options, flags
):
    ours = prior.adapt(rows, album, **options).adapted
    theirs = program(rows, album, tiny_prior, tmp_path, **flags)
    np.testing.assert_array_equal(ours.weights, theirs.weights)
    for name in ("user_ids", "scope", "adapted_by", "rating_range", "prior_checksum"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_photos_are_scored_in_their_order_and_in_any_range(prior, album):
    paths = sorted(album.iterdir())
    scores = prior.score(paths)
    assert scores.dtype == np.float32
    assert scores.shape == (6,)
    np.testing.assert_array_equal(prior.score([*paths[1:], paths[0]])[-1], scores[0])
    wider = prior.score(paths, rating_range=(0, 100))
    np.testing.assert_allclose(wider / 100, (scores - 1) / 4, atol=1e-5)


def test_no_photos_have_no_scores(prior):
    assert prior.score([]).shape == (0,)


def test_the_generic_ranking_is_nobodys(prior, album):
    ranking = prior.rank(album)
    assert ranking.user_id == ""
    assert not ranking.known_user
    scores = prior.score([album / photo.image for photo in ranking])
    assert [photo.score for photo in ranking] == sorted(scores.tolist(), reverse=True)


def test_progress_is_told_to_the_end(prior, album, rows):
    told = []
    prior.rank(album, progress=lambda *counts: told.append(counts))
    prior.suggest(album, 2, progress=lambda *counts: told.append(counts))
    prior.adapt(rows, album, progress=lambda *counts: told.append(counts))
    assert told == [(6, 6), (6, 6), (4, 4)]


def test_what_is_suggested_is_not_rated_yet(prior, album):
    suggested = prior.suggest(album, 2, rated=["0.jpg", "1.jpg"])
    assert len(set(suggested)) == 2
    assert not {"0.jpg", "1.jpg"} & set(suggested)
    both = prior.suggest_each(album, 2, {"a": ["0.jpg", "1.jpg"], "b": []})
    assert both["a"] == suggested
    assert both["b"] == prior.suggest(album, 2)


def test_a_portrait_is_that_of_the_program(prior, album, tiny_prior, tmp_path):
    found = prior.portrait(album)
    portrait.run(
        portrait.PortraitConfig(
            prior=str(tiny_prior), photos=str(album), out=str(tmp_path)
        )
    )
    rows = (tmp_path / "portrait.csv").read_text().split("\n")[1:6]
    assert [row.split(",")[1] for row in rows] == [f"{m:.4f}" for m in found.mean]


def test_a_prior_is_saved_and_loaded(prior, tmp_path):
    prior.save(tmp_path / "prior")
    again = piaa_tf.load_prior(tmp_path / "prior")
    assert again.trained.checksum() == prior.trained.checksum()
    assert again.metrics == prior.metrics


def test_a_prior_says_what_it_is(prior):
    assert repr(prior) == "<Prior pa_iaa, compact, 48 pixels>"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p, a: piaa_tf.load_prior(7), r"directory must be .* Got 7\."),
        (lambda p, a: piaa_tf.load_prior("nowhere"), "A prior is a folder with"),
        (lambda p, a: piaa_tf.Prior(7), r"trained must be a prior .* Got 7\."),
        (lambda p, a: p.adapt(PAIR, 7), r"photos must be the path .* Got 7\."),
        (lambda p, a: p.adapt(PAIR, a, user_id=7), r"user_id must be .* Got 7\."),
        (lambda p, a: p.adapt(PAIR, a, scope="x"), "scope must be one of.*Got 'x'"),
        (lambda p, a: p.adapt(PAIR, a, method="x"), "method must be adam or ridge"),
        (lambda p, a: p.adapt(PAIR, a, steps=0), r"steps must be >= 1\. Got 0"),
        (lambda p, a: p.adapt(PAIR[:1], a), "at least two ratings"),
        (lambda p, a: p.adapt(PAIR, a, rating_range=5), r"rating_range must .* Got 5"),
        (lambda p, a: p.rank(a, rating_range=(5, 1)), "needs minimum < maximum"),
        (lambda p, a: p.score("a.jpg"), "photos must be several"),
        (lambda p, a: p.score(["nowhere.jpg"]), r"nowhere\.jpg must exist"),
        (lambda p, a: p.explain(7), "photo must be a path, .* Got 7"),
        (lambda p, a: p.explain(a / "0.jpg", method="x"), "method must be one of"),
        (lambda p, a: p.suggest(a, "2"), "count must be a number of photos. Got '2'"),
        (lambda p, a: p.suggest(a, True), "count must be a number of photos"),
        (lambda p, a: p.suggest(a, 7), r"must be 1 to 6, .* Got 7"),
        (lambda p, a: p.suggest(a, 2, rated="0.jpg"), "rated must be a list .*'0.jpg'"),
        (lambda p, a: p.suggest(a, 2, strength=-1), r"strength must be > 0\. Got -1"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_argument(prior, album, call, message):
    with pytest.raises(piaa_tf.InputError, match=message):
        call(prior, album)
