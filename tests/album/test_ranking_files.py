import base64
import csv
import io
import os
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from piaa_tf.album import contact_sheet
from piaa_tf.album.contact_sheet import GRID
from piaa_tf.album.ranking import places_gained
from piaa_tf.album.ranking_files import rank_photos, write_ranking
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)
FILES = ["contact_sheet.png", "ranking.csv", "ranking.html"]


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "trip").mkdir(parents=True)
    for name, colour in [("red.png", RED), ("trip/green.jpg", GREEN)]:
        Image.new("RGB", (60, 40), colour).save(folder / name)
    Image.new("RGB", (60, 40), BLUE).save(folder / "blue.png")
    return folder


@pytest.fixture
def write(photos, tmp_path):
    """Writes green, red, blue; their generic order is blue, red, green."""

    def write(images=("red.png", "trip/green.jpg", "blue.png"), **changes):
        known_user = changes.pop("known_user", True)
        generic = [3.0, 2.0, 4.5][: len(images)]
        scores = [3.5, 5.0, 1.0][: len(images)] if known_user else generic
        arguments = {"user_id": "nora", "rating_range": RatingRange(1, 5), **changes}
        out = tmp_path / "out" / "nora"
        ranked = rank_photos(list(images), scores, generic, known_user)
        write_ranking(out, photos, ranked, **arguments)
        return out

    return write


def page_of(out):
    return Page((out / "ranking.html").read_text(encoding="utf-8"))


def test_the_highest_score_is_first():
    ranked = rank_photos(["a", "b", "c"], [1.0, 3.0, 2.0], [1.0, 1.0, 1.0], True)
    assert [(p.image, p.rank, p.score) for p in ranked] == [
        ("b", 1, 3.0),
        ("c", 2, 2.0),
        ("a", 3, 1.0),
    ]


def test_equal_scores_are_ordered_by_name():
    scores = np.array([2, 2, 2], np.float32)
    ranked = rank_photos(["c", "a", "b"], scores, scores, True)
    assert [p.image for p in ranked] == ["a", "b", "c"]


def test_places_gained_count_against_the_generic_order():
    images, generic = ["a", "b", "c", "d"], [4, 3, 2, 1]
    ranked = rank_photos(images, [1, 3, 2, 4], generic, True)
    generic_place = {"a": 1, "b": 2, "c": 3, "d": 4}
    expected = [generic_place[p.image] - p.rank for p in ranked]
    assert places_gained(ranked) == expected == [3, 0, 0, -3]


