import numpy as np
import pytest
from PIL import Image

from piaa_tf.adaptation.predict import predict
from piaa_tf.errors import InputError
from piaa_tf.explain.portrait import Portrait, draw_portrait, estimate_portrait
from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
from piaa_tf.models.prior import build_prior, load_prior


@pytest.fixture(scope="module")
def prior(tiny_prior):
    return load_prior(tiny_prior)


@pytest.fixture(scope="module")
def paths(tiny_gallery):
    return sorted((tiny_gallery / "photos").rglob("*.jpg"))[:5]


def test_it_is_the_mean_of_what_the_photos_say(prior, paths):
    portrait = estimate_portrait(prior, paths)
    traits = predict(prior, paths)["traits"]
    np.testing.assert_allclose(portrait.mean, traits.mean(axis=0), atol=1e-6)
    squares = ((traits - traits.mean(axis=0)) ** 2).sum(axis=0)
    np.testing.assert_allclose(portrait.spread, np.sqrt(squares / 4), rtol=1e-4)
    np.testing.assert_allclose(portrait.standard_error, portrait.spread / 5**0.5)
    assert portrait.num_images == 5
    assert portrait.spread.min() > 0


def test_one_photo_has_no_spread(prior, paths):
    portrait = estimate_portrait(prior, paths[:1])
    np.testing.assert_array_equal(portrait.spread, np.zeros(5))
    np.testing.assert_array_equal(portrait.standard_error, np.zeros(5))


@pytest.mark.parametrize(
    ("kind", "config", "predicted"),
    [
        ("blg_piaa", BlgPiaaConfig("compact", 48, head_sizes=()), "blg_piaa.* score"),
        (
            "pa_iaa",
            PaIaaConfig("compact", 48, tasks=("distribution",), head_sizes=()),
            "pa_iaa.* distribution",
        ),
    ],
)
def test_a_prior_without_traits_is_refused(kind, config, predicted, paths):
    with pytest.raises(InputError, match=f"Got a {predicted} alone"):
        estimate_portrait(build_prior(kind, config), paths)


def test_the_middle_is_drawn_as_a_ring_and_traits_outside_or_inside(tmp_path):
    extents = []
    for value in (-0.9, 0.9):
        portrait = Portrait(np.full(5, value), np.full(5, 0.3), 7)
        draw_portrait(portrait, tmp_path / "portrait.png", title="Of $x_")
        with Image.open(tmp_path / "portrait.png") as chart:
            pixels = np.asarray(chart.convert("RGB")).astype(int)
        is_line = np.abs(pixels - (0, 0x72, 0xB2)).sum(axis=-1) < 30
        # The legend has the line too, below the radar.
        is_line[int(0.85 * len(is_line)) :] = False
        rows, columns = np.nonzero(is_line)
        extents.append((np.ptp(rows), np.ptp(columns)))
    (small_high, small_wide), (high, wide) = extents
    assert high > 5 * small_high
    assert wide > 5 * small_wide
