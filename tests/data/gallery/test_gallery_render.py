"""Images: deterministic, alike at every size, and every latent is seen in pixels."""

import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import pytest

from piaa_tf.data.gallery import contact_sheet, draw_scene, render_scene, subject_mask
from piaa_tf.data.gallery.config import GalleryConfig
from piaa_tf.data.gallery.scene import CONTENTS
from piaa_tf.errors import InputError

SIZE = 64
# Two scenes of each content, freed of what hides the other attributes.
SCENES = [
    dataclasses.replace(scene, grain=0.0, softness=0.0)
    for content in CONTENTS
    for scene in [
        s for s in (draw_scene(1, i) for i in range(60)) if s.content == content
    ][:2]
]


def luminance(pixels):
    return pixels.astype(float) @ [0.299, 0.587, 0.114] / 255


def roughness(grey):
    return np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()


def mean_luminance(scene):
    return luminance(render_scene(scene, SIZE)).mean()


def spread_of_luminance(scene):
    return luminance(render_scene(scene, SIZE)).std()


def chroma(scene):
    return np.ptp(render_scene(scene, SIZE).astype(float), axis=-1).mean()


def red_over_blue(scene):
    pixels = render_scene(scene, SIZE).astype(float)
    return (pixels[..., 0] - pixels[..., 2]).mean()


def overall_roughness(scene):
    return roughness(luminance(render_scene(scene, SIZE)))


def background_roughness(scene):
    grey = luminance(render_scene(scene, SIZE))
    steps = np.abs(np.diff(grey, axis=1))
    outside = ~subject_mask(scene, SIZE)
    return steps[outside[:, 1:] & outside[:, :-1]].mean()


def likeness_to_its_mirror_image(scene):
    scene = dataclasses.replace(scene, subject_x=0.5)
    grey = luminance(render_scene(scene, SIZE))
    return np.corrcoef(grey.ravel(), grey[:, ::-1].ravel())[0, 1]


def hues_in_line(scene):
    """1 where subject and background have equal or opposite hues, -1 at 90 degrees."""
    scene = dataclasses.replace(scene, colourfulness=0.7, warmth=0.0)
    pixels = render_scene(scene, SIZE).astype(float)
    mask = subject_mask(scene, SIZE)
    angles = []
    for part in (mask, ~mask):
        red, green, blue = pixels[part].mean(axis=0)
        # The plane of opponent colours.
        angles.append(np.arctan2(3**0.5 * (green - blue), 2 * red - green - blue))
    return np.cos(2 * (angles[0] - angles[1]))


@pytest.mark.parametrize(
    ("latent", "low", "high", "measure"),
    [
        ("brightness", 0.1, 0.9, mean_luminance),
        ("contrast", 0.1, 0.9, spread_of_luminance),
        ("colourfulness", 0.1, 0.9, chroma),
        ("warmth", -0.8, 0.8, red_over_blue),
        ("clutter", 0.1, 0.9, overall_roughness),
        ("softness", 1.0, 0.0, overall_roughness),
        ("grain", 0.0, 1.0, overall_roughness),
        ("depth_of_field", 0.9, 0.0, background_roughness),
        ("mirror", 0.0, 1.0, likeness_to_its_mirror_image),
        ("harmony", 0.0, 1.0, hues_in_line),
    ],
)
def test_a_latent_changes_what_it_names(latent, low, high, measure):
    differences = [
        measure(dataclasses.replace(scene, **{latent: high}))
        - measure(dataclasses.replace(scene, **{latent: low}))
        for scene in SCENES
    ]
    error = np.std(differences, ddof=1) / len(differences) ** 0.5
    assert np.mean(differences) > 3 * error


@pytest.mark.parametrize("content", CONTENTS)
def test_the_subject_is_where_thirds_puts_it(content):
    scene = next(s for s in SCENES if s.content == content)
    scene = dataclasses.replace(scene, subject_x=1 / 3, subject_y=0.4)
    rows, columns = np.nonzero(subject_mask(scene, 96))
    assert (columns.mean() + 0.5) / 96 == pytest.approx(1 / 3, abs=0.06)
    assert rows.min() / 96 < 0.4 < rows.max() / 96


