import numpy as np
import pytest
from PIL import Image

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.evaluation.adapted_prior import BehindEmbedding, WholeNetwork
from piaa_tf.evaluation.plots import plot_users
from piaa_tf.evaluation.protocol import (
    measure,
    split,
    user_splits,
    with_enough_ratings,
)
from piaa_tf.evaluation.results import by_num_images, mean_by_user
from piaa_tf.models.prior import load_prior
from piaa_tf.ratings import RatingRange

NUM_IMAGES, USERS = 30, ("anna", "bert")


def linear(weights, embedding):
    import tensorflow as tf

    return tf.linalg.matvec(embedding, weights)


@pytest.fixture
def ratings(tmp_path):
    """Anna likes what the first feature says, bert the opposite."""
    images = [f"{i}.png" for i in range(NUM_IMAGES)]
    for image in images:
        Image.new("RGB", (1, 1)).save(tmp_path / image)
    features = np.random.default_rng(0).uniform(-1, 1, [NUM_IMAGES, 3])
    features[:, 2] = 1
    own = np.concatenate([3 + 2 * features[:, 0], 3 - 2 * features[:, 0]])
    samples = PersonalRatings(
        photos=tmp_path,
        images=images * 2,
        users=np.repeat(USERS, NUM_IMAGES).tolist(),
        ratings=own.astype(np.float32),
        rating_range=RatingRange(1, 5),
    )
    return samples, dict(zip(images, features.astype(np.float32)))


class PlantedScope(BehindEmbedding):
    """Adapts weights on embeddings that are given; its prior ranks as anna does."""

    def __init__(self, embeddings):
        self.name, self.method = "planted", InnerLoop(steps=200, rate=0.1)
        start = np.array([1.0, 0.0, 0.0], np.float32)
        self._personal = PersonalScore("head", start, linear, 3)
        self._embeddings, self._by_adam = embeddings, None


def evaluate(ratings, num_images=10, num_reserved=10):
    samples, embeddings = ratings
    splits = user_splits(samples, {num_images: 2}, seed=0, num_reserved=num_reserved)
    return measure(PlantedScope(embeddings), splits)


def test_each_user_is_compared_with_the_prior_on_the_same_images(ratings):
    results = evaluate(ratings)
    assert [(r.user_id, r.repeat) for r in results] == [
        (user, repeat) for user in USERS for repeat in (0, 1)
    ]
    for result in results:
        sign = 1 if result.user_id == "anna" else -1
        assert result.prior_srocc == pytest.approx(sign)
        assert result.srocc > 0.9


def test_the_same_test_images_for_any_number_of_ratings(ratings):
    few = evaluate(ratings, num_images=2)
    many = evaluate(ratings, num_images=10)
    assert [r.prior_srocc for r in few] == [r.prior_srocc for r in many]


def test_splits_are_permutations_that_depend_on_their_key_alone():
    one = split("anna", 50, seed=1, repeat=0)
    assert sorted(one) == list(range(50))
    assert one.tolist() == split("anna", 50, seed=1, repeat=0).tolist()
    for other in (
        split("bert", 50, seed=1, repeat=0),
        split("anna", 50, seed=2, repeat=0),
        split("anna", 50, seed=1, repeat=1),
    ):
        assert one.tolist() != other.tolist()


def test_a_user_with_too_few_ratings_is_refused(ratings):
    with pytest.raises(InputError, match=r"two to test on. Got 30 ratings"):
        evaluate(ratings, num_reserved=29)


def test_fewer_reserved_than_used_is_refused(ratings):
    with pytest.raises(InputError, match="Got 11 and 10"):
        evaluate(ratings, num_images=11)


def test_means_are_over_the_repeats_of_each_user(ratings):
    results = evaluate(ratings)
    means = mean_by_user(results, "srocc")
    assert means["anna"] == pytest.approx(np.mean([r.srocc for r in results[:2]]))


def test_the_chart_of_users_is_written(ratings, tmp_path):
    results = [*evaluate(ratings), *evaluate(ratings, num_images=4)]
    assert [*by_num_images(results)] == [4, 10]
    assert by_num_images(results)[10] == results[:4]
    plot_users(results, tmp_path / "users.png", title="simulated")
    with Image.open(tmp_path / "users.png") as chart:
        assert chart.size[0] > 500


