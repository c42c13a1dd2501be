import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.adaptation import jacobian
from piaa_tf.adaptation.jacobian import score_jacobian
from piaa_tf.adaptation.scopes import PersonalScore, personal_score
from piaa_tf.models.prior import load_prior
from piaa_tf.ratings import RatingRange


def squashed(weights, embedding):
    return 1 + 4 * tf.sigmoid(tf.linalg.matvec(embedding, weights))


def test_it_is_the_derivative_known_from_calculus():
    start = np.array([1.0, -1.0, 0.5], np.float32)
    x = np.random.default_rng(0).normal(size=[7, 3]).astype(np.float32)
    scores, rows = score_jacobian(PersonalScore("head", start, squashed, 3), x)
    unit = 1 / (1 + np.exp(-(x @ start)))
    np.testing.assert_allclose(scores, 1 + 4 * unit, rtol=1e-5)
    np.testing.assert_allclose(rows, (4 * unit * (1 - unit))[:, None] * x, rtol=1e-4)


@pytest.mark.parametrize("scope", ["fusion", "head", "all"])
def test_it_predicts_small_changes_of_a_priors_scores(tiny_prior, scope):
    prior = load_prior(tiny_prior)
    personal = personal_score(prior, scope, RatingRange(1, 5))
    generator = np.random.default_rng(1)
    size = prior.one_image().output_shape["embedding"][-1]
    embedding = generator.normal(size=[4, size]).astype(np.float32)
    step = generator.normal(size=personal.prior_weights.size) * 1e-2
    scores, rows = score_jacobian(personal, embedding)
    moved = personal.score(
        tf.constant((personal.prior_weights + step)[np.newaxis], tf.float32),
        tf.constant(embedding[np.newaxis]),
    )[0]
    np.testing.assert_allclose(moved - scores, rows @ step, atol=2e-3)
    assert np.abs(rows @ step).max() > 1e-2


def test_parts_give_the_same_as_all_at_once(monkeypatch):
    start = np.ones(3, np.float32)
    x = np.random.default_rng(0).normal(size=[7, 3]).astype(np.float32)
    personal = PersonalScore("head", start, squashed, 3)
    whole = score_jacobian(personal, x)
    monkeypatch.setattr(jacobian, "_NUMBERS_AT_ONCE", 6)
    for part, all_at_once in zip(score_jacobian(personal, x), whole):
        np.testing.assert_allclose(part, all_at_once, rtol=1e-5)
