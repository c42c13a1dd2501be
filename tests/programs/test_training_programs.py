import json
import shutil

import pytest

from piaa_tf.errors import InputError
from piaa_tf.models.prior import load_prior
from piaa_tf.programs import train_generic, train_multitask

SMALL = {
    "backbone": "compact",
    "image_size": 48,
    "head_sizes": (8,),
    "batch_size": 4,
    "epochs": 1,
    "backbone_rate": 1e-3,
    "head_rate": 1e-3,
}


def run_multitask(tiny_gallery, run_dir, **changes):
    train_multitask.run(
        train_multitask.MultitaskConfig(
            **{
                **SMALL,
                "run_dir": str(run_dir),
                "aesthetics_dir": str(tiny_gallery),
                "personality_dir": str(tiny_gallery),
                **changes,
            }
        )
    )


def test_multitask_writes_a_prior_with_metrics_and_goes_no_further(
    tiny_gallery, tmp_path
):
    run_multitask(tiny_gallery, tmp_path)
    prior = load_prior(tmp_path / "prior")
    assert prior.kind == "pa_iaa"
    assert prior.training["optimizer"] == "sgdw"
    assert {"score_srocc", "score_emd", "srocc_openness"} <= set(prior.metrics)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["step"] == 3
    assert list((tmp_path / "tensorboard").iterdir())
    rows = (tiny_gallery / "train" / "scores.csv").read_text().splitlines()[1:]
    listed = (tmp_path / "splits" / "aesthetics.train.images.txt").read_text()
    assert listed.split() == sorted(row.split(",")[0] for row in rows)
    assert (tmp_path / "splits" / "personality.validation.users.txt").exists()
    run_multitask(tiny_gallery, tmp_path)
    assert load_prior(tmp_path / "prior").checksum() == prior.checksum()


def test_another_config_in_the_same_run_is_refused(tiny_gallery, tmp_path):
    run_multitask(tiny_gallery, tmp_path)
    with pytest.raises(InputError, match=r"batch_size 6 where the run has 4"):
        run_multitask(tiny_gallery, tmp_path, batch_size=6)


def test_a_run_that_found_no_data_is_begun_with_the_right_flag(tiny_gallery, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    with pytest.raises(InputError, match="other, which holds something else"):
        run_multitask(tmp_path / "other", tmp_path / "run")
    assert (tmp_path / "run" / "config.json").exists()
    run_multitask(tiny_gallery, tmp_path / "run")
    assert load_prior(tmp_path / "run" / "prior").kind == "pa_iaa"


@pytest.mark.parametrize(
    ("target", "kind", "metric"),
    [
        ("score", "blg_piaa", "score_srocc"),
        ("ranking", "blg_piaa", "score_srocc"),
        ("distribution", "pa_iaa", "score_emd"),
        ("personality", "pa_iaa", "srocc_neuroticism"),
    ],
)
def test_generic_training_writes_a_prior_of_its_target(
    tiny_gallery, tmp_path, target, kind, metric
):
    train_generic.run(
        train_generic.GenericConfig(
            **SMALL, run_dir=str(tmp_path), data_dir=str(tiny_gallery), target=target
        )
    )
    prior = load_prior(tmp_path / "prior")
    assert prior.kind == kind
    assert metric in prior.metrics


def test_a_broken_image_stops_training_unless_skipped(tiny_gallery, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(tiny_gallery, data)
    name = (data / "train" / "scores.csv").read_text().splitlines()[1].split(",")[0]
    (data / "photos" / name).write_bytes(b"no image")
    config = train_generic.GenericConfig(
        **SMALL, run_dir=str(tmp_path / "run"), dataset="folder", data_dir=str(data)
    )
    with pytest.raises(InputError, match=name):
        train_generic.run(config)
    skipping = train_generic.GenericConfig(
        **SMALL,
        run_dir=str(tmp_path / "other"),
        dataset="folder",
        data_dir=str(data),
        skip_broken=True,
    )
    train_generic.run(skipping)
    assert (tmp_path / "other" / "prior").is_dir()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resize_size": 40}, "resize_size must be 0 or at least image_size"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"target": "fame"}, "Got 'fame'"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        train_generic.GenericConfig(**{**SMALL, **changes})
