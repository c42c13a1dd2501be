import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.adaptation.ridge import RidgeFit, ridge_supports
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.errors import InputError

START = np.array([1.0, -1.0, 0.5], np.float32)


def linear(weights, embedding):
    return tf.linalg.matvec(embedding, weights)


def squashed(weights, embedding):
    return tf.sigmoid(linear(weights, embedding))


def supports_of(*sizes):
    generator = np.random.default_rng(0)
    return [
        (
            generator.normal(size=[n, 3]).astype("f4"),
            generator.uniform(1, 5, n).astype("f4"),
        )
        for n in sizes
    ]


def test_a_linear_score_gets_the_normal_equations_solution():
    (x, y), strength = supports_of(12)[0], 2.5
    centred_x, lack = x - x.mean(0), y - x @ START
    mean_square = (centred_x**2).sum() / 12
    change = np.linalg.solve(
        centred_x.T @ centred_x + strength * mean_square * np.eye(3),
        centred_x.T @ (lack - lack.mean()),
    )
    adapted = ridge_supports(
        PersonalScore("head", START, linear, 3), [(x, y)], RidgeFit(strength)
    )
    np.testing.assert_allclose(adapted[0], START + change, rtol=1e-4)


def test_a_curved_score_is_taken_as_linear_at_the_prior():
    (x, y), strength = supports_of(12)[0], 0.5
    score = 1 / (1 + np.exp(-(x @ START)))
    jacobian = (score * (1 - score))[:, None] * x
    centred, lack = jacobian - jacobian.mean(0), y - score
    change = np.linalg.solve(
        centred.T @ centred + strength * (centred**2).sum() / 12 * np.eye(3),
        centred.T @ (lack - lack.mean()),
    )
    adapted = ridge_supports(
        PersonalScore("head", START, squashed, 3), [(x, y)], RidgeFit(strength)
    )
    np.testing.assert_allclose(adapted[0], START + change, rtol=1e-3)


def test_a_strong_ridge_stays_at_the_prior():
    adapted = ridge_supports(
        PersonalScore("head", START, linear, 3), supports_of(5, 2), RidgeFit(1e9)
    )
    np.testing.assert_allclose(adapted, [START, START], atol=1e-6)


def test_a_strength_means_the_same_for_embeddings_of_any_size():
    (x, y) = supports_of(9)[0]
    large = ridge_supports(
        PersonalScore("head", START / 100, linear, 3), [(100 * x, y)], RidgeFit(2.0)
    )
    small = ridge_supports(
        PersonalScore("head", START, linear, 3), [(x, y)], RidgeFit(2.0)
    )
    np.testing.assert_allclose(100 * large, small, rtol=1e-4)


def test_ratings_of_one_image_move_no_weight():
    x = np.ones([3, 3], np.float32)
    adapted = ridge_supports(
        PersonalScore("head", START, linear, 3), [(x, np.arange(3.0))], RidgeFit()
    )
    np.testing.assert_allclose(adapted[0], START, atol=1e-6)


def test_an_offset_moves_no_weight():
    (x, _) = supports_of(6)[0]
    adapted = ridge_supports(
        PersonalScore("head", START, linear, 3), [(x, x @ START + 2)], RidgeFit(0.1)
    )
    np.testing.assert_allclose(adapted[0], START, atol=1e-5)


def test_no_strength_is_refused():
    with pytest.raises(InputError, match=r"strength must be > 0. Got 0"):
        RidgeFit(0)
