import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.errors import InputError
from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
from piaa_tf.models.prior import build_prior, load_prior
from piaa_tf.training.options import RunOptions
from piaa_tf.training.supervised import train
from piaa_tf.training.supervised.options import FitOptions, LossOptions, StreamOptions
from piaa_tf.training.supervised.train import train_generic, train_multitask

SHAPE = {"backbone": "compact", "image_size": 48, "head_sizes": (8,)}
OPTIONS = FitOptions(batch_size=4, epochs=1, backbone_rate=1e-3, head_rate=1e-3)


@pytest.fixture(scope="module")
def samples(tiny_gallery):
    kinds = (ScoreDistributions, LikedImages, PersonalRatings)
    return {
        kind: catalog.load("gallery", kind, tiny_gallery, "train") for kind in kinds
    }


def multitask(samples, **arguments):
    return train_multitask(
        samples[ScoreDistributions],
        samples[LikedImages],
        network=PaIaaConfig(**SHAPE, tasks=("traits",), bin_scores=(1, 2)),
        options=OPTIONS,
        **arguments,
    )


def test_without_a_folder_nothing_is_kept_and_the_seed_says_all(
    samples, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    prior = multitask(samples, run=RunOptions(measure=lambda prior: {"srocc": 0.5}))
    assert prior.kind == "pa_iaa"
    assert prior.metrics == {"srocc": 0.5}
    assert not list(tmp_path.iterdir())
    assert prior.config.tasks == ("distribution", "traits")
    bins = samples[ScoreDistributions].bin_scores
    assert prior.config.bin_scores == tuple(map(float, bins))
    np.random.seed(99)  # noqa: NPY002 - the state that the seed must set
    tf.random.set_seed(99)
    assert multitask(samples).checksum() == prior.checksum()


def test_a_run_in_a_folder_is_written_described_and_goes_no_further(samples, tmp_path):
    stream = StreamOptions(keep_aspect=True)
    prior = multitask(samples, stream=stream, run=RunOptions(tmp_path))
    written = load_prior(tmp_path / "prior")
    assert written.checksum() == prior.checksum()
    assert written.keep_aspect
    assert written.training["optimizer"] == "sgdw"
    config = json.loads((tmp_path / "config.json").read_text())
    assert config == written.training
    assert (tmp_path / "splits" / "personality.train.users.txt").exists()
    again = multitask(samples, stream=stream, run=RunOptions(str(tmp_path)))
    assert again.checksum() == prior.checksum()
    with pytest.raises(InputError, match="flip False where the run has True"):
        multitask(
            samples,
            stream=StreamOptions(keep_aspect=True, flip=False),
            run=RunOptions(tmp_path),
        )


def test_without_a_network_the_targets_default_one_is_trained(samples, monkeypatch):
    chosen = []

    def build_small(kind, config, **arguments):
        chosen.append(config)
        small = dataclasses.replace(config, **SHAPE)
        return build_prior(kind, small, **arguments)

    monkeypatch.setattr(train, "build_prior", build_small)
    prior = train_generic(samples[PersonalRatings], target="score", options=OPTIONS)
    assert chosen == [BlgPiaaConfig()]
    assert prior.training["target"] == "score"


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (PersonalRatings, {"target": "fame"}, r"target must be one of .*Got 'fame'"),
        (
            PersonalRatings,
            {"target": "distribution"},
            r"'distribution' is learned from ScoreDistributions\. Got PersonalRatings",
        ),
        (
            LikedImages,
            {"target": "score"},
            r"from PersonalRatings or ScoreDistributions\. Got LikedImages",
        ),
        (
            PersonalRatings,
            {"target": "score", "network": PaIaaConfig()},
            r"'score' must be a BlgPiaaConfig\. Got PaIaaConfig",
        ),
    ],
)
def test_what_does_not_fit_is_refused(samples, kind, changes, message):
    with pytest.raises(InputError, match=message):
        train_generic(samples[kind], **changes)


def test_an_unknown_distribution_loss_is_refused():
    with pytest.raises(InputError, match=r"must be one of \('mse', 'emd'\)\. Got 'mae"):
        LossOptions("mae")
