import numpy as np
import pytest

from piaa_tf.evaluation.baselines import fpmf
from piaa_tf.evaluation.baselines.fpmf import Factors, Fpmf, factorise
from piaa_tf.metrics import srocc

WEAK = Factors(rank=2, user_strength=1e-3, item_strength=1e-3)


def low_rank(num_users, num_rated, seed=0, noise=0.0):
    """Ratings that are x a + (x A) q + b, and what they are made of."""
    generator = np.random.default_rng(seed)
    shared, transformation = generator.normal(size=6), generator.normal(size=[6, 2])
    tastes = generator.normal(size=[num_users, 2])
    offsets = generator.normal(size=num_users)
    rated = []
    for taste, offset in zip(tastes, offsets):
        features = generator.normal(size=[num_rated, 6])
        ratings = features @ (shared + transformation @ taste) + offset + 3
        rated.append((features, ratings + noise * generator.normal(size=num_rated)))
    return rated, shared, transformation, generator


def test_a_planted_low_rank_matrix_is_recovered():
    rated, shared, transformation, generator = low_rank(40, 12)
    found = factorise(rated, WEAK, rounds=60, seed=1)
    # A new user has rated 4 images: fewer than there are features.
    taste = generator.normal(size=2)
    weights = shared + transformation @ taste
    features = generator.normal(size=[50, 6])
    offset, own = found.user(features[:4], features[:4] @ weights + 1.5)
    predicted = (
        found.mean + offset + features @ (found.shared + found.transformation @ own)
    )
    np.testing.assert_allclose(predicted, features @ weights + 1.5, atol=0.1)


def test_the_learned_space_is_the_planted_one():
    rated, _, transformation, _ = low_rank(40, 12)
    found = factorise(rated, WEAK, rounds=60, seed=1)
    planted, learned = np.linalg.qr(transformation)[0], found.transformation
    left = learned - planted @ (planted.T @ learned)
    assert np.linalg.norm(left) < 0.05 * np.linalg.norm(learned)


def test_each_round_lowers_the_objective():
    rated, *_ = low_rank(20, 9, noise=0.5)
    settings = Factors(rank=2, user_strength=2.0, item_strength=1.0)

    def objective(rounds):
        found = factorise(rated, settings, rounds=rounds, seed=0)
        total = settings.item_strength * (
            (found.shared**2).sum() + (found.transformation**2).sum()
        )
        for features, ratings in rated:
            offset, taste = found.user(features, ratings)
            own = found.shared + found.transformation @ taste
            lack = ratings - found.mean - offset - features @ own
            total += (lack**2).sum() + settings.user_strength * (taste**2).sum()
        return total

    values = [objective(rounds) for rounds in (1, 2, 4, 8)]
    assert values == sorted(values, reverse=True)


def test_one_user_is_the_ridge_solution():
    from sklearn.linear_model import Ridge

    rated, *_ = low_rank(5, 9)
    found = factorise(rated, Factors(2, 3.0, 1.0), rounds=2, seed=0)
    features, ratings = rated[0]
    ridge = Ridge(alpha=3.0).fit(
        features @ found.transformation, ratings - found.mean - features @ found.shared
    )
    offset, taste = found.user(features, ratings)
    np.testing.assert_allclose(taste, ridge.coef_, rtol=1e-6)
    assert offset == pytest.approx(ridge.intercept_)


@pytest.fixture
def fitted(planted, training, monkeypatch):
    """Everyone likes bright images; people differ in how they like warm ones."""
    monkeypatch.setattr(fpmf, "SETTINGS", (Factors(1, 0.1, 0.1),))
    bright, warm = planted.attribute("brightness"), planted.attribute("warmth")
    tastes = {
        f"t{i}": 3 + 0.4 * bright + weight * warm
        for i, weight in enumerate(np.linspace(-0.6, 0.6, 20))
    }
    system = Fpmf(["attribute"])
    system.fit(training(planted.ratings(tastes, rows=slice(0, 50))))
    users = {
        "warm": 3 + 0.4 * bright + 0.6 * warm,
        "cold": 3 + 0.4 * bright - 0.6 * warm,
    }
    test = planted.ratings(users)
    system.prepare(test)
    return system, test, bright


@pytest.mark.parametrize("user", ["warm", "cold"])
def test_ten_ratings_tell_on_which_side_a_user_is(fitted, user):
    system, test, _ = fitted
    own = test.of_user(user)
    support, tested = own.select(slice(50, 60)), own.select(slice(60, 80))
    prior = srocc(system.prior().predict(tested.images), tested.ratings)
    model = system.adapt(support)
    assert srocc(model.predict(tested.images), tested.ratings) > max(prior, 0.95)
    assert np.abs(model.predict(tested.images) - tested.ratings).mean() < 0.2
    assert model.num_weights == 2


def test_without_a_user_the_shared_taste_is_left(fitted):
    system, test, bright = fitted
    images = test.of_user("warm").images
    model = system.prior()
    assert srocc(model.predict(images), bright) > 0.9
    assert model.num_weights == 0


def test_the_name_says_what_is_looked_at():
    names = [Fpmf(p).name for p in (["content"], ["content", "attribute"])]
    assert names == ["FPMF (only content)", "FPMF (content and attribute)"]
