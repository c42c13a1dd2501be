import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.data.folder import load
from piaa_tf.data.images import load_images
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.evaluation.heldout import HeldOutUsers
from piaa_tf.evaluation.protocol import split
from piaa_tf.metrics import srocc
from piaa_tf.models.config import BlgPiaaConfig
from piaa_tf.models.prior import build_prior

LOOP, NUM_IMAGES = InnerLoop(steps=3, rate=1e-2), 4


@pytest.fixture(scope="module")
def ratings(tiny_gallery):
    return load(PersonalRatings, tiny_gallery, "validation")


@pytest.fixture(scope="module")
def priors():
    """Two states of one config."""
    tf.keras.utils.set_random_seed(4)
    config = BlgPiaaConfig("compact", 32, head_sizes=())
    return [build_prior("blg_piaa", config) for _ in range(2)]


def held_out(ratings, scope, **changes):
    options = {"scope": scope, "loop": LOOP, "num_images": NUM_IMAGES, **changes}
    return HeldOutUsers(ratings, **options)


@pytest.mark.parametrize("scope", ["all", "head"])
def test_before_is_the_priors_srocc_on_the_other_images(ratings, priors, scope):
    measured = held_out(ratings, scope)(priors[0])
    expected = []
    for user in ratings.user_ids():
        own = ratings.of_user(user)
        tested = split(user, len(own), seed=0, repeat=0)[NUM_IMAGES:]
        images = load_images([own.paths[i] for i in tested], 32)
        scores = priors[0].model(images)["score"][:, 0].numpy()
        expected.append(srocc(scores, own.ratings[tested]))
    assert measured["heldout_before"] == pytest.approx(np.mean(expected), abs=1e-6)
    assert measured["heldout_after"] != measured["heldout_before"]


def test_a_later_state_is_measured_as_if_it_were_the_first(ratings, priors):
    first, second = priors
    used, fresh = held_out(ratings, "all"), held_out(ratings, "all")
    used(first)
    assert used(second) == fresh(second)


@pytest.mark.parametrize("num_images", [1, 15])
def test_users_without_enough_images_are_refused(ratings, num_images):
    with pytest.raises(InputError, match=f"Got validation_images={num_images} and"):
        held_out(ratings, "head", num_images=num_images)
