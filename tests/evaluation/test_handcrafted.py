"""Handcrafted features on images whose answer is known by construction."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from piaa_tf.errors import InputError
from piaa_tf.evaluation.handcrafted import FEATURES, describe, describe_files
from piaa_tf.evaluation.handcrafted.maps import MAX_SIDE, maps_of

SIZE = 64


def feature(name, image):
    return FEATURES[name](maps_of(image))


def plain(*colour, size=SIZE):
    return np.full([size, size, 3], colour, np.uint8)


def grainy(seed=0, low=0, high=256, size=SIZE):
    generator = np.random.default_rng(seed)
    return generator.integers(low, high, [size, size, 3], np.uint8)


def disc(x, y, radius=7, colour=(220, 60, 40), background=(60, 90, 120)):
    """A disc on an even ground; positions are shares of the side."""
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    inside = np.hypot(columns - x * SIZE, rows - y * SIZE) < radius
    return np.where(inside[..., None], np.uint8(colour), np.uint8(background))


def blurred(image, radius):
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def sectors(*hues):
    """Vertical stripes of full colours of these hues, in degrees, of equal width."""
    hsv = np.full([SIZE, SIZE, 3], 255, np.uint8)
    stripe = np.arange(SIZE) * len(hues) // SIZE
    hsv[..., 0] = np.round(np.array(hues) / 360 * 255)[stripe]
    return np.asarray(Image.fromarray(hsv, "HSV").convert("RGB"))


@pytest.mark.parametrize("grey", [0, 100, 255])
def test_grey_has_no_colour(grey):
    image = plain(grey, grey, grey)
    for name in ("colourfulness", "saturation", "warmth", "contrast"):
        assert feature(name, image) == pytest.approx(0, abs=1e-6)
    assert feature("brightness", image) == pytest.approx(grey / 255, abs=1e-6)


def test_colourfulness_is_the_formula_of_its_paper():
    image = grainy()
    red, green, blue = np.moveaxis(image / 255, -1, 0)
    planes = red - green, (red + green) / 2 - blue
    spread = np.hypot(*(plane.std() for plane in planes))
    mean = np.hypot(*(plane.mean() for plane in planes))
    expected = spread + 0.3 * mean
    assert feature("colourfulness", image) == pytest.approx(expected, rel=1e-4)


def test_full_colours_are_saturated_and_pale_ones_half():
    assert feature("saturation", plain(255, 0, 0)) == pytest.approx(1)
    assert feature("saturation", plain(200, 100, 100)) == pytest.approx(0.5)
    assert feature("saturation", plain(0, 0, 0)) == 0


def test_red_is_warm_and_blue_is_cold():
    assert feature("warmth", plain(255, 0, 0)) == pytest.approx(1)
    assert feature("warmth", plain(0, 0, 255)) == pytest.approx(-1)


@pytest.mark.parametrize("crossing", [(1 / 3, 1 / 3), (2 / 3, 1 / 3), (2 / 3, 2 / 3)])
def test_a_subject_on_a_crossing_beats_one_in_the_centre_or_corner(crossing):
    on_crossing = feature("thirds", disc(*crossing))
    assert on_crossing > 1.5 * feature("thirds", disc(0.5, 0.5))
    assert on_crossing > 1.5 * feature("thirds", disc(0.1, 0.9))


def test_a_mirrored_image_is_symmetric():
    half = grainy()[:, : SIZE // 2]
    mirrored = np.concatenate([half, half[:, ::-1]], axis=1)
    assert feature("symmetry", mirrored) == pytest.approx(1, abs=1e-3)
    assert feature("symmetry", plain(9, 99, 40)) == pytest.approx(1)


def test_an_image_against_its_negative_is_the_opposite_of_symmetric():
    half = grainy()[:, : SIZE // 2]
    image = np.concatenate([half, 255 - half[:, ::-1]], axis=1)
    assert feature("symmetry", image) < -0.9


def test_a_horizon_alone_adds_no_symmetry():
    image = disc(0.2, 0.4)
    with_horizon = image.copy()
    with_horizon[SIZE * 3 // 4 :] = (20, 30, 10)
    difference = feature("symmetry", with_horizon) - feature("symmetry", image)
    assert abs(difference) < 0.05


def test_a_sharp_subject_before_a_blurred_ground_has_low_depth_of_field():
    subject = grainy(1)
    ground = grainy(2, 90, 150)
    mask = disc(0.4, 0.5, radius=12, colour=(1, 1, 1), background=(0, 0, 0))
    sharp = np.where(mask, subject, ground)
    shallow = np.where(mask, subject, blurred(ground, 3))
    reverse = np.where(mask, blurred(plain(230, 60, 40), 3), grainy(2, 60, 180))
    values = [feature("depth_of_field", i) for i in (reverse, sharp, shallow)]
    assert values[0] < values[1] < values[2]
    assert values[0] < 0 < values[2]


@pytest.mark.parametrize(
    "hues",
    [(40,), (20, 60, 100), (0, 180), (30, 210), (0, 90)],
    ids=["one", "analogous", "opposite", "opposite, turned", "template L"],
)
def test_hues_within_a_template_are_harmonious(hues):
    assert feature("harmony", sectors(*hues)) > 0.97


def test_evenly_spread_hues_are_not_harmonious():
    assert feature("harmony", sectors(*range(0, 360, 6))) < 0.1


def test_a_triad_lies_as_far_off_as_its_template_says():
    # Y holds one hue in its narrow sector, and the other two lie beside the wide one.
    off = 2 / 3 * (60 - 93.6 / 2)
    # Of even hues, X leaves two gaps, a quarter of whose width is the mean distance.
    gap = 180 - 93.6
    evenly = gap / 4 * (2 * gap / 360)
    found = feature("harmony", sectors(0, 120, 240))
    assert found == pytest.approx(1 - off / evenly, abs=0.06)


def test_blur_takes_sharpness_step_by_step():
    image = grainy()
    values = [feature("sharpness", image)]
    values += [feature("sharpness", blurred(image, radius)) for radius in (1, 2, 4)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 0.3
    assert feature("sharpness", plain(50, 60, 70)) == 0


def test_grain_is_measured_in_its_own_unit():
    deviation = 12
    drawn = np.random.default_rng(0).normal(128, deviation, [128, 128, 1])
    image = np.broadcast_to(drawn, [128, 128, 3]).round().astype(np.uint8)
    assert feature("noise", image) == pytest.approx(deviation / 255, rel=0.03)
    ramp = np.broadcast_to(np.arange(128)[None, :, None], [128, 128, 3])
    assert feature("noise", ramp.astype(np.uint8)) < 1e-3


def test_one_thing_stands_out_more_than_many():
    many = plain(60, 90, 120)
    for x, y in ((0.15, 0.2), (0.8, 0.15), (0.2, 0.85), (0.85, 0.8)):
        many = np.maximum(many, disc(x, y, background=(0, 0, 0)))
    assert feature("emphasis", disc(0.3, 0.6)) > 2 * feature("emphasis", many)


def test_clutter_is_not_simple():
    assert feature("simplicity", plain(1, 2, 3)) == 1
    assert feature("simplicity", grainy()) < 0.1
    assert 0.7 < feature("simplicity", disc(0.5, 0.5)) < 1


def test_large_images_are_averaged_down():
    large = np.asarray(Image.fromarray(disc(1 / 3, 2 / 3)).resize((640, 480)))
    assert maps_of(large).luminance.shape == (MAX_SIDE * 3 // 4, MAX_SIDE)
    small = describe(disc(1 / 3, 2 / 3))
    names = list(FEATURES)
    for name in ("colourfulness", "contrast", "brightness", "thirds", "emphasis"):
        i = names.index(name)
        assert describe(large)[i] == pytest.approx(small[i], rel=0.15)


def test_all_features_are_finite_on_anything():
    for image in (plain(0, 0, 0), plain(255, 255, 255), grainy(), grainy(size=8)):
        assert np.isfinite(describe(image)).all()
        assert describe(image).shape == (len(FEATURES),)


def test_files_are_described_in_their_order(tmp_path):
    images = [disc(0.2, 0.3), grainy(), plain(200, 20, 20)]
    for i, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    rows = describe_files([tmp_path / f"{i}.png" for i in range(3)])
    np.testing.assert_array_equal(rows, [describe(image) for image in images])


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"bad\.jpg must be a whole photo \(JPEG"):
        describe_files([tmp_path / "bad.jpg"])


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros([9, 9]), r"uint8 \[height, width, 3\]. Got float64 \[9, 9\]"),
        (np.zeros([9, 9, 4], np.uint8), r"Got uint8 \[9, 9, 4\]"),
        (np.zeros([9, 7, 3], np.uint8), r"side of an image needs 8 pixels .*Got 7x9"),
    ],
)
def test_other_arrays_are_refused(image, message):
    with pytest.raises(InputError, match=message):
        describe(image)
