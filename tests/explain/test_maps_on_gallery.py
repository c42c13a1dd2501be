"""Maps of a small trained network, where it is known what images show where."""

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.adaptation.scoring import UserScorer
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.data.gallery import draw_scene, render_scene, subject_mask
from piaa_tf.explain.gradients import integrated_gradients, to_map
from piaa_tf.models.config import BlgPiaaConfig
from piaa_tf.models.prior import build_prior
from piaa_tf.ratings import RatingRange

SIZE, NUM_TRAINED, NUM_SHOWN = 48, 640, 80
STARS = RatingRange(1, 5)
LOVED = {"focus": "depth_of_field", "place": "subject_x", "light": "brightness"}


@pytest.fixture(scope="module")
def scenes():
    return [draw_scene(3, index) for index in range(NUM_TRAINED + NUM_SHOWN)]


@pytest.fixture(scope="module")
def images(scenes):
    return np.stack([render_scene(s, SIZE) for s in scenes]).astype(np.float32)


@pytest.fixture(scope="module")
def masks(scenes):
    return np.stack([subject_mask(s, SIZE) for s in scenes[NUM_TRAINED:]])


@pytest.fixture(scope="module")
def scorers(scenes, images):
    """One network and three users, each of whom loves one thing, as tastes."""
    tf.keras.utils.set_random_seed(0)
    config = BlgPiaaConfig("compact", SIZE, head_sizes=(), link="linear")
    prior = build_prior("blg_piaa", config)
    lovers = tf.keras.layers.Dense(len(LOVED))
    network = prior.one_image()
    model = tf.keras.Model(network.input, lovers(network.output["embedding"]))
    loved = np.array(
        [[getattr(s, name) for name in LOVED.values()] for s in scenes], np.float32
    )
    loved = (loved - loved.mean(axis=0)) / loved.std(axis=0)
    epochs, batch = 8, 32
    rate = tf.keras.optimizers.schedules.CosineDecay(
        3e-3, epochs * NUM_TRAINED // batch
    )
    model.compile(tf.keras.optimizers.Adam(rate), "mse")
    trained = slice(0, NUM_TRAINED)
    model.fit(
        images[trained], loved[trained], batch_size=batch, epochs=epochs, verbose=0
    )
    kernel, bias = lovers.get_weights()
    tastes = Tastes(
        user_ids=tuple(LOVED),
        weights=np.concatenate([kernel, bias[np.newaxis]]).T,
        num_ratings=np.full(len(LOVED), NUM_TRAINED),
        scope="head",
        adapted_by="training",
        rating_range=STARS,
        prior_checksum=prior.checksum(),
    )
    shown = images[NUM_TRAINED:]
    scorers = {user: UserScorer(prior, tastes, user, STARS) for user in LOVED}
    for (user, scorer), truth in zip(scorers.items(), loved[NUM_TRAINED:].T):
        learnt = np.corrcoef(scorer.score_pixels(shown)[0], truth)[0, 1]
        assert learnt > 0.5, f"{user} has not learnt to score"
    return scorers


def share_on(masks, maps):
    """Share of map i on subject j, as a multiple of the subject's area: [i, j]."""
    maps = maps / maps.sum(axis=(1, 2), keepdims=True)
    return np.einsum("ihw,jhw->ij", maps, masks) / masks.mean(axis=(1, 2))


def standard_errors(differences):
    """A mean in units of its standard error."""
    return differences.mean() / (differences.std(ddof=1) / len(differences) ** 0.5)


@pytest.fixture(scope="module")
def on_subject(scorers, images, masks):
    """User -> `share_on` of that user's maps."""
    shown = tf.constant(images[NUM_TRAINED:])
    maps = {
        user: integrated_gradients(scorer.score_function(), shown, num_steps=16)
        for user, scorer in scorers.items()
    }
    return {user: share_on(masks, to_map(own)) for user, own in maps.items()}


def test_a_depth_of_field_lovers_map_lies_on_the_subject(on_subject):
    """More than an even map, and more than on the subjects of other images.

    Other images' subjects stand where photographers put them, so that a liking of
    the middle alone does not pass. An untrained network may, since subjects have edges
    and edges draw gradients: what was learnt shows in the next test.
    """
    share = on_subject["focus"]
    own = np.diag(share)
    by_chance = (share.sum(axis=1) - own) / (len(share) - 1)
    assert own.mean() > 1.3
    assert own.mean() > 1.2 * by_chance.mean()
    assert standard_errors(own - by_chance) > 3


def test_who_loves_a_place_of_the_subject_looks_at_it_more_than_others(on_subject):
    """The same network and images: what differs is the user's taste alone."""
    place = np.diag(on_subject["place"])
    for other in ("focus", "light"):
        assert standard_errors(place - np.diag(on_subject[other])) > 3
