import csv

import numpy as np
import pytest
from PIL import Image

from piaa_tf.album.crops import Window
from piaa_tf.data.images import read_image
from piaa_tf.errors import InputError
from piaa_tf.programs import adapt, crop


@pytest.fixture
def album(tmp_path):
    """Two photos: one in a sub-folder, one stored on its side."""
    generator = np.random.default_rng(0)
    photos = tmp_path / "photos"
    (photos / "trip").mkdir(parents=True)
    for name, sideways in (("trip/beach.png", False), ("tower.jpg", True)):
        coarse = generator.integers(0, 255, [6, 9, 3]).astype(np.uint8)
        photo = Image.fromarray(np.kron(coarse, np.ones([20, 20, 1], np.uint8)))
        exif = Image.Exif()
        if sideways:
            exif[0x0112] = 6
            photo.save(photos / name, quality=95, exif=exif)
        else:
            photo.save(photos / name)
    return tmp_path


def run(album, prior, **changes):
    crop.run(
        crop.CropConfig(
            **{
                "prior": str(prior),
                "photos": str(album / "photos"),
                "out": str(album / "crops"),
                "scales": (1.0, 0.7),
                "num_positions": 3,
                **changes,
            }
        )
    )
    with (album / "crops" / "crops.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_crops_are_cut_from_the_upright_photo(album, tiny_prior):
    rows = run(album, tiny_prior)
    assert [row["image"] for row in rows] == ["tower.jpg"] * 4 + ["trip/beach.png"] * 4
    for row in rows:
        photo = read_image(album / "photos" / row["image"])
        across, down = map(int, row["ratio"].split(":"))
        place = Window(*(int(row[name]) for name in ("left", "top", "width", "height")))
        assert place.width / place.height == pytest.approx(across / down, rel=0.03)
        with Image.open(album / "crops" / row["file"]) as cut:
            assert cut.getexif().get(0x0112) is None
            pixels = np.asarray(cut).astype(int)
        expected = place.of(photo).astype(int)
        assert pixels.shape == expected.shape
        assert np.abs(pixels - expected).mean() < 8
        assert float(row["score"]) >= float(row["centre_score"])
        assert row["known_user"] == "false"
        assert row["score"] == row["generic_score"]
    assert {row["file"] for row in rows[4:]} == {
        f"{ratio}/trip/beach.png.jpg" for ratio in ("16x9", "2x3", "9x16", "1x1")
    }
    with Image.open(album / "crops" / "crops.png") as sheet:
        assert np.asarray(sheet).std() > 10


def test_the_photos_stay_as_they_are(album, tiny_prior):
    def contents():
        files = (p for p in (album / "photos").rglob("*") if p.is_file())
        return {path: path.read_bytes() for path in files}

    before = contents()
    run(album, tiny_prior, ratios=("1:1",))
    assert contents() == before


def test_a_users_crops_are_by_the_users_score(album, tiny_prior):
    (album / "ratings.csv").write_text(
        "user_id,image,rating\nanna,tower.jpg,1\nanna,trip/beach.png,5\n"
    )
    adapt.run(
        adapt.AdaptConfig(
            prior=str(tiny_prior),
            photos=str(album / "photos"),
            ratings=str(album / "ratings.csv"),
            out=str(album / "tastes.npz"),
        )
    )
    rows = run(album, tiny_prior, tastes=str(album / "tastes.npz"), user_id="anna")
    assert {row["known_user"] for row in rows} == {"true"}
    assert all(row["score"] != row["generic_score"] for row in rows)


@pytest.mark.parametrize("place", [".", "crops", "trip/crops"])
def test_crops_inside_the_album_are_refused(album, tiny_prior, place):
    out = album / "photos" / place
    with pytest.raises(InputError, match="Crops go outside"):
        run(album, tiny_prior, out=str(out))
    assert len(list((album / "photos").rglob("*.*"))) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ratios": ()}, "one or more, each once"),
        ({"ratios": ("1:1", "1:1")}, "each once. Got 1:1,1:1"),
        ({"ratios": ("wide",)}, "Got 'wide'"),
        ({"scales": (1.5,)}, "at most 1, .* Got 1.5"),
        ({"scales": ()}, "above 0"),
        ({"num_positions": 0}, "num_positions must be >= 1. Got 0"),
    ],
)
def test_an_impossible_grid_is_refused(album, tiny_prior, changes, message):
    with pytest.raises(InputError, match=message):
        run(album, tiny_prior, **changes)
    assert not (album / "crops").exists()


def test_a_broken_photo_stops_it_unless_skipped(album, tiny_prior):
    (album / "photos" / "x.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"x\.jpg must be a whole"):
        run(album, tiny_prior, ratios=("1:1",))
    rows = run(album, tiny_prior, ratios=("1:1",), skip_broken=True)
    assert len(rows) == 2
