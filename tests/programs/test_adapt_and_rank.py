import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from piaa_tf.errors import InputError
from piaa_tf.programs import adapt, rank

ROOT = Path(__file__).parents[2]


def write_album(gallery, folder):
    """Six photos, of which anna rated three and bert two."""
    photos = folder / "photos"
    photos.mkdir()
    sources = sorted((gallery / "photos").rglob("*.jpg"))[:6]
    for i, source in enumerate(sources):
        (photos / f"{i}.jpg").write_bytes(source.read_bytes())
    rows = "anna,0.jpg,1\nanna,1.jpg,5\nanna,2.jpg,4\nbert,0.jpg,5\nbert,3.jpg,2\n"
    (folder / "ratings.csv").write_text(f"user_id,image,rating\n{rows}")
    return folder


@pytest.fixture
def album(tiny_gallery, tmp_path):
    return write_album(tiny_gallery, tmp_path)


@pytest.fixture(scope="module")
def tastes(tiny_gallery, tiny_prior, tmp_path_factory):
    """What the program adapts to an album's ratings by its defaults."""
    album = write_album(tiny_gallery, tmp_path_factory.mktemp("adapted"))
    run_adapt(album, tiny_prior)
    return album / "tastes.npz"


@pytest.fixture
def adapted(album, tastes):
    """Puts them into the album, as if the program had run on it."""
    shutil.copy(tastes, album)


def run_adapt(album, prior, **changes):
    adapt.run(
        adapt.AdaptConfig(
            **{
                "prior": str(prior),
                "photos": str(album / "photos"),
                "ratings": str(album / "ratings.csv"),
                "out": str(album / "tastes.npz"),
                **changes,
            }
        )
    )


