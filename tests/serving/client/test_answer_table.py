import csv
import json
import math

import numpy as np
import pytest

from piaa_tf.errors import InputError
from piaa_tf.ratings import TRAITS
from serving.client.answer_table import make_room, table_format, write_answers
from serving.client.results import Embeddings, Generic, Personality, Scores

IMAGES = ["a.jpg", "süd/b, c.jpg"]
OK = np.array([True, False])
SCORES = Scores(
    np.array([3.25, math.nan], np.float32), np.array([True, True]), image_ok=OK
)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_scores_as_csv(tmp_path):
    path = tmp_path / "new folder" / "scores.csv"
    make_room(path)
    write_answers(path, "csv", IMAGES, SCORES)
    assert rows_of(path) == [
        ["image", "score", "known_user", "image_ok"],
        ["a.jpg", "3.25", "true", "true"],
        ["süd/b, c.jpg", "", "true", "false"],
    ]


def test_scores_as_json_lines(tmp_path):
    path = tmp_path / "scores.jsonl"
    write_answers(path, "jsonl", IMAGES, SCORES)
    first, second = map(json.loads, path.read_text("utf-8").splitlines())
    assert first == {
        "image": "a.jpg",
        "score": 3.25,
        "known_user": True,
        "image_ok": True,
    }
    assert second["image"] == IMAGES[1]
    assert second["score"] is None


def test_lists_are_cells_in_csv_and_lists_in_json(tmp_path):
    table = np.array([[0.25, 0.75], [math.nan, math.nan]], np.float32)
    generic = Generic(np.array([1.75, math.nan]), OK, table)
    write_answers(tmp_path / "a.csv", "csv", IMAGES, generic)
    header, first, second = rows_of(tmp_path / "a.csv")
    assert header == [
        "image",
        "mean_score",
        "distribution_1",
        "distribution_2",
        "image_ok",
    ]
    assert first[1:] == ["1.75", "0.25", "0.75", "true"]
    assert second[1:] == ["", "", "", "false"]
    write_answers(tmp_path / "a.jsonl", "jsonl", IMAGES, generic)
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["distribution"] == [0.25, 0.75]
    assert json.loads(lines[1])["distribution"] == [None, None]


def test_what_the_prior_does_not_predict_has_no_column(tmp_path):
    write_answers(tmp_path / "a.csv", "csv", IMAGES, Generic(np.ones(2), OK))
    assert rows_of(tmp_path / "a.csv")[0] == ["image", "mean_score", "image_ok"]


def test_traits_have_their_names(tmp_path):
    traits = np.arange(10.0).reshape(2, 5) / 10
    write_answers(tmp_path / "a.csv", "csv", IMAGES, Personality(traits, OK))
    header, first, _ = rows_of(tmp_path / "a.csv")
    assert header == ["image", *TRAITS, "image_ok"]
    assert first[1:6] == ["0", "0.1", "0.2", "0.3", "0.4"]


def test_an_earlier_table_stays_when_writing_fails(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("earlier")
    short = Embeddings(np.ones([1, 2]), OK)
    with pytest.raises(IndexError, match="out of bounds"):
        write_answers(path, "csv", IMAGES, short)
    assert path.read_text() == "earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    ("name", "kind"), [("a.csv", "csv"), ("a.JSONL", "jsonl"), ("a.ndjson", "jsonl")]
)
def test_the_name_says_the_format(name, kind):
    assert table_format(name) == kind


def test_another_name_is_refused():
    with pytest.raises(InputError, match=r"must end in .csv, .jsonl, .ndjson. Got a\."):
        table_format("a.xlsx")


def test_a_table_cannot_be_a_folder_or_below_a_file(tmp_path):
    with pytest.raises(InputError, match=r"must be a file that can be written. Got: a"):
        make_room(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"a\.csv must be a file that can be written"):
        make_room(tmp_path / "file" / "a.csv")


def test_a_folder_that_is_gone_is_made_again(tmp_path):
    write_answers(tmp_path / "gone" / "a.csv", "csv", IMAGES, SCORES)
    assert [entry.name for entry in (tmp_path / "gone").iterdir()] == ["a.csv"]


def test_a_folder_that_became_a_file_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"a\.csv must be a file .* Got: .*\. Name"):
        write_answers(tmp_path / "file" / "a.csv", "csv", IMAGES, SCORES)
