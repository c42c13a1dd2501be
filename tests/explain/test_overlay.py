import numpy as np
import pytest
from PIL import Image

from piaa_tf.explain.overlay import COLUMNS, Viewer, draw_viewers, overlay

PHOTO = np.full([40, 80, 3], (30, 120, 60), np.uint8)


def spot(row, column, size=24):
    own_map = np.zeros([size, size], np.float32)
    own_map[row, column] = 1
    return own_map


def is_grey(image):
    return np.ptp(image, axis=-1) == 0


def test_a_map_of_zeros_leaves_a_grey_photo():
    laid = overlay(PHOTO, np.zeros([24, 24]), keep_aspect=False)
    assert laid.shape == PHOTO.shape
    assert is_grey(laid).all()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_it_glows_where_the_map_is_strongest_whatever_its_scale(scale):
    laid = overlay(PHOTO, spot(5, 18) * scale, keep_aspect=False).astype(int)
    row, column = np.unravel_index(laid.sum(axis=-1).argmax(), PHOTO.shape[:2])
    # The middle of cell (5, 18) of 24 x 24, in pixels of 40 x 80.
    assert abs(row - 5.5 / 24 * 40) < 3
    assert abs(column - 18.5 / 24 * 80) < 4
    assert laid.sum(axis=-1).max() > 450
    assert is_grey(laid[30:, :20]).all()


@pytest.mark.parametrize("is_tall", [False, True])
def test_what_the_prior_did_not_see_stays_grey(is_tall):
    photo = PHOTO.transpose(1, 0, 2) if is_tall else PHOTO
    laid = overlay(photo, np.ones([24, 24]), keep_aspect=True)
    laid = laid.transpose(1, 0, 2) if is_tall else laid
    assert is_grey(laid[:, :20]).all()
    assert is_grey(laid[:, 60:]).all()
    assert not is_grey(laid[:, 20:60]).any()


def test_there_is_a_panel_for_each_viewer(tmp_path):
    sizes = []
    for count in (1, COLUMNS - 1, COLUMNS):
        viewers = [Viewer("x" * 99, "score 3", spot(i, i)) for i in range(count)]
        draw_viewers(
            PHOTO,
            viewers,
            tmp_path / "maps.png",
            title="a $strange name_",
            caption="scores from 1 to 5",
            keep_aspect=False,
        )
        with Image.open(tmp_path / "maps.png") as chart:
            sizes.append(chart.size)
    (two, low), (four, same), (three, high) = sizes
    assert low == same < high
    assert two < three < four