def test_an_unknown_user_gains_no_places():
    ranked = rank_photos(["a", "b", "c"], [2, 2, 3], [2, 2, 3], False)
    assert places_gained(ranked) == [0, 0, 0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("generic", [False, True])
def test_a_score_that_is_no_number_is_refused_with_the_photo(value, generic):
    scores = [[1.0, 2.0], [1.0, 2.0]]
    scores[generic][1] = value
    with pytest.raises(InputError, match=rf"must be finite.*{value}.*'b\.jpg'"):
        rank_photos(["a.jpg", "b.jpg"], *scores, True)


def test_no_photos_are_refused():
    with pytest.raises(InputError, match=r"at least one photo\. Got none"):
        rank_photos([], [], [], True)


def test_a_photo_without_a_score_is_refused():
    with pytest.raises(InputError, match="2 photos, 1 scores, 2 generic scores"):
        rank_photos(["a", "b"], [1], [1, 2], True)


def test_a_photo_given_twice_is_refused():
    with pytest.raises(InputError, match=r"ranked once\. Got 'a' twice"):
        rank_photos(["b", "a", "a"], [1, 2, 3], [1, 2, 3], True)


def test_the_three_files_are_written_into_a_new_folder(photos, tmp_path):
    ranked = rank_photos(["red.png"], [3], [2], True)
    paths = write_ranking(
        tmp_path / "new" / "out",
        photos,
        ranked,
        user_id="nora",
        rating_range=RatingRange(1, 5),
    )
    assert sorted(p.name for p in paths) == FILES
    assert sorted(os.listdir(tmp_path / "new" / "out")) == FILES


def test_the_table_holds_every_photo_in_order(write):
    text = (write() / "ranking.csv").read_bytes().decode("utf-8")
    assert text == (
        "image,rank,score,generic_score,known_user\n"
        "trip/green.jpg,1,5,2,true\n"
        "red.png,2,3.5,3,true\n"
        "blue.png,3,1,4.5,true\n"
    )


def test_the_table_of_an_unknown_user_says_so(write):
    with (write(known_user=False) / "ranking.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert [row["known_user"] for row in rows] == ["false"] * 3
    assert all(row["score"] == row["generic_score"] for row in rows)


def test_the_page_shows_both_scores_and_the_change_of_place(write):
    text = page_of(write()).text
    assert "The album of nora" in text
    # Green: from generic place 3 to 1, with 5.00 against 2.00.
    assert "1▲2\ntrip/green.jpg\nPersonal5.00Generic2.00" in text
    assert "2=\nred.png\nPersonal3.50Generic3.00" in text
    assert "3▼2\nblue.png\nPersonal1.00Generic4.50" in text


def test_score_bars_span_the_rating_range(write):
    widths = [
        span["style"]
        for span in page_of(write()).attributes("span")
        if span.get("class") == "fill"
    ]
    shares = [(score - 1) / (5 - 1) for score in (5, 2, 3.5, 3, 1, 4.5)]
    assert widths == [f"width:{100 * share:.1f}%" for share in shares]


def test_scores_beyond_the_range_fill_or_empty_their_bar(write):
    html = (write(rating_range=RatingRange(2, 4)) / "ranking.html").read_text("utf-8")
    assert "width:100.0%" in html
    assert "width:0.0%" in html
    assert "width:-" not in html


def test_the_page_of_an_unknown_user_says_that_it_is_the_priors(write):
    page = page_of(write(known_user=False))
    assert "This is the prior's ranking: nothing is known" in page.text
    assert "user nora" in page.text
    assert "Personal" not in page.text
    assert "▲" not in page.text


def test_names_are_text_and_never_markup(write, photos):
    name = "<script>$title & \"'.png"
    Image.new("RGB", (8, 8)).save(photos / name)
    page = page_of(write(images=[name], user_id="<img src=x> $cards"))
    assert not page.attributes("script")
    assert [image["alt"] for image in page.attributes("img")] == [name]
    assert name in page.text
    assert "The album of <img src=x> $cards" in page.text


def test_the_page_refers_to_nothing_outside_itself(write):
    out = write()
    page, html = page_of(out), (out / "ranking.html").read_text("utf-8")
    sources = [a["src"] for _, a in page.tags if "src" in a]
    assert len(sources) == 3
    assert all(s.startswith("data:image/jpeg;base64,") for s in sources)
    assert not [a for _, a in page.tags if "href" in a or "srcset" in a]
    assert not page.attributes("link")
    assert not any(word in html for word in ("http:", "https:", "url(", "@import"))


def test_thumbnails_are_small_whole_and_turned(write, photos):
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90 degrees
    Image.new("RGB", (900, 600), RED).save(photos / "turned.jpg", exif=turned)
    (image,) = page_of(write(images=["turned.jpg"])).attributes("img")
    content = base64.b64decode(image["src"].split(",")[1])
    with Image.open(io.BytesIO(content)) as thumbnail:
        width, height = thumbnail.size
    assert height == 320
    assert width == pytest.approx(320 * 600 / 900, abs=1)


def test_a_photo_of_extreme_proportions_is_shown(write, photos):
    Image.new("RGB", (3000, 1), RED).save(photos / "line.png")
    out = write(images=["line.png"])
    assert sorted(os.listdir(out)) == FILES


@pytest.mark.parametrize(("num_photos", "cells"), [(1, 1), (5, 5), (6, 6), (99, 20)])
def test_the_sheet_has_rows_of_five_and_four_at_most(photos, num_photos, cells):
    images = [f"{i}.png" for i in range(num_photos)]
    for image in images:
        Image.new("RGB", (6, 4), RED).save(photos / image)
    scores = [3.0] * num_photos
    ranked = rank_photos(images, scores, scores, True)
    sheet = contact_sheet.draw(photos, ranked, user_id="nora")
    assert sheet.size == GRID.size(cells)
    assert GRID.size(99)[0] == GRID.size(1)[0]


def test_the_sheet_shows_the_photos_in_rank_order(write, middle_of):
    with Image.open(write() / "contact_sheet.png") as sheet:
        assert sheet.size == GRID.size(3)
        middles = [sheet.getpixel(middle_of(GRID, cell)) for cell in range(3)]
    np.testing.assert_allclose(middles, [GREEN, RED, BLUE], atol=3)


@pytest.mark.parametrize("known_user", [True, False])
def test_a_long_user_id_stays_on_the_sheet(write, known_user):
    out = write(user_id="W" * 500, known_user=known_user)
    with Image.open(out / "contact_sheet.png") as sheet:
        right = sheet.width - GRID.margin + 2
        margin = sheet.crop((right, 0, sheet.width, sheet.height))
        assert margin.getcolors() == [(margin.width * margin.height, (246, 245, 242))]


def test_a_broken_photo_leaves_the_earlier_ranking(write, photos):
    out = write()
    before = {name: (out / name).read_bytes() for name in FILES}
    (photos / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"broken\.jpg"):
        write(images=["red.png", "broken.jpg"])
    assert {name: (out / name).read_bytes() for name in os.listdir(out)} == before


def test_a_write_that_fails_leaves_no_half_file(write, monkeypatch):
    out = write()
    before = {name: (out / name).read_bytes() for name in FILES}

    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(user_id="another")
    assert {name: (out / name).read_bytes() for name in os.listdir(out)} == before
