import pytest
from PIL import Image

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.programs.shared.run_config import RunConfig, load_split
from piaa_tf.training.run_folder import RunFolder


@pytest.fixture
def real_set(tmp_path):
    """Four images in AADB's form, of which one is missing and one broken."""
    photos = tmp_path / "data" / "datasetImages_warp256"
    photos.mkdir(parents=True)
    for name in "ab":
        Image.new("RGB", [8, 8]).save(photos / f"{name}.jpg")
    (photos / "broken.jpg").write_bytes(b"no image")
    lists = tmp_path / "data" / "imgListFiles_label"
    lists.mkdir()
    rows = "".join(f"{name}.jpg 0.5\n" for name in ("a", "gone", "broken", "b"))
    (lists / "imgListTrainRegression_score.txt").write_text(rows)
    return tmp_path


def load(root, **options):
    config = RunConfig(run_dir=str(root / "run"), **options)
    run = RunFolder(config.run_dir, {})
    data_dir = str(root / "data")
    return load_split(config, run, "aadb", PersonalRatings, data_dir, "train")


def test_missing_images_stop_a_run(real_set):
    with pytest.raises(InputError, match=r"line 2: .*'gone\.jpg'.*--skip_broken"):
        load(real_set)


def test_a_run_that_skips_leaves_out_what_is_missing_or_broken(real_set):
    folder = "datasetImages_warp256"
    samples = load(real_set, skip_broken=True)
    assert samples.images == (f"{folder}/a.jpg", f"{folder}/b.jpg")
    listed = (real_set / "run" / "splits" / "train.images.txt").read_text()
    assert listed == f"{folder}/a.jpg\n{folder}/b.jpg\n"


def test_a_run_does_not_go_on_when_images_got_lost(real_set):
    load(real_set, skip_broken=True)
    (real_set / "run" / "metrics.jsonl").write_text('{"step": 1}\n')
    (real_set / "data" / "datasetImages_warp256" / "b.jpg").unlink()
    with pytest.raises(InputError, match="Got other images than"):
        load(real_set, skip_broken=True)