def run_rank(album, prior, **changes):
    rank.run(
        rank.RankConfig(
            **{
                "prior": str(prior),
                "tastes": str(album / "tastes.npz"),
                "user_id": "anna",
                "photos": str(album / "photos"),
                "out": str(album / "ranking"),
                **changes,
            }
        )
    )
    with (album / "ranking" / "ranking.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_two_programs_rank_an_album(album, tiny_prior):
    for name, flags in (
        ("adapt", [f"--ratings={album}/ratings.csv", f"--out={album}/tastes.npz"]),
        (
            "rank",
            [
                f"--tastes={album}/tastes.npz",
                "--user_id=anna",
                f"--out={album}/ranking",
            ],
        ),
    ):
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                f"piaa_tf.programs.{name}",
                f"--prior={tiny_prior}",
                f"--photos={album}/photos",
                *flags,
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
    assert f"6 photos: {album}/ranking/ranking.html" in result.stderr
    assert {p.name for p in (album / "ranking").iterdir()} == {
        "ranking.csv",
        "ranking.html",
        "contact_sheet.png",
    }
    with Image.open(album / "ranking" / "contact_sheet.png") as sheet:
        assert min(sheet.size) > 100


@pytest.mark.parametrize("scope", ["fusion", "head", "all"])
def test_every_scope_gives_the_user_other_scores(album, tiny_prior, scope):
    run_adapt(album, tiny_prior, scope=scope, steps=5, rate=0.01)
    rows = run_rank(album, tiny_prior)
    assert [int(row["rank"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert any(row["score"] != row["generic_score"] for row in rows)
    assert {row["known_user"] for row in rows} == {"true"}


@pytest.mark.usefixtures("adapted")
def test_an_unknown_user_gets_the_priors_ranking_and_is_told(album, tiny_prior):
    rows = run_rank(album, tiny_prior, user_id="carl")
    assert all(row["score"] == row["generic_score"] for row in rows)
    assert {row["known_user"] for row in rows} == {"false"}
    assert "prior" in (album / "ranking" / "ranking.html").read_text()


@pytest.mark.usefixtures("adapted")
def test_new_users_join_old_ones(album, tiny_prior):
    (album / "ratings.csv").write_text(
        "user_id,image,rating\ncarl,4.jpg,1\ncarl,5.jpg,2\n"
    )
    run_adapt(album, tiny_prior)
    for user in ("anna", "carl"):
        rows = run_rank(album, tiny_prior, user_id=user)
        assert {row["known_user"] for row in rows} == {"true"}


@pytest.mark.usefixtures("adapted")
def test_tastes_of_another_scope_are_kept(album, tiny_prior):
    before = (album / "tastes.npz").read_bytes()
    with pytest.raises(InputError, match="Got scope head beside fusion"):
        run_adapt(album, tiny_prior, scope="head")
    assert (album / "tastes.npz").read_bytes() == before


@pytest.mark.usefixtures("adapted")
def test_a_broken_photo_stops_the_ranking_unless_skipped(album, tiny_prior):
    broken = album / "photos" / "9.jpg"
    broken.write_bytes((album / "photos" / "0.jpg").read_bytes()[:300])
    with pytest.raises(InputError, match=r"9\.jpg"):
        run_rank(album, tiny_prior)
    assert not (album / "ranking").exists()
    assert len(run_rank(album, tiny_prior, skip_broken=True)) == 6


def test_an_empty_folder_is_refused(album, tiny_prior):
    (album / "empty").mkdir()
    with pytest.raises(InputError, match="empty"):
        run_rank(album, tiny_prior, tastes="", photos=str(album / "empty"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("user_id,image\nanna,0.jpg\n", "rating"),
        ("user_id,image,rating\nanna,0.jpg,6\n", r"line 2: a rating must be 1 to 5"),
        ("user_id,image,rating\nanna,none.jpg,3\n", "line 2: there is no photo"),
        ("user_id,image,rating\nanna,../0.jpg,3\n", "line 2: there is no photo"),
        ("user_id,image,rating\nanna,0.jpg,3\nanna,0.jpg,4\n", "line 3"),
        ("user_id,image,rating\nanna,0.jpg,3\n", "at least two ratings"),
        ("user_id,image,rating\nanna,0.jpg,3\nanna,1.jpg,3\n", "must differ"),
    ],
)
def test_ratings_that_cannot_be_used_write_nothing(album, tiny_prior, rows, message):
    (album / "ratings.csv").write_text(rows)
    with pytest.raises(InputError, match=message):
        run_adapt(album, tiny_prior)
    assert not (album / "tastes.npz").exists()


@pytest.mark.parametrize("name", ["steps", "rate", "strength"])
def test_a_negative_number_is_refused(name):
    message = rf"{name} must be > 0, or 0 for the default\. Got -1"
    with pytest.raises(InputError, match=message):
        adapt.AdaptConfig(**{name: -1})


@pytest.mark.usefixtures("adapted")
def test_covers_come_beside_a_ranking_that_stays_as_it_was(album, tiny_prior):
    trip = album / "photos" / "trip"
    trip.mkdir()
    (album / "photos" / "4.jpg").rename(trip / "4.jpg")
    rows = run_rank(album, tiny_prior)
    folder = album / "ranking"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert "covers.csv" not in before
    assert run_rank(album, tiny_prior, cover=True) == rows
    assert {name: (folder / name).read_bytes() for name in before} == before
    with (folder / "covers.csv").open(newline="") as file:
        covers = {row["album"]: row["image"] for row in csv.DictReader(file)}
    best = next(row["image"] for row in rows if "/" not in row["image"])
    assert covers == {".": best, "trip": "trip/4.jpg"}
    assert (folder / "covers.png").exists()


def test_faults_of_a_table_are_told_before_tensorflow_is_loaded(album):
    (album / "ratings.csv").write_text("file;stars\n0.jpg;4,5\nnone.jpg;9\n")
    code = (
        "import sys\n"
        "from piaa_tf.errors import InputError\n"
        "from piaa_tf.programs import adapt\n"
        "config = adapt.AdaptConfig(prior='none', photos=sys.argv[1],"
        " ratings=sys.argv[2])\n"
        "try:\n"
        "    adapt.run(config)\n"
        "except InputError as error:\n"
        "    print(error)\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, album / "photos", album / "ratings.csv"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout
    assert "line 3: a rating must be 1 to 5. Got 9" in told
