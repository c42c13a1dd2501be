import numpy as np
import pytest

from piaa_tf.adaptation.adapt import InnerLoop, adapt_supports, score_users
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.private_network import PrivateNetwork
from piaa_tf.adaptation.ridge import RidgeFit
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.adaptation.scoring import UserScorer
from piaa_tf.adaptation.users import adapt_tastes, check_ratings
from piaa_tf.data.datasets import catalog
from piaa_tf.data.images import load_images
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.models.prior import build_prior, load_prior
from piaa_tf.ratings import RatingRange

STARS = RatingRange(1, 5)
LOOP = InnerLoop(steps=5, rate=0.05)


@pytest.fixture(scope="module")
def prior(tiny_prior):
    return load_prior(tiny_prior)


@pytest.fixture(scope="module")
def ratings(tiny_gallery):
    return catalog.load("gallery", PersonalRatings, tiny_gallery, "test")


@pytest.fixture(scope="module")
def few(ratings):
    return ratings.select(slice(0, 36))


@pytest.fixture(scope="module")
def network(prior):
    """One network for several tests, each of which sets its own loop."""
    return PrivateNetwork(prior, STARS, LOOP)


def ratings_like(ratings, values):
    """The first user's first images with other ratings."""
    own = ratings.of_user(ratings.user_ids()[0]).select(slice(0, len(values)))
    return PersonalRatings(
        photos=own.photos,
        images=own.images,
        users=own.users,
        ratings=np.array(values, np.float32),
        rating_range=STARS,
    )


def test_fewer_than_two_ratings_are_refused(ratings):
    with pytest.raises(InputError, match=r"at least two ratings to adapt to. Got 1"):
        check_ratings(ratings_like(ratings, [3]))


def test_ratings_that_are_all_equal_are_refused(ratings):
    with pytest.raises(InputError, match=r"must differ .* Got 3 ratings of 4 from"):
        check_ratings(ratings_like(ratings, [4, 4, 4]))


@pytest.mark.parametrize(
    ("values", "message"),
    [((0, 0.1), "steps must be >= 1. Got 0"), ((5, 0.0), "rate must be > 0. Got 0")],
)
def test_an_impossible_loop_is_refused(values, message):
    with pytest.raises(InputError, match=message):
        InnerLoop(*values)


@pytest.mark.parametrize("scope", ["fusion", "head"])
def test_adaptation_fits_each_users_own_ratings(prior, few, scope):
    loop = InnerLoop(steps=30, rate=0.1)
    tastes = adapt_tastes(prior, scope, few, loop)
    assert tastes.user_ids == tuple(few.user_ids())
    assert tastes.num_ratings.sum() == len(few)
    personal = personal_score(prior, scope, STARS)
    for user, weights in zip(tastes.user_ids, tastes.weights):
        own = few.of_user(user)
        embedding = predict(prior, own.paths)["embedding"]
        before, after = score_users(
            personal, np.stack([personal.prior_weights, weights]), embedding
        )
        errors = [np.mean((s - own.ratings) ** 2) for s in (before, after)]
        assert errors[1] < 0.9 * errors[0]


def test_a_users_taste_does_not_depend_on_the_others(prior, few):
    user = few.user_ids()[1]
    together = adapt_tastes(prior, "fusion", few, LOOP)
    alone = adapt_tastes(prior, "fusion", few.of_user(user), LOOP)
    np.testing.assert_allclose(
        together.weights[together.rows([user])[0]], alone.weights[0], atol=1e-5
    )


def test_supports_of_different_sizes_are_adapted_together(prior):
    personal = personal_score(prior, "fusion", STARS)
    generator = np.random.default_rng(0)
    size = predict_size(prior)
    supports = [
        (
            generator.normal(size=[n, size]).astype("f4"),
            generator.uniform(1, 5, n).astype("f4"),
        )
        for n in (2, 7, 3)
    ]
    together = adapt_supports(personal, supports, LOOP)
    for support, row in zip(supports, together):
        np.testing.assert_allclose(
            adapt_supports(personal, [support], LOOP)[0], row, atol=1e-5
        )


def predict_size(prior):
    return prior.one_image().output_shape["embedding"][-1]


def test_scope_all_adapts_a_private_network_and_leaves_the_prior(prior, few):
    before = prior.checksum()
    own = few.of_user(few.user_ids()[0])
    loop = InnerLoop(steps=8, rate=1e-3)
    tastes = adapt_tastes(prior, "all", own, loop)
    assert prior.checksum() == before
    user = tastes.user_ids[0]
    scorer = UserScorer(prior, tastes, user, STARS)
    own_scores, generic = scorer.score(own.paths)
    errors = [np.mean((s - own.ratings) ** 2) for s in (generic, own_scores)]
    assert errors[1] < errors[0]
    private = tastes.network(user, prior)
    moved = [
        name
        for name, value in private.weights().items()
        if np.abs(value - prior.weights()[name]).max() > 1e-6
    ]
    assert "stem/kernel:0" in moved
    assert not [name for name in moved if "moving" in name]


