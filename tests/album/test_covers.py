import csv

import pytest
from PIL import Image

from piaa_tf.album import contact_sheet, covers
from piaa_tf.album.covers import Cover, choose_covers, write_covers
from piaa_tf.album.ranking import rank_photos

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


def test_the_sheet_shows_the_covers_in_their_order(photos, tmp_path):
    write_covers(tmp_path / "out", photos, choose_covers(ranked()))
    with Image.open(tmp_path / "out" / "covers.png") as sheet:
        step = contact_sheet.CELL_WIDTH + contact_sheet.GAP
        assert sheet.width == 2 * contact_sheet.MARGIN + 3 * step - contact_sheet.GAP
        middle = (
            contact_sheet.MARGIN + contact_sheet.CELL_WIDTH // 2,
            contact_sheet.MARGIN + contact_sheet.CELL_HEIGHT // 2,
        )
        for place, i in enumerate((3, 2, 4)):  # d, c, e
            red, _, blue = sheet.getpixel((middle[0] + place * step, middle[1]))
            assert abs(red - 50 * i) < 12
            assert abs(blue - (255 - 50 * i)) < 12


def test_very_many_albums_and_long_names_fit(photos, monkeypatch):
    monkeypatch.setattr(covers, "NUM_ALBUMS", 7)
    many = [Cover(f"{'w' * 80}/{i}", "d.jpg", 1.0, 1.0, 1) for i in range(9)]
    sheet = covers.draw(photos, many)
    two_rows = covers.draw(photos, many[: contact_sheet.COLUMNS + 1])
    assert sheet.size == two_rows.size
