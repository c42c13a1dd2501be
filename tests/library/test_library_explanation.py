import io

import numpy as np
import pytest
from PIL import Image

from piaa_tf.explain.overlay import overlay


def test_a_map_has_the_size_that_the_network_saw(tastes, album):
    found = tastes.explain(album / "0.jpg", user_id="anna", method="plain")
    assert found.map.shape == (48, 48)
    assert found.map.min() >= 0
    assert 0.1 <= found.concentration <= 1
    assert (found.name, found.viewer, found.known_user) == ("0.jpg", "anna", True)
    assert found.score == pytest.approx(
        tastes.score([album / "0.jpg"], user_id="anna")[0], abs=1e-5
    )


def test_the_priors_view_is_the_same_in_both_places(prior, tastes, album):
    with Image.open(album / "1.jpg") as photo:
        general = prior.explain(photo, method="plain")
    found = tastes.explain(album / "1.jpg", user_id="", method="plain")
    np.testing.assert_array_equal(general.map, found.map)
    assert general.viewer == found.viewer == "the prior"
    assert (general.name, found.name) == ("photo", "1.jpg")


def test_an_unknown_viewer_is_told_apart(tastes, album):
    found = tastes.explain(album / "0.jpg", user_id="carl", method="plain")
    assert found.viewer == "carl: no taste known"


def test_it_draws_itself(tastes, album, tmp_path):
    found = tastes.explain(album / "0.jpg", user_id="anna", method="plain")
    found.save(tmp_path / "map.png")
    content = (tmp_path / "map.png").read_bytes()
    assert (
        Image.open(io.BytesIO(content)).size
        == Image.open(io.BytesIO(found._repr_png_())).size
    )
    expected = overlay(found.photo, found.map, keep_aspect=False)
    np.testing.assert_array_equal(found.overlay(), expected)
