import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.adaptation.adapt import InnerLoop, score_users
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.private_network import PrivateNetwork
from piaa_tf.adaptation.ridge import RidgeFit, ridge_supports
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.data.images import load_images
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.evaluation.baselines import priors, systems
from piaa_tf.evaluation.baselines.fine_tuned import without_traits
from piaa_tf.evaluation.baselines.tuning import choose_settings
from piaa_tf.evaluation.evaluation_data import load_evaluation_data
from piaa_tf.evaluation.protocol import split
from piaa_tf.evaluation.system import (
    GenericSystem,
    MissingSamplesError,
    PersonalSystem,
    Training,
)
from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
from piaa_tf.models.prior import build_prior, load_prior, save_prior

SHAPE = {"backbone": "compact", "image_size": 32, "head_sizes": ()}


@pytest.fixture(scope="module")
def data(tiny_gallery):
    return load_evaluation_data("gallery", tiny_gallery)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Untrained priors of the roles that systems start from."""
    tf.keras.utils.set_random_seed(3)
    folder = tmp_path_factory.mktemp("priors")
    for role, prior in (
        ("multitask", build_prior("pa_iaa", PaIaaConfig(**SHAPE))),
        ("average", build_prior("blg_piaa", BlgPiaaConfig(**SHAPE))),
    ):
        save_prior(prior, folder / role)
    return {
        "multitask": folder / "multitask",
        **dict.fromkeys(("average", "blg", "anil"), folder / "average"),
    }


@pytest.fixture(scope="module")
def training(data, given, tmp_path_factory):
    return Training(
        data.train,
        data.validation,
        tmp_path_factory.mktemp("work"),
        num_images=(4, 8),
        is_quick=True,
        image_size=32,
        priors=given,
    )


@pytest.fixture(scope="module")
def fitted(data, training):
    """Returns systems by key, each fitted and prepared once."""
    made = {}

    def get(key):
        if key not in made:
            made[key] = systems.SYSTEMS[key]()
            made[key].fit(training)
            made[key].prepare(data.test[PersonalRatings])
        return made[key]

    return get


@pytest.fixture(scope="module")
def own(data):
    ratings = data.test[PersonalRatings]
    return ratings.of_user(ratings.user_ids()[0])


@pytest.mark.parametrize("key", systems.SYSTEMS)
def test_every_system_has_its_place_in_the_tables(key):
    system = systems.SYSTEMS[key]()
    assert isinstance(system, (PersonalSystem, GenericSystem))
    assert system.name


@pytest.mark.parametrize("key", ["ba_piaa", "mt_iaa", "pa_iaa_fusion", "ridge", "anil"])
def test_adapting_changes_the_scores_and_leaves_the_prior(fitted, own, key):
    system = fitted(key)
    before = system.prior().predict(own.images)
    adapted = system.adapt(own.select(slice(0, 8)))
    scores, num_weights = adapted.predict(own.images), adapted.num_weights
    assert num_weights > 0
    assert np.abs(scores - before).max() > 1e-5
    again = system.prior()
    assert again.num_weights == 0
    np.testing.assert_array_equal(again.predict(own.images), before)
    same = system.adapt(own.select(slice(0, 8))).predict(own.images)
    np.testing.assert_array_equal(same, scores)


def test_a_whole_network_scores_as_piaa_adapt_does(fitted, given, own):
    system = fitted("ba_piaa")
    support = own.select(slice(0, 8))
    scores = system.adapt(support).predict(own.images)
    network = PrivateNetwork(
        load_prior(given["average"]), own.rating_range, InnerLoop(5, 1e-4)
    )
    images = np.rint(load_images(own.paths, 32))
    network.adapt(images[:8], support.ratings)
    np.testing.assert_allclose(scores, network.score(images), atol=1e-4)
    assert system.adapt(support).num_weights == network.num_weights


def test_ridge_scores_as_piaa_adapt_does(fitted, given, own):
    support = own.select(slice(0, 8))
    scores = fitted("ridge").adapt(support).predict(own.images)
    prior = load_prior(given["multitask"])
    personal = personal_score(prior, "head", own.rating_range)
    embedding = predict(prior, own.paths)["embedding"]
    candidates = [
        score_users(
            personal,
            ridge_supports(personal, [(embedding[:8], support.ratings)], RidgeFit(s)),
            embedding,
        )[0]
        for s in (10.0, 1.0, 3.0, 30.0)
    ]
    distances = [np.abs(scores - other).max() for other in candidates]
    assert min(distances) < 1e-4


def test_anil_descends_the_mean_squared_error(fitted, given, own):
    system = fitted("anil")
    prior = load_prior(given["anil"])
    deep = predict(prior, own.paths)["embedding"].astype(np.float64)
    kernel, bias = prior.model.get_layer("score").get_weights()
    weights = np.append(kernel[:, 0], bias).astype(np.float64)
    features = np.column_stack([deep[:8], np.ones(8)])
    unit = (own.ratings[:8].astype(np.float64) - 1) / 4
    support = own.select(slice(0, 8))
    adapted = system.adapt_by(support, InnerLoop(3, 0.1))
    for _ in range(3):
        score = 1 / (1 + np.exp(-features @ weights))
        slope = 2 / 8 * ((score - unit) * score * (1 - score)) @ features
        weights -= 0.1 * slope
    np.testing.assert_allclose(adapted.weights, weights, rtol=1e-3, atol=1e-5)


def test_half_of_a_multi_task_prior_scores_alike(given, own):
    prior = load_prior(given["multitask"])
    half = without_traits(prior)
    assert half.config == dataclasses.replace(prior.config, tasks=("distribution",))
    np.testing.assert_array_equal(
        predict(half, own.paths[:4])["distribution"],
        predict(prior, own.paths[:4])["distribution"],
    )


def test_mt_iaa_keeps_no_traits_for_a_user_and_pa_iaa_does(fitted, own):
    support = own.select(slice(0, 4))
    mt = fitted("mt_iaa").adapt(support).num_weights
    traits_layer = 5 * 256 + 5
    pa = fitted("pa_iaa").adapt(support).num_weights
    assert pa - mt == traits_layer + 5
    assert fitted("pa_iaa_fusion").adapt(support).num_weights == 5


def test_generic_outputs_are_the_priors(fitted, data, given):
    likes = data.test[LikedImages]
    outputs = fitted("pa_iaa").predict_generic(likes)
    expected = predict(load_prior(given["multitask"]), likes.paths)
    np.testing.assert_allclose(outputs["traits"], expected["traits"], atol=1e-6)
    mean = expected["distribution"] @ np.arange(1, 11)
    np.testing.assert_allclose(outputs["score"], (mean - 1) / 9, rtol=1e-4)


def test_a_prior_is_trained_once_and_found_again(data, tmp_path):
    small = {
        split: {
            kind: samples.select(slice(0, 12))
            for kind, samples in getattr(data, split).items()
        }
        for split in ("train", "validation")
    }
    training = Training(**small, work_dir=tmp_path, is_quick=True, image_size=32)
    first = priors.find_prior("nima", training, "NIMA")
    assert priors.role_of(first) == "nima"
    assert "score_emd" in first.metrics
    again = priors.find_prior("nima", training, "NIMA")
    assert again.checksum() == first.checksum()
    assert load_prior(tmp_path / "priors/nima/prior").checksum() == first.checksum()


def test_a_learner_starts_from_the_average_prior(data, given, tmp_path, monkeypatch):
    monkeypatch.setitem(priors.META_STEPS, "anil", 4)
    monkeypatch.setattr(priors, "NUM_TASKS", 2)
    training = Training(
        data.train,
        data.validation,
        tmp_path,
        is_quick=True,
        image_size=32,
        priors={"average": given["average"]},
    )
    prior = priors.find_prior("anil", training, "ANIL")
    start = load_prior(given["average"])
    assert prior.config == start.config
    assert prior.checksum() != start.checksum()
    assert prior.training["start"] == start.checksum()
    assert priors.role_of(prior) == "anil"


@pytest.mark.parametrize(
    ("role", "kind", "system"),
    [
        ("nima", ScoreDistributions, "NIMA"),
        ("multitask", LikedImages, "PA_IAA"),
        ("blg", PersonalRatings, "BLG-PIAA"),
    ],
)
def test_what_is_missing_is_named(data, tmp_path, role, kind, system):
    train = {k: v for k, v in data.train.items() if k is not kind}
    training = Training(train, data.validation, tmp_path)
    with pytest.raises(
        MissingSamplesError, match=f"{system} needs .* in the train split"
    ):
        priors.find_prior(role, training, system)


def test_the_role_of_a_prior_is_what_it_predicts_and_how_it_learned():
    def role(kind, config, **training):
        return priors.role_of(build_prior(kind, config, training=training))

    one = PaIaaConfig(**SHAPE, tasks=("distribution",))
    assert role("pa_iaa", PaIaaConfig(**SHAPE)) == "multitask"
    assert role("pa_iaa", one) == "aesthetics"
    assert role("pa_iaa", one, distribution_loss="emd") == "nima"
    assert role("pa_iaa", PaIaaConfig(**SHAPE, tasks=("traits",))) == "personality"
    assert role("blg_piaa", BlgPiaaConfig(**SHAPE)) == "average"
    assert role("blg_piaa", BlgPiaaConfig(**SHAPE), target="ranking") == "ranking"
    assert role("blg_piaa", BlgPiaaConfig(**SHAPE), learner="reptile") == "reptile"


def test_settings_are_those_that_rank_validation_users_best(training):
    ratings = training.validation[PersonalRatings]
    truth = dict(zip(zip(ratings.users, ratings.images), ratings.ratings))

    class Model:
        num_weights = 1

        def __init__(self, user, sign):
            self.user, self.sign = user, sign

        def predict(self, images):
            return np.array([self.sign * truth[self.user, image] for image in images])

    def adapt(support, sign):
        # With few ratings the wrong sign is right.
        return Model(support.users[0], sign if len(support) > 5 else -sign)

    counts = dataclasses.replace(training, num_images=(4, 8, 99))
    chosen = choose_settings(adapt, (1, -1), counts, system="signs")
    # No user has rated 99 images: the first setting is taken.
    assert chosen == {4: -1, 8: 1, 99: 1}


def test_validation_users_choose_on_images_they_did_not_adapt_to(training):
    ratings = training.validation[PersonalRatings]
    seen = []

    class Model:
        num_weights = 1

        def predict(self, images):
            seen.append(set(images))
            return np.arange(len(images))

    supports = []

    def adapt(support, setting):
        supports.append(set(support.images))
        return Model()

    whole = dataclasses.replace(training, num_images=(4,), is_quick=False)
    choose_settings(adapt, (1, 2), whole, system="none")
    assert all(not one & other for one, other in zip(supports, seen))
    user = ratings.of_user(ratings.user_ids()[0])
    order = split(user.users[0], len(user), seed=0, repeat=0)
    assert supports[0] == {user.images[i] for i in order[:4]}
    tried = len(supports)
    quick = dataclasses.replace(whole, is_quick=True)
    choose_settings(adapt, (1, 2), quick, system="none")
    assert 3 * (len(supports) - tried) == tried
