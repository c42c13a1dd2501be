import csv

import numpy as np
import pytest
from PIL import Image

from piaa_tf.adaptation.scoring import UserScorer
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.errors import InputError
from piaa_tf.models.prior import load_prior
from piaa_tf.programs import adapt, explain
from piaa_tf.ratings import RatingRange


@pytest.fixture(scope="module", params=["fusion", "head", "all"])
def tastes(request, tiny_gallery, tiny_prior, tmp_path_factory):
    """The tastes of two test users in every scope, in a file."""
    folder = tmp_path_factory.mktemp(request.param)
    adapt.run(
        adapt.AdaptConfig(
            prior=str(tiny_prior),
            photos=str(tiny_gallery / "photos"),
            ratings=str(tiny_gallery / "test" / "ratings.csv"),
            scope=request.param,
            out=str(folder / "tastes.npz"),
            steps=3,
            rate=0.02,
        )
    )
    return folder / "tastes.npz"


@pytest.fixture
def photo(tiny_gallery):
    return sorted((tiny_gallery / "photos").rglob("*.jpg"))[0]


def run(photo, prior, out, **changes):
    explain.run(
        explain.ExplainConfig(
            **{
                "prior": str(prior),
                "image": str(photo),
                "method": "plain",
                "out": str(out),
                **changes,
            }
        )
    )
    with (out / "maps.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_scope_explains_each_user_beside_the_prior(
    tastes, photo, tiny_prior, tmp_path
):
    users = Tastes.load(tastes).user_ids[:2]
    rows = run(photo, tiny_prior, tmp_path, tastes=str(tastes), user_id=users)
    assert [row["user_id"] for row in rows] == ["", *users]
    assert [row["known_user"] for row in rows] == ["false", "true", "true"]
    prior = load_prior(tiny_prior)
    for row in rows[1:]:
        scorer = UserScorer(
            prior, Tastes.load(tastes), row["user_id"], RatingRange(1, 5)
        )
        own, generic = scorer.score([photo])
        assert float(row["score"]) == pytest.approx(own[0], abs=1e-4)
        assert float(rows[0]["score"]) == pytest.approx(generic[0], abs=1e-4)
    assert len({row["score"] for row in rows}) == 3
    with Image.open(tmp_path / "maps.png") as figure:
        assert np.asarray(figure).std() > 10


@pytest.mark.parametrize("method", ["smooth", "integrated"])
def test_without_users_the_prior_is_explained(photo, tiny_prior, tmp_path, method):
    rows = run(photo, tiny_prior, tmp_path, method=method, rating_max=9.0)
    assert [row["user_id"] for row in rows] == [""]
    assert 0.1 < float(rows[0]["concentration"]) <= 1


def test_an_unknown_user_sees_as_the_prior_does(photo, tiny_prior, tmp_path):
    rows = run(photo, tiny_prior, tmp_path, user_id=("nobody", "nobody"))
    assert [row["user_id"] for row in rows] == ["", "nobody"]
    assert rows[0]["score"] == rows[1]["score"]
    assert rows[0]["concentration"] == rows[1]["concentration"]


def test_a_file_that_is_no_image_writes_nothing(photo, tiny_prior, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:300])
    with pytest.raises(InputError, match=r"broken\.jpg must be a whole"):
        run(broken, tiny_prior, tmp_path / "out")
    assert not (tmp_path / "out").exists()
