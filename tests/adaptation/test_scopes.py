import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.adaptation.scopes import default_scope, head_weights, personal_score
from piaa_tf.errors import InputError
from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
from piaa_tf.models.pa_iaa import fusion_network
from piaa_tf.models.prior import build_prior
from piaa_tf.ratings import RatingRange

SIZE = 48
STARS = RatingRange(1, 5)


def make(kind, **changes):
    tf.keras.utils.set_random_seed(5)
    config_class = {"pa_iaa": PaIaaConfig, "blg_piaa": BlgPiaaConfig}[kind]
    config = config_class(
        **{"backbone": "compact", "image_size": SIZE, "head_sizes": (7,), **changes}
    )
    return build_prior(kind, config)


@pytest.fixture(scope="module")
def pa_iaa():
    return make("pa_iaa")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0, 255, [4, SIZE, SIZE, 3]).astype("f4")


def outputs_of(prior, images):
    return {k: v.numpy() for k, v in prior.one_image()(images).items()}


def score_of(personal, weights, embedding):
    return personal.score(tf.constant(weights[None]), tf.constant(embedding[None]))[0]


@pytest.mark.parametrize("scope", ["fusion", "head", "all"])
@pytest.mark.parametrize("fusion", ["vector", "network"])
def test_the_priors_weights_give_the_mean_of_its_distribution(scope, fusion, images):
    prior = make("pa_iaa", fusion=fusion, fusion_sizes=(6, 4))
    outputs = outputs_of(prior, images)
    personal = personal_score(prior, scope, STARS)
    mean = outputs["distribution"] @ np.arange(1, 11)
    np.testing.assert_allclose(
        score_of(personal, personal.prior_weights, outputs["embedding"]),
        1 + (mean - 1) / 9 * 4,
        rtol=1e-5,
    )


def test_fusion_adds_the_weighted_traits(pa_iaa, images):
    outputs = outputs_of(pa_iaa, images)
    personal = personal_score(pa_iaa, "fusion", STARS)
    w_b = np.array([0.5, -1.0, 2.0, 0.25, 3.0], np.float32)
    generic = score_of(personal, np.zeros(5, np.float32), outputs["embedding"])
    np.testing.assert_allclose(
        score_of(personal, w_b, outputs["embedding"]),
        generic + outputs["traits"] @ w_b,
        rtol=1e-5,
    )


def test_fusion_network_weighs_the_traits_by_the_image(images):
    prior = make("pa_iaa", fusion="network", fusion_sizes=(6,))
    embedding = outputs_of(prior, images)["embedding"]
    traits = embedding[:, -5:]
    num_features = prior.model.get_layer("compact").output_shape[-1]
    features = embedding[:, :num_features]
    personal = personal_score(prior, "fusion", STARS)
    generator = np.random.default_rng(1)
    k1, b1 = generator.normal(size=[num_features, 6]), generator.normal(size=6)
    k2, b2 = generator.normal(size=[6, 5]), generator.normal(size=5)
    flat = np.concatenate([k1.ravel(), b1, k2.ravel(), b2]).astype(np.float32)
    w_b = np.tanh(np.maximum(features @ k1 + b1, 0) @ k2 + b2)
    generic = score_of(personal, personal.prior_weights, embedding)
    np.testing.assert_allclose(
        score_of(personal, flat, embedding),
        generic + np.sum(w_b * traits, axis=1),
        rtol=1e-4,
    )


def test_a_unit_at_zero_of_the_fusion_network_has_no_gradient():
    # As that of tf.nn.relu, and of torch.
    weights = tf.constant(np.ones([1, 3 * 2 + 2 + 2 * 5 + 5], np.float32))
    weights *= tf.constant([0.0] * 8 + [1.0] * 15)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        added = fusion_network(weights, tf.ones([1, 1, 3]), tf.ones([1, 1, 5]), (2,))
    first, rest = tf.split(tape.gradient(added, weights)[0], [8, 15])
    np.testing.assert_array_equal(first, np.zeros(8))
    assert np.abs(rest).max() > 0


def test_all_is_head_then_fusion(pa_iaa):
    head, fusion, both = (
        personal_score(pa_iaa, scope, STARS) for scope in ("head", "fusion", "all")
    )
    assert (head.num_head, fusion.num_head) == (head.prior_weights.size, 0)
    assert both.num_head == head.num_head
    np.testing.assert_array_equal(
        both.prior_weights, np.concatenate([head.prior_weights, fusion.prior_weights])
    )


@pytest.mark.parametrize("link", ["sigmoid", "linear"])
def test_blg_head_is_the_networks_score_in_the_users_range(link, images):
    prior = make("blg_piaa", link=link)
    outputs = outputs_of(prior, images)
    personal = personal_score(prior, "head", STARS)
    np.testing.assert_allclose(
        score_of(personal, personal.prior_weights, outputs["embedding"]),
        1 + 4 * outputs["score"][:, 0],
        rtol=1e-5,
    )


def test_rows_of_weights_score_their_own_images(pa_iaa, images):
    embedding = outputs_of(pa_iaa, images)["embedding"]
    personal = personal_score(pa_iaa, "fusion", STARS)
    rows = np.random.default_rng(2).normal(size=[3, 5]).astype(np.float32)
    together = personal.score(rows, np.stack([embedding] * 3))
    for row, scores in zip(rows, together):
        np.testing.assert_allclose(
            score_of(personal, row, embedding), scores, rtol=1e-5
        )


def test_head_weights_are_kernel_then_bias(pa_iaa):
    kernel, bias = pa_iaa.model.get_layer("distribution").get_weights()
    assert head_weights(pa_iaa)[: kernel.size].reshape(kernel.shape) == pytest.approx(
        kernel
    )
    assert head_weights(pa_iaa)[kernel.size :] == pytest.approx(bias)


def test_an_unknown_scope_is_refused(pa_iaa):
    with pytest.raises(InputError, match="Got 'body'"):
        personal_score(pa_iaa, "body", STARS)


def test_fusion_without_traits_is_refused():
    with pytest.raises(InputError, match="needs a prior that predicts traits"):
        personal_score(make("pa_iaa", tasks=("distribution",)), "fusion", STARS)


def test_a_personal_score_without_scores_is_refused():
    with pytest.raises(InputError, match="needs a prior that predicts scores"):
        personal_score(make("pa_iaa", tasks=("traits",)), "head", STARS)


def test_fusion_of_a_blg_prior_is_refused():
    with pytest.raises(InputError, match="belongs to a pa_iaa prior"):
        personal_score(make("blg_piaa"), "fusion", STARS)


def test_the_default_scope_is_fusion_where_there_are_traits(pa_iaa):
    assert default_scope(pa_iaa) == "fusion"
    assert default_scope(make("pa_iaa", tasks=("distribution",))) == "head"
    assert default_scope(make("blg_piaa")) == "head"
