import numpy as np
import pytest

from piaa_tf.adaptation.predict import predict
from piaa_tf.models.prior import load_prior


@pytest.fixture(scope="module")
def paths(tiny_gallery):
    return sorted((tiny_gallery / "photos").rglob("*.jpg"))[:5]


def test_every_batch_is_told(tiny_prior, paths):
    told = []
    predict(
        load_prior(tiny_prior),
        paths,
        batch_size=2,
        progress=lambda *counts: told.append(counts),
    )
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_telling_and_forms_change_no_number(tiny_prior, paths):
    prior = load_prior(tiny_prior)
    plain = predict(prior, paths)
    told = predict(
        prior, [path.read_bytes() for path in paths], progress=lambda *counts: None
    )
    for name, values in plain.items():
        np.testing.assert_array_equal(told[name], values)
