"""LAPIS (Maerten et al., CVPRW 2025): 568 people's ratings of paintings, 0 to 100.

    DIR/annotation/LAPIS_PIAA.csv     image_id,image_filename,participant_id,rating,...
    DIR/annotation/LAPIS_GIAA_Testsplit.csv, LAPIS_GIAA_Valsplit.csv
    DIR/images/<image_filename>       or datasetImages_originalSize/

An older release is read too: LAPIS_individualratings_metaANDdemodata.csv, where the
rating is called response. Participants: 10 % for test and 5 % for validation, drawn by
their names; they share images. Those who gave no demographics stay: nothing here asks
for them. The published image split is that of the distributions.

Artists' names were written in several encodings, so a file may be called otherwise on
disk than in the table. What is not found by its name is found by its ASCII letters,
where only one file has the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from absl import logging

from piaa_tf.data.csv_table import Table, read_table
from piaa_tf.data.datasets.published import (
    Request,
    first_of,
    log_drawn,
    photo_folder,
)
from piaa_tf.data.datasets.votes import part_of_votes, read_votes
from piaa_tf.data.folder import list_photos
from piaa_tf.data.samples import PersonalRatings, Samples, ScoreDistributions
from piaa_tf.data.splits import SPLITS, drawn, listed
from piaa_tf.ratings import RatingRange

CONTENTS = dict.fromkeys(SPLITS, (PersonalRatings, ScoreDistributions))
PUBLISHED = {"images": 11_723, "users": 568, "ratings": 283_860}

RATING_RANGE = RatingRange(0, 100)
SCORES = tuple(range(0, 101, 10))
"""Bins of the distributions; a rating counts for the nearest."""

FILES = {
    "LAPIS_PIAA.csv": "rating",
    "LAPIS_individualratings_metaANDdemodata.csv": "response",
}
PHOTO_FOLDERS = ("images", "datasetImages_originalSize")


def load(request: Request) -> Samples:
    """Loads ratings, or distributions of eleven scores, without empty ratings."""
    photos = photo_folder(request.data_dir, PHOTO_FOLDERS)
    annotation = request.data_dir / "annotation"
    table = _read_ratings(annotation)
    found = _FileNames(photos)
    table = table.replaced("image", found.of(table.texts("image")))
    votes = read_votes(request, table, photos, RATING_RANGE)
    return part_of_votes(
        request,
        votes,
        of_user=drawn(votes.users),
        of_image=_image_splits(votes.images, annotation, found),
        scores=SCORES,
    )


def _read_ratings(annotation: Path) -> Table:
    path = first_of(annotation, list(FILES))
    table = read_table(path, other_encoding="latin-1")
    columns = {
        "user_id": "participant_id",
        "image": "image_filename",
        "rating": FILES[path.name],
    }
    table = table.taken(columns)
    is_given = [text not in ("", "NA", "nan") for text in table.texts("rating")]
    if not all(is_given):
        logging.info("%s: %d empty ratings left out", path.name, is_given.count(False))
    return table.select(is_given)


class _FileNames:
    """Names of files on disk, found by names that some encoding has spoilt."""

    def __init__(self, photos: Path) -> None:
        self._files = set(list_photos(photos))
        self._by_letters: dict[str, list[str]] = {}
        for name in self._files:
            self._by_letters.setdefault(_letters(name), []).append(name)

    def of(self, names: list[str]) -> list[str]:
        """Returns the file of each name; the name itself where it is not certain."""
        found = {name: self._find(name) for name in set(names)}
        num_other = sum(name != file for name, file in found.items())
        if num_other:
            logging.info("lapis: %d files are named otherwise on disk", num_other)
        return [found[name] for name in names]

    def _find(self, name: str) -> str:
        # The older release has the kind of art for a folder, the disk has not.
        for candidate in (name, PurePosixPath(name.replace("\\", "/")).name):
            if candidate in self._files:
                return candidate
            alike = self._by_letters.get(_letters(candidate), [])
            if len(alike) == 1:
                return alike[0]
        return name


def _letters(name: str) -> str:
    """Returns what all spellings of a name share.

    >>> _letters("gogh_caf\u00e9.jpg") == _letters("gogh_caf\u00c3\u00a9.jpg")
    True
    """
    composed = unicodedata.normalize("NFC", name)
    return re.sub(r"[^A-Za-z0-9._/-]", "", composed)


def _image_splits(
    images: Sequence[str], annotation: Path, found: _FileNames
) -> np.ndarray:
    names = {}
    for split, part in (("validation", "Val"), ("test", "Test")):
        path = annotation / f"LAPIS_GIAA_{part}split.csv"
        if not path.exists():
            log_drawn("lapis", path)
            return drawn(images)
        table = read_table(path, other_encoding="latin-1")
        names[split] = set(found.of(table.texts("image_filename")))
    return listed(images, **names)