def test_a_private_network_starts_every_user_from_the_prior(prior, few, network):
    network.loop = InnerLoop(steps=2, rate=1e-3)
    cases = []
    for user in few.user_ids()[:2]:
        own = few.of_user(user)
        cases.append((load_images(own.paths, 48), own.ratings))
    first = network.adapt(*cases[0])
    network.adapt(*cases[1])
    np.testing.assert_array_equal(network.adapt(*cases[0]), first)
    network.loop = InnerLoop(steps=1, rate=1e-3)
    other = network.adapt(*cases[0])
    built_so = PrivateNetwork(prior, STARS, network.loop)
    np.testing.assert_array_equal(built_so.adapt(*cases[0]), other)
    assert np.abs(other - first).max() > 1e-4
    head = prior.model.get_layer("distribution").count_params()
    others = sum(v.shape.num_elements() for v in prior.model.trainable_variables)
    assert network.num_weights == others + len(first) - head


def test_an_unknown_user_gets_the_priors_scores(prior, few):
    tastes = adapt_tastes(prior, "fusion", few, LOOP)
    scorer = UserScorer(prior, tastes, "nobody", STARS)
    assert not scorer.is_known_user
    own, generic = scorer.score(few.paths[:5])
    np.testing.assert_array_equal(own, generic)


def test_scores_speak_in_the_range_of_the_tastes(prior, few):
    tastes = adapt_tastes(prior, "fusion", few, LOOP)
    scorer = UserScorer(prior, tastes, "nobody", RatingRange(0, 100))
    assert scorer.rating_range == STARS
    bare = UserScorer(prior, None, "nobody", RatingRange(0, 100))
    own, _ = scorer.score(few.paths[:5])
    np.testing.assert_allclose(
        RatingRange(0, 100).to_unit(bare.score(few.paths[:5])[0]),
        STARS.to_unit(own),
        atol=1e-5,
    )


def test_tastes_of_another_prior_are_refused(prior, few):
    tastes = adapt_tastes(prior, "fusion", few, LOOP)
    other = build_prior(prior.kind, prior.config)
    with pytest.raises(InputError, match="Tastes go with the prior"):
        UserScorer(other, tastes, tastes.user_ids[0], STARS)


def test_ridge_adapts_and_says_so(prior, few):
    tastes = adapt_tastes(prior, "fusion", few, RidgeFit(1.0))
    assert tastes.adapted_by == "ridge of strength 1"
    assert np.abs(tastes.weights).max() > 0


def test_ridge_of_a_whole_network_is_refused(prior, few):
    with pytest.raises(InputError, match="scope 'all' is adapted by adam"):
        adapt_tastes(prior, "all", few, RidgeFit(1.0))


def test_a_private_network_forgets_and_scores_as_the_prior(prior, few, network):
    network.loop = InnerLoop(steps=2, rate=1e-2)
    network.forget()
    own = few.of_user(few.user_ids()[0])
    image = load_images(own.paths, 48)
    before = network.score(image)
    network.adapt(image, own.ratings)
    assert np.abs(network.score(image) - before).max() > 1e-4
    network.forget()
    np.testing.assert_array_equal(network.score(image), before)
    generic = UserScorer(prior, None, "", STARS).score(own.paths)[0]
    np.testing.assert_allclose(before, generic, atol=1e-5)


@pytest.mark.parametrize("scope", ["fusion", "head", "all"])
def test_files_pixels_and_the_function_of_pixels_agree(prior, few, scope):
    own = few.of_user(few.user_ids()[0]).select(slice(0, 5))
    tastes = adapt_tastes(prior, scope, own, LOOP)
    scorer = UserScorer(prior, tastes, tastes.user_ids[0], STARS)
    image = load_images(own.paths, 48)
    scores, generic = scorer.score(own.paths)
    assert np.abs(scores - generic).max() > 1e-3
    for part, expected in zip(scorer.score_pixels(image), (scores, generic)):
        np.testing.assert_allclose(part, expected, atol=1e-5)
    np.testing.assert_allclose(scorer.score_function()(image), scores, atol=1e-5)
    np.testing.assert_allclose(
        scorer.score_function(is_generic=True)(image), generic, atol=1e-5
    )


def test_the_function_of_an_unknown_user_is_the_priors(prior, few):
    tastes = adapt_tastes(prior, "fusion", few, LOOP)
    scorer = UserScorer(prior, tastes, "nobody", STARS)
    paths = few.paths[:3]
    np.testing.assert_allclose(
        scorer.score_function()(load_images(paths, 48)),
        scorer.score(paths)[1],
        atol=1e-5,
    )
