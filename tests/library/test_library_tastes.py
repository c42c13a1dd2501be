import numpy as np
import pytest
from PIL import Image

import piaa_tf
from piaa_tf.programs import rank


def test_ranking_gives_the_numbers_of_the_program(tastes, album, tiny_prior, tmp_path):
    tastes.save(tmp_path / "tastes.npz")
    rank.run(
        rank.RankConfig(
            prior=str(tiny_prior),
            tastes=str(tmp_path / "tastes.npz"),
            user_id="anna",
            photos=str(album),
            out=str(tmp_path / "program"),
        )
    )
    tastes.rank(album, user_id="anna").save(tmp_path / "library")
    for name in ("ranking.csv", "ranking.html", "contact_sheet.png"):
        ours, theirs = (tmp_path / p / name for p in ("library", "program"))
        assert ours.read_bytes() == theirs.read_bytes()


def test_every_form_of_a_photo_has_the_score_of_the_ranking(tastes, album):
    ranking = tastes.rank(album, user_id="anna")
    # In the order of the ranking's reading: the same batches, the same bits.
    paths = sorted(album.iterdir())
    with Image.open(paths[2]) as opened:
        mixed = [
            str(paths[0]),
            paths[1].read_bytes(),
            opened,
            np.array(Image.open(paths[3])),
            *paths[4:],
        ]
        scores = tastes.score(mixed, user_id="anna")
    by_name = {photo.image: photo.score for photo in ranking}
    assert scores.tolist() == [by_name[path.name] for path in paths]


def test_a_single_user_need_not_be_named(prior, album):
    tastes = prior.adapt([("0.jpg", 1), ("1.jpg", 5)], album)
    assert tastes.user_ids == ("me",)
    assert tastes.rank(album).user_id == "me"


def test_an_unknown_user_gets_the_priors_scores_and_a_warning(tastes, album, logged):
    ranking = tastes.rank(album, user_id="carl")
    assert not ranking.known_user
    assert all(photo.score == photo.generic_score for photo in ranking)
    assert logged == ["no taste of user 'carl' is known: the scores are the prior's"]


def test_tastes_are_saved_loaded_and_joined(tastes, prior, album, tmp_path):
    tastes.save(tmp_path / "tastes.npz")
    again = piaa_tf.load_tastes(tmp_path / "tastes.npz", prior)
    assert again.user_ids == tastes.user_ids
    carl = prior.adapt(
        [("4.jpg", 1), ("5.jpg", 2)], album, user_id="carl", steps=5, rate=0.01
    )
    assert again.merged(carl).user_ids == ("anna", "bert", "carl")


def test_a_private_network_scores_and_is_saved(prior, album, rows, tmp_path):
    tastes = prior.adapt(rows, album, scope="all", steps=2, rate=1e-3)
    paths = sorted(album.iterdir())
    told = []
    scores = tastes.score(
        paths, user_id="anna", progress=lambda *counts: told.append(counts)
    )
    assert told == [(6, 12), (12, 12)]
    assert not np.array_equal(scores, prior.score(paths))
    tastes.save(tmp_path / "tastes.npz")
    again = piaa_tf.load_tastes(tmp_path / "tastes.npz", prior)
    np.testing.assert_array_equal(again.score(paths, user_id="anna"), scores)


def test_tastes_say_whose_they_are(tastes, prior):
    assert repr(tastes) == "<Tastes of anna, bert, scope fusion>"
    assert repr(prior.generic_tastes()) == "<Tastes of nobody, scope fusion>"


def test_of_many_users_some_are_named(prior, album):
    rows = [(f"u{i}", f"{j}.jpg", j + 1) for i in range(7) for j in (0, 1)]
    tastes = prior.adapt(rows, album, steps=1)
    assert repr(tastes).startswith("<Tastes of u0, u1, u2, u3, u4 and 2 more,")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t, a: t.rank(a), r"user_id must say whose .* there are anna, bert\."),
        (lambda t, a: t.score([], user_id=7), r"user_id must be a text\. Got 7\."),
        (lambda t, a: piaa_tf.load_tastes(7, t.prior), r"path must be .* Got 7\."),
        (lambda t, a: piaa_tf.load_tastes("x", "y"), r"prior must be .* Got 'y'\."),
        (lambda t, a: piaa_tf.load_tastes(a / "0.jpg", t.prior), "a tastes file"),
        (lambda t, a: t.merged(7), r"newer must be .* Got 7\."),
    ],
)
def test_what_does_not_fit_is_refused_by_the_argument(tastes, album, call, message):
    with pytest.raises(piaa_tf.InputError, match=message):
        call(tastes, album)


def test_tastes_of_another_prior_are_refused(tastes, tmp_path):
    from piaa_tf.models.config import PaIaaConfig
    from piaa_tf.models.prior import build_prior

    config = PaIaaConfig(backbone="compact", image_size=48, head_sizes=(8,))
    other = piaa_tf.Prior(build_prior("pa_iaa", config))
    tastes.save(tmp_path / "tastes.npz")
    with pytest.raises(piaa_tf.InputError, match="go with the prior they were adapted"):
        piaa_tf.load_tastes(tmp_path / "tastes.npz", other)
