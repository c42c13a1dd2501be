import csv

import pytest
from PIL import Image

from piaa_tf.album import covers
from piaa_tf.album.covers import Cover, choose_covers, write_covers
from piaa_tf.album.ranking import rank_photos
from piaa_tf.presentation.sheet import Grid

IMAGES = ["trip/day 1/a.jpg", "trip/b.jpg", "trip/c.jpg", "d.jpg", "trip/day 1/e.jpg"]
SCORES = [4.0, 2.0, 3.0, 1.0, 4.5]
GENERIC = [3.0, 5.0, 1.0, 2.0, 2.5]


def ranked():
    return rank_photos(IMAGES, SCORES, GENERIC, True)


@pytest.fixture
def photos(tmp_path):
    for i, image in enumerate(IMAGES):
        path = tmp_path / "photos" / image
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), (50 * i, 0, 255 - 50 * i)).save(path, quality=95)
    return tmp_path / "photos"


def test_each_folder_gets_its_best_photo_by_the_users_score():
    assert choose_covers(ranked()) == [
        Cover(".", "d.jpg", 1.0, 2.0, 1),
        Cover("trip", "trip/c.jpg", 3.0, 1.0, 2),
        Cover("trip/day 1", "trip/day 1/e.jpg", 4.5, 2.5, 2),
    ]


def test_the_table_has_a_row_for_each_album(photos, tmp_path):
    write_covers(tmp_path / "out", photos, choose_covers(ranked()))
    with (tmp_path / "out" / "covers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [tuple(row.values()) for row in rows] == [
        (".", "d.jpg", "1", "2", "1"),
        ("trip", "trip/c.jpg", "3", "1", "2"),
        ("trip/day 1", "trip/day 1/e.jpg", "4.5", "2.5", "2"),
    ]


def test_the_sheet_shows_the_covers_in_their_order(photos, tmp_path, middle_of):
    write_covers(tmp_path / "out", photos, choose_covers(ranked()))
    with Image.open(tmp_path / "out" / "covers.png") as sheet:
        grid = Grid(columns=3)
        assert sheet.width == grid.size(3)[0]
        for place, i in enumerate((3, 2, 4)):  # d, c, e
            red, _, blue = sheet.getpixel(middle_of(grid, place))
            assert abs(red - 50 * i) < 12
            assert abs(blue - (255 - 50 * i)) < 12


def test_very_many_albums_and_long_names_fit(photos, monkeypatch):
    monkeypatch.setattr(covers, "NUM_ALBUMS", 7)
    many = [Cover(f"{'w' * 80}/{i}", "d.jpg", 1.0, 1.0, 1) for i in range(9)]
    sheet = covers.draw(photos, many)
    two_rows = covers.draw(photos, many[: covers.COLUMNS + 1])
    assert sheet.size == two_rows.size
