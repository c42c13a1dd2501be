"""Shapes, colours, blur and the texture banks."""

import colorsys

import numpy as np
import pytest

from piaa_tf.data.gallery.canvas import Canvas, blur, ellipse, mix, polygon, rgb
from piaa_tf.data.gallery.landscape import mirrored
from piaa_tf.data.gallery.textures import ridge_bank, texture_bank


@pytest.mark.parametrize("hue", [0.0, 0.1, 0.35, 0.5, 0.77, 1.2])
def test_rgb_is_the_usual_conversion(hue):
    expected = colorsys.hsv_to_rgb(hue % 1, 0.6, 0.8)
    np.testing.assert_allclose(rgb(hue, 0.6, 0.8).ravel(), expected, atol=1e-6)


def test_mix_goes_from_the_first_colour_to_the_second():
    black, white = rgb(0, 0, 0), rgb(0, 0, 1)
    np.testing.assert_allclose(mix(black, white, 0.25).ravel(), 0.25)


def test_a_polygons_distance_is_to_its_nearest_edge():
    x = np.float32([[0.5, 3.0]])
    y = np.float32([[1.0]])
    inside = polygon(x, y, [(0, 0), (2, 0), (2, 2), (0, 2)])
    np.testing.assert_allclose(inside, [[0.5, -1.0]], atol=1e-6)


def test_a_circles_distance_is_exact():
    x, y = np.float32([[0.0, 3.0]]), np.float32([[0.0]])
    np.testing.assert_allclose(ellipse(x, y, (0, 0), 2, 2), [[2.0, -1.0]], atol=1e-6)


def test_an_edge_is_one_pixel_wide():
    canvas = Canvas.blank(10)
    coverage = canvas.edge(np.float32([-0.05, 0.0, 0.05]))
    np.testing.assert_allclose(coverage, [0, 0.5, 1], atol=1e-6)


def test_painting_a_window_paints_the_canvas_and_is_remembered():
    canvas = Canvas.blank(8)
    part = canvas.window(0.5, 0.5, 1.0, 1.0)
    part.paint(np.ones((4, 4), np.float32), rgb(0, 0, 1), opacity=0.5)
    assert canvas.image.sum() == pytest.approx(3 * 16 * 0.5)
    assert canvas.cover.sum() == pytest.approx(16 * 0.5)
    canvas.uncover()
    assert canvas.cover.sum() == 0


def test_a_window_outside_the_canvas_is_empty():
    assert Canvas.blank(8).window(1.5, 0.0, 2.0, 1.0).image.size == 0


def test_blur_keeps_a_constant_and_spreads_a_point():
    assert np.allclose(blur(np.full((3, 9, 9), 0.5, np.float32), 2), 0.5)
    point = np.zeros((1, 9, 9), np.float32)
    point[0, 4, 4] = 1.0
    # Two boxes of side 3 in each direction: the triangle 1 2 3 2 1 over 9, squared.
    assert blur(point, 1)[0, 4, 4] == pytest.approx((3 / 9) ** 2, abs=1e-6)
    half = blur(point, 0.5)[0, 4, 4]
    assert half == pytest.approx((1 + (3 / 9) ** 2) / 2, abs=1e-6)


def test_mirrored_values_are_symmetric_at_one_and_untouched_at_zero():
    values = np.arange(6, dtype=np.float32)[None]
    np.testing.assert_array_equal(mirrored(values, 0.0), values)
    full = mirrored(values, 1.0)
    np.testing.assert_allclose(full, full[..., ::-1])


@pytest.mark.parametrize("kind", ["fine", "rough", "cloud"])
def test_textures_are_standardised(kind):
    bank = texture_bank(kind, 256)
    np.testing.assert_allclose(bank.mean(axis=(1, 2)), 0, atol=0.01)
    np.testing.assert_allclose(bank.std(axis=(1, 2)), 1, atol=0.01)


def test_a_texture_is_the_same_waves_at_another_size():
    small, large = texture_bank("cloud", 64)[0], texture_bank("cloud", 128)[0]
    assert np.corrcoef(small.ravel(), large[::2, ::2].ravel())[0, 1] > 0.98


def test_an_odd_size_has_banks_too():
    assert texture_bank("rough", 75).shape == (8, 75, 75)
    assert ridge_bank(75).shape == (64, 75)


def test_textures_repeat_without_a_seam():
    texture = texture_bank("cloud", 64)[0]
    inner = np.abs(np.diff(texture, axis=1)).mean()
    seam = np.abs(texture[:, 0] - texture[:, -1]).mean()
    assert seam < 2 * inner


def test_banks_are_shared_and_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        texture_bank("fine", 64)[0, 0, 0] = 1.0
