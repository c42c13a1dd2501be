import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from absl import logging
from PIL import Image

from piaa_tf.data import folder
from piaa_tf.data.datasets import catalog
from piaa_tf.data.images import load_images
from piaa_tf.data.samples import PersonalRatings, ScoreDistributions
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError
from piaa_tf.programs import prepare
from piaa_tf.ratings import RatingRange

NUM_USERS, NUM_IMAGES = 50, 40


@pytest.fixture
def lines(monkeypatch):
    """What is logged."""
    lines = []
    for level in ("info", "warning"):
        monkeypatch.setattr(logging, level, lambda text, *a: lines.append(text % a))
    return lines


@pytest.fixture(scope="module")
def whole_eva(tmp_path_factory):
    """A set in EVA's form: 50 users rate each of 40 images."""
    root = tmp_path_factory.mktemp("eva")
    photos = root / "images" / "EVA_together"
    photos.mkdir(parents=True)
    for number in range(NUM_IMAGES):
        shade = Image.new("RGB", [60, 40], (6 * number, 90, 255 - 6 * number))
        shade.save(photos / f"{number}.jpg")
    rows = [
        f"{image}=U{user}={(image + user) % 11}"
        for image in range(NUM_IMAGES)
        for user in range(NUM_USERS)
    ]
    (root / "data").mkdir()
    text = "\n".join(["image_id=user_id=score", *rows])
    (root / "data" / "votes_filtered.csv").write_text(text)
    return root


@pytest.fixture
def eva(whole_eva, tmp_path):
    """A copy in which 7.jpg is missing, 8.jpg broken, and 9.jpg the same as 10.jpg."""
    root = tmp_path / "eva"
    shutil.copytree(whole_eva, root)
    photos = root / "images" / "EVA_together"
    (photos / "7.jpg").unlink()
    (photos / "8.jpg").write_bytes(b"no image")
    shutil.copy(photos / "10.jpg", photos / "9.jpg")
    return root


def run(root, dataset="eva", **options):
    prepare.run(prepare.PrepareConfig(dataset=dataset, data_dir=str(root), **options))


def test_a_folders_tables_are_counted(tiny_gallery, lines):
    run(tiny_gallery, "folder")
    rows = [line.split() for line in lines]
    # Three people like four images each; three users rate sixteen each.
    assert ["train", "LikedImages", "12", "3"] in [r[:3] + r[4:] for r in rows]
    assert ["test", "PersonalRatings", "48", "3"] in [r[:3] + r[4:] for r in rows]
    assert lines[-1].endswith("images, all readable")


def test_a_gallery_is_written_with_its_sheet(tmp_path, monkeypatch):
    from piaa_tf.data import gallery

    monkeypatch.setattr(
        gallery, "write_gallery", lambda out, config: Path(out).mkdir() or out
    )
    with pytest.raises(InputError, match=r"Got none of scores\.csv"):
        prepare.run(prepare.PrepareConfig(data_dir=str(tmp_path / "gallery"), seed=4))
    assert (tmp_path / "gallery.png").stat().st_size > 10_000


def test_broken_images_of_a_folder_are_named(tiny_gallery, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(tiny_gallery, data)
    victim = sorted((data / "photos").rglob("*.jpg"))[0]
    victim.write_bytes(b"no image")
    with pytest.raises(InputError, match=f"Got 1 of .*{victim.name} .broken."):
        run(data, "folder")


def test_an_unknown_set_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"must be one of .*Got 'evva'"):
        run(tmp_path, "evva")


def test_the_help_names_every_set():
    text = prepare.PrepareConfig.__dataclass_fields__["dataset"].metadata["help"]
    for name in catalog.DATA_SETS:
        assert name in text


def test_counts_stand_beside_the_published_ones(whole_eva, lines):
    run(whole_eva)
    rows = [line.split() for line in lines]
    assert ["images", "40", "4070", "differs"] in rows
    assert ["ratings", "2000", "136943", "differs"] in rows
    assert ["missing", "0"] in rows
    assert lines[-1] == "40 images, all readable"


def test_missing_broken_and_repeated_images_are_listed(eva, lines):
    with pytest.raises(
        InputError, match=r"Got 2 of 40 .*7\.jpg \(missing\), 8\.jpg \(broken\)"
    ):
        run(eva)
    assert "missing: 7.jpg" in lines
    photos = eva / "images" / "EVA_together"
    assert f"the same image: {photos / '10.jpg'}, {photos / '9.jpg'}" in lines
    assert any(line.startswith("1 images appear under several") for line in lines)


def test_a_packed_set_is_the_sound_rest_of_it(eva, tmp_path, lines):
    out = tmp_path / "out"
    run(eva, out=str(out), shorter_side=20)
    problems = (out / "problems.csv").read_text().splitlines()
    assert problems[0] == "image,problem"
    assert problems[1] == "7.jpg,missing"
    assert problems[2].startswith("8.jpg,")
    assert "must be a whole" in problems[2]
    for split in SPLITS:
        packed = catalog.load("folder", PersonalRatings, out, split)
        original = catalog.load(
            "eva", PersonalRatings, eva, split, on_missing=lambda *a: None
        )
        keep = np.array([image != "8.jpg" for image in original.images])
        assert packed.rating_range == RatingRange(0, 10)
        assert packed.images == original.select(keep).images
        assert packed.users == original.select(keep).users
        np.testing.assert_array_equal(packed.ratings, original.select(keep).ratings)
    scores = catalog.load("folder", ScoreDistributions, out, "train")
    assert scores.bin_scores.tolist() == [*range(11)]
    np.testing.assert_allclose(
        load_images(scores.paths[:3], 20),
        load_images([eva / "images/EVA_together" / n for n in scores.images[:3]], 20),
        atol=6,
    )


def test_a_packing_called_again_changes_nothing(whole_eva, tmp_path):
    out = tmp_path / "out"
    for _ in range(2):
        run(whole_eva, out=str(out))
        content = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    run(whole_eva, out=str(out))
    assert content == {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_a_packed_set_can_be_checked_itself(whole_eva, tmp_path, lines):
    run(whole_eva, out=str(tmp_path / "out"))
    run(tmp_path / "out", "folder")
    assert lines[-1] == "40 images, all readable"


def test_a_library_becomes_a_table_of_ratings(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", [8, 8]).save(buffer, "JPEG")
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "a.jpg").write_bytes(buffer.getvalue())
    (tmp_path / "album" / "a.xmp").write_text(
        '<x xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
    )
    run(tmp_path / "album", "library", out=str(tmp_path / "out"))
    table = (tmp_path / "out" / "test" / "ratings.csv").read_text()
    assert table == "user_id,image,rating\nme,a.jpg,4\n"
    assert folder.list_photos(tmp_path / "out" / "photos") == ["a.jpg"]


def test_a_negative_size_is_refused():
    with pytest.raises(InputError, match=r"shorter_side must be >= 0\. Got -1"):
        prepare.PrepareConfig(shorter_side=-1)
