import numpy as np
import pytest

from piaa_tf.data.samples import ScoreDistributions, average_scores
from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines import ranking_network
from piaa_tf.evaluation.baselines.image_features import ImageFeatures
from piaa_tf.evaluation.baselines.ranking_network import RankingNetwork
from piaa_tf.metrics import srocc

PARTS = ([], ["attribute"], ["content"], ["attribute", "content"])


@pytest.fixture
def samples(planted, training):
    """Average scores that follow from one component of the embedding."""
    ratings = planted.ratings({"t": np.full(80, 3.0)})
    features = ImageFeatures(["content"])
    component = features.fit(training(ratings), "test", ratings).features[:, 0]
    high = 1 / (1 + np.exp(-component))
    counts = np.stack([1 - high, high], axis=1)
    return ScoreDistributions(planted.photos, planted.images, counts, [1, 2])


@pytest.mark.parametrize("parts", PARTS, ids=["none", "att", "cont", "both"])
def test_planted_scores_are_ranked(parts, samples, training, monkeypatch):
    monkeypatch.setattr(ranking_network, "EPOCHS", 40)
    system = RankingNetwork(parts)
    system.fit(training(samples.select(slice(0, 60))))
    held_out = samples.select(slice(60, 80))
    predicted = system.predict_generic(held_out)["score"]
    assert srocc(predicted, average_scores(held_out)[1]) > 0.85


def test_the_names_are_those_of_the_table():
    assert [RankingNetwork(parts).name for parts in PARTS] == [
        "Reg+Rank",
        "Reg+Rank+Att",
        "Reg+Rank+Cont",
        "Reg+Rank+Att+Cont",
    ]


def test_one_seed_gives_one_network(samples, training):
    def predicted(seed):
        system = RankingNetwork(["content"])
        system.fit(training(samples, seed=seed, is_quick=True))
        return system.predict_generic(samples)["score"]

    once = predicted(1)
    np.testing.assert_allclose(once, predicted(1), rtol=1e-5)
    assert np.abs(once - predicted(2)).max() > 1e-3


def test_unknown_parts_are_refused():
    with pytest.raises(InputError, match=r"none or some of .* Got \['style'\]"):
        RankingNetwork(["style"])
