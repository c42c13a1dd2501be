"""A written gallery: sound, repeatable, whole or not there."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from piaa_tf.data import folder
from piaa_tf.data.gallery import (
    GalleryConfig,
    SplitSizes,
    draw_scene,
    load,
    oracles,
    photos,
    render_scene,
    write,
    write_gallery,
)
from piaa_tf.data.gallery.survey import take_survey
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.data.splits import SPLITS
from piaa_tf.errors import InputError

CONFIG = GalleryConfig(
    seed=1,
    image_size=32,
    train=SplitSizes(6, 3, 2, 3, 4, 8),
    validation=SplitSizes(4, 2, 2, 2, 12, 20),
    test=SplitSizes(4, 2, 2, 4, 60, 80),
)
KINDS = (ScoreDistributions, LikedImages, PersonalRatings)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    return write_gallery(tmp_path_factory.mktemp("gallery") / "out", CONFIG)


def tree(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("split", SPLITS)
def test_every_kind_of_samples_loads(gallery, split):
    sizes = CONFIG.sizes(split)
    scored, liked, rated = (folder.load(kind, gallery, split) for kind in KINDS)
    assert len(scored) == sizes.scored_pictures
    assert len(liked) == sizes.likers * sizes.likes_per_liker
    assert len(rated) == sizes.users * sizes.ratings_per_user
    assert len(rated.user_ids()) == sizes.users
    np.testing.assert_array_equal(scored.bin_scores, np.arange(1, 11))


def test_splits_share_no_photo_and_no_person(gallery):
    images, people = [], []
    for split in SPLITS:
        sets = [folder.load(kind, gallery, split) for kind in KINDS]
        images.append({image for samples in sets for image in samples.images})
        people.append({user for samples in sets[1:] for user in samples.users})
    for parts in (images, people):
        assert len(set.union(*parts)) == sum(map(len, parts))


def test_the_same_config_gives_the_same_bytes(gallery, tmp_path):
    again = write_gallery(tmp_path / "again", CONFIG, num_processes=2)
    assert tree(again) == tree(gallery)


def test_another_seed_gives_another_gallery(gallery, tmp_path):
    small = SplitSizes(1, 1, 1, 1, 1, 1)
    config = GalleryConfig(
        seed=2, image_size=32, train=small, validation=small, test=small
    )
    other = tree(write_gallery(tmp_path / "other", config))
    name = "photos/000/000000.jpg"
    assert other[name] != tree(gallery)[name]


def test_a_photo_is_the_scene_of_its_number(gallery):
    row = rows(gallery / "attributes.csv")[5]
    scene = draw_scene(CONFIG.seed, int(Path(row["image"]).stem))
    assert row["content"] == scene.content
    assert float(row["harmony"]) == pytest.approx(scene.harmony, abs=1e-4)
    photo = np.asarray(Image.open(gallery / "photos" / row["image"])).astype(float)
    # JPEG of quality 95 loses a little.
    assert np.abs(photo - render_scene(scene, 32)).mean() < 4


def test_only_photos_that_someone_saw_are_rendered(gallery):
    seen = {
        image
        for split in SPLITS
        for kind in KINDS
        for image in folder.load(kind, gallery, split).images
    }
    assert set(folder.list_photos(gallery / "photos")) == seen
    assert {row["image"] for row in rows(gallery / "attributes.csv")} == seen


def test_users_are_listed_with_their_traits(gallery):
    listed = {row["user_id"]: row for row in rows(gallery / "users.csv")}
    assert list(listed)[:4] == ["u0001", "u0002", "u0003", "u0004"]
    liked = folder.load(LikedImages, gallery, "test")
    for user, traits in zip(liked.users, liked.traits):
        assert listed[user]["split"] == "test"
        assert float(listed[user]["openness"]) == pytest.approx(traits[0], abs=1e-6)


def test_the_truth_covers_every_rating_of_unseen_users(gallery):
    truth = {(row["user_id"], row["image"]) for row in rows(gallery / "truth.csv")}
    expected = set()
    for split in ("validation", "test"):
        rated = folder.load(PersonalRatings, gallery, split)
        expected |= set(zip(rated.users, rated.images))
    assert truth == expected


def test_the_description_says_simulated(gallery):
    described = json.loads((gallery / "gallery.json").read_text())
    assert described["simulated"] is True
    assert described["config"]["seed"] == CONFIG.seed


def test_the_same_gallery_is_not_written_twice(gallery):
    before = os.stat(gallery / "gallery.json").st_mtime_ns
    assert write_gallery(gallery, CONFIG) == gallery
    assert os.stat(gallery / "gallery.json").st_mtime_ns == before


def test_another_gallery_is_not_overwritten(gallery):
    with pytest.raises(InputError, match="differs in seed, image_size, train"):
        write_gallery(gallery)


def test_a_gallery_of_another_version_is_not_taken_for_this_one(gallery, monkeypatch):
    monkeypatch.setattr(write, "VERSION", write.VERSION + 1)
    with pytest.raises(InputError, match="differs in version"):
        write_gallery(gallery, CONFIG)


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="which holds something else"):
        write_gallery(tmp_path, CONFIG)
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_an_empty_folder_is_filled(tmp_path):
    tiny = SplitSizes(1, 1, 1, 1, 1, 1)
    config = GalleryConfig(image_size=16, train=tiny, validation=tiny, test=tiny)
    assert (write_gallery(tmp_path, config) / "gallery.json").exists()


def test_an_error_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(photos, "render_scene", fail)
    with pytest.raises(OSError, match="disk full"):
        write_gallery(tmp_path / "out", CONFIG)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_no_gallery(tmp_path):
    code = (
        "import sys\n"
        "from piaa_tf.data.gallery import GalleryConfig, SplitSizes, write_gallery\n"
        "tiny = SplitSizes(1, 1, 1, 1, 1, 1)\n"
        "large = SplitSizes(3000, 1, 1, 1, 1, 1)\n"
        "config = GalleryConfig(train=large, validation=tiny, test=tiny)\n"
        "write_gallery(sys.argv[1], config, num_processes=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "out")])
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*.jpg")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    names = [path.name for path in tmp_path.iterdir()]
    assert len(names) == 1
    assert names[0].startswith(".out.incomplete-")


def test_a_gallery_that_appears_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    def interfere(part, *_):
        part.mkdir()
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine.txt").write_text("precious")

    monkeypatch.setattr(write, "write_photos", interfere)
    monkeypatch.setattr(write, "_write_samples", lambda *_: None)
    with pytest.raises(InputError, match="Nothing else may write"):
        write_gallery(tmp_path / "out", CONFIG)
    assert (tmp_path / "out" / "mine.txt").read_text() == "precious"


def test_no_process_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"num_processes must be >= 1\. Got 0"):
        write_gallery(tmp_path / "out", CONFIG, num_processes=0)


def test_a_dying_process_is_explained(tmp_path, monkeypatch):
    def die(_):
        raise BrokenProcessPool("gone")

    monkeypatch.setattr(photos.concurrent.futures, "as_completed", die)
    with pytest.raises(InputError, match="processes that live until they are done"):
        write_gallery(tmp_path / "out", CONFIG, num_processes=2)


def test_load_reads_any_gallery(gallery):
    assert len(load(ScoreDistributions, gallery, "test")) == 4


def test_load_writes_the_default_gallery_where_there_is_none(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(write, "write_gallery", written.append)
    with pytest.raises(InputError, match=r"scores\.csv"):
        load(ScoreDistributions, tmp_path, "test")
    assert written == [tmp_path]


def test_a_survey_needs_no_rendering_and_repeats():
    first, second = take_survey(CONFIG), take_survey(CONFIG)
    for split in SPLITS:
        np.testing.assert_array_equal(first[split].ratings, second[split].ratings)
        np.testing.assert_array_equal(first[split].liked, second[split].liked)


def test_a_missing_description_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"has a gallery\.json. Got none"):
        oracles.noise_ceiling(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "must be JSON"), ("[]", "must describe a gallery")]
)
def test_a_broken_description_is_refused(tmp_path, text, message):
    (tmp_path / "gallery.json").write_text(text)
    with pytest.raises(InputError, match=message):
        write_gallery(tmp_path, CONFIG)