def test_a_mask_covers_the_same_share_at_every_size():
    for scene in SCENES:
        small, large = subject_mask(scene, 64).mean(), subject_mask(scene, 192).mean()
        assert small == pytest.approx(large, rel=0.15)
        assert 0.005 < small < 0.6


def test_an_image_looks_alike_at_every_size():
    for scene in SCENES:
        small = render_scene(scene, 64).astype(float)
        large = render_scene(scene, 128).astype(float)
        halved = large.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
        assert np.corrcoef(small.ravel(), halved.ravel())[0, 1] > 0.85


@pytest.mark.parametrize("size", [16, 75, 96, 256, 300])
def test_sizes_need_not_be_powers_of_two(size):
    for scene in SCENES[::5]:
        pixels = render_scene(scene, size)
        assert pixels.shape == (size, size, 3)
        assert pixels.dtype == np.uint8
        assert pixels.std() > 5


def test_subjects_may_reach_over_the_edge():
    for scene in SCENES:
        aside = dataclasses.replace(scene, subject_x=1.4, subject_y=1.4)
        assert not subject_mask(aside, 32).any()
        corner = dataclasses.replace(scene, subject_x=0.0, subject_y=0.0)
        assert render_scene(corner, 32).std() > 5


def test_pixels_are_the_same_in_another_process():
    code = (
        "import hashlib, sys\n"
        "from piaa_tf.data.gallery import draw_scene, render_scene\n"
        "pixels = [render_scene(draw_scene(7, i), 64).tobytes() for i in range(24)]\n"
        "print(hashlib.sha256(b''.join(pixels)).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    # In another order, so that caches cannot matter.
    pixels = [render_scene(draw_scene(7, i), 64).tobytes() for i in reversed(range(24))]
    here = hashlib.sha256(b"".join(reversed(pixels))).hexdigest()
    assert other.stdout.strip() == here


@pytest.mark.parametrize("size", [0, 15, 1025])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(InputError, match=f"must be 16 to 1024 pixels. Got {size}"):
        render_scene(SCENES[0], size)


def test_light_and_colour_can_be_read_from_pixels_linearly():
    scenes = [draw_scene(2, i) for i in range(400)]
    stats = []
    for scene in scenes:
        pixels = render_scene(scene, 32).astype(float)
        grey = luminance(pixels)
        red_blue = (pixels[..., 0] - pixels[..., 2]).mean()
        chromas = np.ptp(pixels, axis=-1).mean()
        stats.append([1, grey.mean(), grey.std(), chromas, red_blue])
    stats = np.array(stats)
    for name in ("brightness", "contrast", "colourfulness", "warmth"):
        latent = np.array([getattr(scene, name) for scene in scenes])
        weights, *_ = np.linalg.lstsq(stats[:200], latent[:200], rcond=None)
        assert np.corrcoef(stats[200:] @ weights, latent[200:])[0, 1] > 0.5, name


def test_a_contact_sheet_has_a_row_per_content():
    sheet = contact_sheet(GalleryConfig(), columns=3, rows=2, size=32)
    assert sheet.size == (3 * 32, 2 * 32)
    first = next(s for s in (draw_scene(0, i) for i in range(99)) if s.content == "sea")
    corner = np.asarray(sheet)[:32, :32]
    np.testing.assert_array_equal(corner, render_scene(first, 32))


@pytest.mark.parametrize(("columns", "rows"), [(0, 8), (3, 0), (3, 9)])
def test_a_contact_sheet_of_impossible_shape_is_refused(columns, rows):
    with pytest.raises(InputError, match=f"Got {columns} columns and {rows} rows"):
        contact_sheet(GalleryConfig(), columns, rows)