def test_whole_networks_are_tested_on_the_same_splits(tiny_gallery, tiny_prior):
    prior = load_prior(tiny_prior)
    samples = catalog.load("gallery", PersonalRatings, tiny_gallery, "test")
    splits = user_splits(samples, {4: 2}, seed=3, num_reserved=8)
    loop = InnerLoop(steps=1, rate=1e-9)
    network = WholeNetwork("all", prior, samples.rating_range, loop)
    head = BehindEmbedding("head", prior, samples.rating_range, loop, scope="head")
    for system in (network, head):
        system.prepare(samples)
    for one, other in zip(measure(network, splits), measure(head, splits)):
        assert (one.system, other.system) == ("all", "head")
        assert one.num_weights > other.num_weights
        assert (one.user_id, one.repeat) == (other.user_id, other.repeat)
        assert one.num_tested == other.num_tested
        assert one.prior_srocc == pytest.approx(other.prior_srocc, abs=1e-6)
        # A tiny rate leaves the prior's order as it is.
        assert one.srocc == pytest.approx(one.prior_srocc, abs=1e-6)


def test_a_network_reads_each_image_once_until_others_are_prepared(
    tiny_gallery, tiny_prior, monkeypatch
):
    from piaa_tf.evaluation import adapted_prior

    read = []

    def load_images(paths, size, keep_aspect):
        read.extend(paths)
        return np.zeros([len(paths), size, size, 3], np.float32)

    monkeypatch.setattr(adapted_prior, "load_images", load_images)
    samples = catalog.load("gallery", PersonalRatings, tiny_gallery, "test")
    prior, loop = load_prior(tiny_prior), InnerLoop(steps=1, rate=1e-3)
    network = WholeNetwork("all", prior, samples.rating_range, loop)
    network.prepare(samples)
    network.prior().predict(samples.images[:3])
    network.prior().predict(samples.images[1:4])
    assert read == samples.paths[:4]
    network.prepare(samples)
    network.prior().predict(samples.images[:1])
    assert read == [*samples.paths[:4], samples.paths[0]]


class ByFirstFeature:
    """Scores by an image's number, the user's sign learned from the support."""

    name = "first feature"

    def __init__(self, samples, embeddings):
        self.seen = []
        self.value = {image: float(e[0]) for image, e in embeddings.items()}

    def fit(self, training):
        """Knows it already."""

    def prepare(self, ratings):
        """Knows it already."""

    def prior(self):
        return self.Model(self, 1.0, 0)

    def adapt(self, support):
        self.seen.append(support)
        values = [self.value[image] for image in support.images]
        return self.Model(self, np.sign(np.corrcoef(values, support.ratings)[0, 1]), 1)

    class Model:
        def __init__(self, system, sign, num_weights):
            self.system, self.sign, self.num_weights = system, sign, num_weights

        def predict(self, images):
            return np.array([self.sign * self.system.value[image] for image in images])


def test_a_system_is_measured_on_every_user_n_and_repeat(ratings):
    samples, _ = ratings
    system, seconds = ByFirstFeature(*ratings), {}
    splits = user_splits(samples, {5: 3, 10: 1}, seed=4)
    results = measure(system, splits, seconds=seconds)
    assert [(r.num_images, r.user_id, r.repeat) for r in results] == [
        *((5, user, repeat) for user in USERS for repeat in range(3)),
        *((10, user, 0) for user in USERS),
    ]
    for found in results:
        sign = 1 if found.user_id == "anna" else -1
        assert found.prior_srocc == pytest.approx(sign)
        assert found.srocc == pytest.approx(1)
        assert found.num_tested == NUM_IMAGES - found.num_images
        assert found.num_weights == 1
    assert {n: len(values) for n, values in seconds.items()} == {5: 6, 10: 2}


def test_supports_are_the_first_of_the_split_and_never_tested(ratings):
    samples, _ = ratings
    system = ByFirstFeature(*ratings)
    splits = user_splits(samples, {5: 1}, seed=4, num_reserved=12)
    (found, _) = measure(system, splits)
    assert found.num_tested == NUM_IMAGES - 12
    own = samples.of_user("anna")
    order = split("anna", NUM_IMAGES, seed=4, repeat=0)[:5]
    assert list(system.seen[0].images) == [own.images[i] for i in order]


def test_no_more_images_are_scored_than_needed(ratings):
    samples, _ = ratings
    wanted = {"seed": 4, "num_reserved": 12}
    (few, *_), (all_, *_) = (
        user_splits(samples, {5: 1}, **wanted, max_tested=most) for most in (7, None)
    )
    assert few.user_id == all_.user_id == "anna"
    assert few.support.images == all_.support.images
    assert few.tested.images == all_.tested.images[:7]
    assert len(few.own) == 12 + 7
    assert len(all_.own) == NUM_IMAGES


def test_users_with_too_few_ratings_are_not_tested(ratings):
    samples, _ = ratings
    fewer = samples.select(slice(0, NUM_IMAGES + 11))
    assert with_enough_ratings(fewer, 10).user_ids() == ["anna"]
    assert with_enough_ratings(fewer, 9).user_ids() == ["anna", "bert"]
    with pytest.raises(InputError, match=r"needs 29 ratings .* Got 30 at most, of 2"):
        with_enough_ratings(samples, 29)
