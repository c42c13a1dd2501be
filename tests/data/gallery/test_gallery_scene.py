"""Scenes: pure functions of seed and index, with latents in their ranges."""

import dataclasses

import numpy as np
import pytest

from piaa_tf.data.gallery.scene import (
    ATTRIBUTES,
    CLOSE_UPS,
    CONTENTS,
    attribute_table,
    draw_scene,
)

SCENES = [draw_scene(0, i) for i in range(2000)]


def test_a_scene_depends_on_seed_and_index_alone():
    later = draw_scene(3, 1500)
    assert draw_scene(3, 1500) == later
    assert draw_scene(4, 1500) != dataclasses.replace(later, seed=4)
    assert draw_scene(3, 1501) != dataclasses.replace(later, index=1501)


def test_details_are_not_the_numbers_the_scene_was_drawn_from():
    scene = draw_scene(5, 0)
    firsts = {scene.details(layer).random() for layer in range(3)}
    firsts.add(np.random.default_rng((5, 0)).random())
    assert len(firsts) == 4


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_stay_in_their_range_and_vary(name):
    values = attribute_table(SCENES)[:, ATTRIBUTES.index(name)]
    low = -1 if name == "warmth" else 0
    assert low <= values.min()
    assert values.max() <= 1
    assert values.std() > 0.14 * (1 - low)


def test_contents_are_about_equally_frequent():
    counts = np.array([sum(s.content == c for s in SCENES) for c in CONTENTS])
    expected = len(SCENES) / len(CONTENTS)
    deviation = (expected * (1 - 1 / len(CONTENTS))) ** 0.5
    assert np.abs(counts - expected).max() < 4 * deviation


def test_thirds_is_best_on_a_power_point_with_the_horizon_on_a_third():
    scene = dataclasses.replace(SCENES[0], subject_x=1 / 3, subject_y=2 / 3)
    assert dataclasses.replace(scene, horizon=1 / 3).thirds == pytest.approx(1)
    middle = dataclasses.replace(scene, subject_x=0.5, subject_y=0.5, horizon=0.5)
    assert middle.thirds < 0.1


def test_a_subject_off_the_middle_takes_from_symmetry():
    scene = dataclasses.replace(SCENES[0], mirror=1.0, subject_x=0.5)
    assert scene.symmetry == pytest.approx(1)
    aside = dataclasses.replace(scene, subject_x=0.9)
    assert aside.symmetry == pytest.approx(0.6, abs=1e-6)


def test_what_is_out_of_focus_is_less_busy():
    scene = dataclasses.replace(SCENES[0], clutter=0.5, depth_of_field=1.0)
    assert scene.busyness == pytest.approx(0.5 * (1 - 0.6))
    assert dataclasses.replace(scene, depth_of_field=0.0).busyness == 0.5


def test_standing_subjects_have_ground_below_them():
    for scene in SCENES:
        if scene.content not in (*CLOSE_UPS, "city", "night"):
            assert scene.horizon <= scene.subject_y + 0.75 * scene.subject_size + 1e-9


def test_no_scenes_make_an_empty_table():
    assert attribute_table([]).shape == (0, len(ATTRIBUTES))
