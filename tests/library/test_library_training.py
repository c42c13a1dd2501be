import pytest

import piaa_tf
from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions

ONCE = {
    "network": piaa_tf.PaIaaConfig(backbone="compact", image_size=48, head_sizes=()),
    "options": piaa_tf.FitOptions(
        epochs=1, batch_size=4, optimizer="adam", weight_decay=0
    ),
}


def test_a_training_returns_a_prior_that_can_be_asked(tiny_gallery, album):
    prior = piaa_tf.train_multitask(
        catalog.load("gallery", ScoreDistributions, tiny_gallery, "train"),
        catalog.load("gallery", LikedImages, tiny_gallery, "train"),
        **ONCE,
    )
    assert len(prior.rank(album)) == 6


def test_wrappers_keep_the_documentation():
    assert piaa_tf.train_generic.__doc__.startswith("Trains one generic task")


def test_meta_training_starts_at_a_prior_of_the_library(tiny_gallery, prior):
    ratings = catalog.load("gallery", PersonalRatings, tiny_gallery, "train")
    with pytest.raises(piaa_tf.InputError, match=r"start must be a prior.* Got 7\."):
        piaa_tf.meta_train(ratings, 7)
    with pytest.raises(piaa_tf.InputError, match="blg_piaa"):
        piaa_tf.meta_train(ratings, prior)
