import csv
from html.parser import HTMLParser

import pytest
from PIL import Image

from piaa_tf.album.ranking import RankedPhoto, rank_photos
from piaa_tf.library.albums import open_album
from piaa_tf.library.notebook import NUM_PHOTOS
from piaa_tf.library.ranking import Ranking
from piaa_tf.ratings import RatingRange


@pytest.fixture
def ranking_of(tmp_path):
    """Ranks so many photos, the last first; in general the first is the first."""

    def ranking_of(count, user_id="anna", name="{:02}.png", known_user=True):
        for i in range(count):
            Image.new("RGB", [6, 4], (9 * i, 0, 0)).save(tmp_path / name.format(i))
        album = open_album(tmp_path)
        ranked = rank_photos(
            album.images,
            [1 + i / 10 for i in range(count)],
            [5 - i / 10 for i in range(count)],
            known_user,
        )
        stars = RatingRange(1, 5)
        return Ranking(album, ranked, user_id=user_id, rating_range=stars)

    return ranking_of


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_ranking_is_a_sequence_of_its_photos(ranking_of):
    ranking = ranking_of(4)
    assert len(ranking) == 4
    assert [photo.image[:2] for photo in ranking] == ["03", "02", "01", "00"]
    assert ranking[0] == RankedPhoto("03.png", 1, 1.3, 4.7, True)
    assert ranking[1:3] == tuple(ranking)[1:3]
    assert ranking.best(2) == tuple(ranking)[:2]
    assert ranking.best(9) == tuple(ranking)
    assert ranking.best(-1) == ()
    assert ranking[2] in ranking


def test_it_says_whose_it_is_and_what_is_best(ranking_of):
    text = (
        "<Ranking of 4 photos for 'anna': 03.png 1.30, 02.png 1.20, 01.png 1.10, ...>"
    )
    assert repr(ranking_of(4)) == text


def test_the_table_has_every_photo(ranking_of, tmp_path):
    ranking_of(3).to_csv(tmp_path / "out" / "table.csv")
    with (tmp_path / "out" / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["02.png", "01.png", "00.png"]
    assert list(rows[0]) == ["image", "rank", "score", "generic_score", "known_user"]


def test_the_parts_are_those_of_the_whole(ranking_of, tmp_path):
    ranking = ranking_of(3)
    table, page, sheet = ranking.save(tmp_path / "out")
    ranking.to_csv(tmp_path / "table.csv")
    ranking.save_html(tmp_path / "page.html")
    assert (tmp_path / "table.csv").read_bytes() == table.read_bytes()
    assert (tmp_path / "page.html").read_bytes() == page.read_bytes()
    with Image.open(sheet) as saved:
        assert saved.tobytes() == ranking.contact_sheet().tobytes()


def test_a_notebook_shows_the_first_photos_and_how_many_more(ranking_of):
    page = Page(ranking_of(NUM_PHOTOS + 3)._repr_html_())
    images = page.attributes("img")
    assert len(images) == NUM_PHOTOS
    assert [image["alt"] for image in images[:2]] == ["26.png", "25.png"]
    assert "and 3 more" in page.text
    assert "▲26" in page.text
    assert "3.60 · generic 2.40" in page.text


def test_a_notebook_says_nothing_of_more_where_all_are_shown(ranking_of):
    assert "more" not in Page(ranking_of(2)._repr_html_()).text


def test_a_notebook_needs_nothing_from_outside_and_no_script(ranking_of):
    page = Page(ranking_of(2)._repr_html_())
    assert all(p["src"].startswith("data:image/jpeg") for p in page.attributes("img"))
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe")]


def test_names_are_text_in_a_notebook(ranking_of):
    ranking = ranking_of(1, user_id="<b>", name='a"&<i>{}.png')
    page = Page(ranking._repr_html_())
    assert page.attributes("img")[0]["alt"] == 'a"&<i>0.png'
    assert "The album of <b>" in page.text
    assert not page.attributes("i")


def test_nobodys_ranking_says_so(ranking_of):
    ranking = ranking_of(2, user_id="", known_user=False)
    assert not ranking.known_user
    page = Page(ranking._repr_html_())
    assert "The prior's ranking" in page.text
    assert "no user" in page.text
    assert "generic 4" not in page.text
