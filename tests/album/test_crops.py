import io
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageCms

from piaa_tf.album import crop_sheet
from piaa_tf.album.crops import (
    Crop,
    Window,
    best_crops,
    encode_crop,
    read_photo,
    sides,
    windows,
)
from piaa_tf.data.images import resize
from piaa_tf.errors import InputError
from piaa_tf.presentation.sheet import Grid

RATIOS = ("16:9", "2:3", "9:16", "1:1")
GRID = {"scales": (1.0, 0.7), "num_positions": 5}


@pytest.mark.parametrize("ratio", [*RATIOS, "239:100"])
@pytest.mark.parametrize("size", [(640, 427), (427, 640), (97, 97), (1, 1), (3, 500)])
def test_windows_lie_in_the_photo_and_have_the_ratio(ratio, size):
    width, height = size
    grid = windows(width, height, ratio, **GRID)
    across, down = sides(ratio)
    assert len(set(grid)) == len(grid)
    for window in grid:
        assert 0 <= window.left <= window.left + window.width <= width
        assert 0 <= window.top <= window.top + window.height <= height
        assert window.width >= 1
        assert window.height >= 1
        # Either side may be rounded by half a pixel, twice.
        exact = Fraction(across, down) * window.height
        if min(size) > 50:
            assert abs(window.width - exact) <= 1 + Fraction(across, down)


def test_the_first_window_is_the_largest_in_the_middle():
    grid = windows(640, 400, "1:1", **GRID)
    assert grid[0] == Window(120, 0, 400, 400)
    assert max(window.width for window in grid) == 400
    assert windows(640, 400, "16:10", **GRID)[0] == Window(0, 0, 640, 400)


def test_places_reach_from_edge_to_edge():
    small = [w for w in windows(100, 60, "1:1", **GRID) if w.width == 42]
    assert {w.left for w in small} == {0, 14, 29, 43, 58}
    assert {w.top for w in small} == {0, 4, 9, 13, 18}
    assert len(small) == 25


def test_one_position_is_the_middle():
    grid = windows(100, 60, "1:1", scales=(0.5,), num_positions=1)
    assert grid == [Window(20, 0, 60, 60), Window(35, 15, 30, 30)]


@pytest.mark.parametrize("ratio", ["16/9", "0:1", "1:-1", "3", "1.5:1", "", "1:99999"])
def test_what_is_no_ratio_is_refused(ratio):
    with pytest.raises(InputError, match=r"two whole numbers .* such as 16:9"):
        sides(ratio)


def brightness(image):
    own = image.mean(axis=(1, 2, 3))
    return own, 255 - own


@pytest.mark.parametrize("keep_aspect", [False, True])
def test_the_best_window_of_each_ratio_is_found(keep_aspect):
    photo = np.zeros([90, 160, 3], np.uint8)
    photo[10:40, 100:150] = 200
    seen = {"image_size": 16, "keep_aspect": keep_aspect}
    found = best_crops(photo, brightness, RATIOS, **seen, **GRID)
    assert [crop.ratio for crop in found] == list(RATIOS)
    for crop in found:
        grid = windows(160, 90, crop.ratio, **GRID)
        squares = [resize(w.of(photo), 16, keep_aspect).mean() for w in grid]
        best = int(np.argmax(squares))
        assert crop.window == grid[best]
        assert crop.score == pytest.approx(squares[best], rel=1e-5)
        assert crop.generic_score == pytest.approx(255 - squares[best], rel=1e-5)
        assert crop.centre_score == pytest.approx(squares[0], rel=1e-5)
        assert crop.num_windows == len(grid)
        assert crop.score > crop.centre_score


def test_of_equal_windows_the_largest_in_the_middle_is_taken():
    photo = np.full([90, 160, 3], 77, np.uint8)
    [crop] = best_crops(
        photo, brightness, ["1:1"], image_size=8, keep_aspect=False, **GRID
    )
    assert crop.window == Window(35, 0, 90, 90)


def test_a_crop_keeps_resolution_colours_and_profile(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    generator = np.random.default_rng(0)
    coarse = generator.integers(60, 200, [6, 8, 3]).astype(np.uint8)
    pixels = np.kron(coarse, np.ones([16, 16, 1], np.uint8))
    for mode, kept in (("RGB", profile), ("CMYK", None)):
        path = tmp_path / f"{mode}.jpg"
        Image.fromarray(pixels).convert(mode).save(
            path, quality=95, subsampling=0, icc_profile=profile
        )
        photo, found = read_photo(path)
        assert found == kept
        window = Window(32, 16, 64, 48)
        with Image.open(io.BytesIO(encode_crop(photo, window, found))) as crop:
            assert crop.info.get("icc_profile") == kept
            np.testing.assert_allclose(
                np.asarray(crop).astype(int), window.of(photo).astype(int), atol=16
            )


def test_the_sheet_has_a_line_for_each_photo(middle_of):
    photo = np.zeros([90, 160, 3], np.uint8)
    photo[:, 100:] = (0, 200, 0)
    crops = [
        Crop(ratio, Window(110, 10, 40, 40), 3.0, 2.0, 1.0, 9) for ratio in RATIOS[:2]
    ]
    lines = [crop_sheet.shrink(f"{'w' * 90}{i}.jpg", photo, crops) for i in range(2)]
    sheet = crop_sheet.draw(lines)
    grid = Grid(columns=3)
    assert sheet.size == grid.size(6)
    for cell in (1, 2, 4, 5):
        assert sheet.getpixel(middle_of(grid, cell)) == (0, 200, 0)
    # The window is drawn into the photo.
    colors = {color for _, color in lines[0].panels[0].getcolors(10**5)}
    assert len(colors & {(0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0)}) >= 1


@pytest.mark.parametrize("size", [(3, 4000), (4000, 3), (1, 1)])
def test_the_thinnest_panorama_can_be_shown(size):
    photo = np.zeros([*size, 3], np.uint8)
    seen = {"image_size": 8, "keep_aspect": False}
    crops = best_crops(photo, brightness, RATIOS, **seen, **GRID)
    assert crop_sheet.draw([crop_sheet.shrink("thin.png", photo, crops)]).width > 100
