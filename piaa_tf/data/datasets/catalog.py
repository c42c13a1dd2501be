"""Data sets by name: what `--dataset=NAME --data_dir=DIR` loads."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from piaa_tf.data import folder, gallery
from piaa_tf.data.datasets import (
    aadb,
    ava,
    eva,
    flickr_aes,
    lapis,
    library,
    para,
    psycho_flickr,
    real_cur,
)
from piaa_tf.data.datasets.published import OnMissing, Request
from piaa_tf.data.samples import AnySamples
from piaa_tf.data.splits import EVERYTHING, SPLITS
from piaa_tf.errors import InputError

DEFAULT_DIRECTORIES = {"gallery": "runs/gallery"}


@dataclasses.dataclass(frozen=True)
class DataSet:
    """How a set is loaded, and what is known of it beforehand.

    Attributes:
        load: takes a `Request`; where `contents` are None, (kind, data_dir, split);
            returns samples of the kind that is asked for.
        contents: split -> the kinds of samples there are; None: whatever files of
            `folder` lie there.
        published: numbers of images, users and ratings that its authors give.
    """

    load: Callable[..., Any]
    contents: Mapping[str, tuple[type, ...]] | None = None
    published: Mapping[str, int] = dataclasses.field(default_factory=dict)


DATA_SETS = {
    "aadb": DataSet(aadb.load, aadb.CONTENTS, aadb.PUBLISHED),
    "aadb_users": DataSet(aadb.load_users, aadb.USERS_CONTENTS, aadb.USERS_PUBLISHED),
    "ava": DataSet(ava.load, ava.CONTENTS, ava.PUBLISHED),
    "eva": DataSet(eva.load, eva.CONTENTS, eva.PUBLISHED),
    "flickr_aes": DataSet(flickr_aes.load, flickr_aes.CONTENTS, flickr_aes.PUBLISHED),
    "flickr_aes_average": DataSet(
        flickr_aes.load_average,
        flickr_aes.AVERAGE_CONTENTS,
        flickr_aes.AVERAGE_PUBLISHED,
    ),
    "folder": DataSet(folder.load),
    "gallery": DataSet(gallery.load),
    "lapis": DataSet(lapis.load, lapis.CONTENTS, lapis.PUBLISHED),
    "library": DataSet(library.load, library.CONTENTS, library.PUBLISHED),
    "para": DataSet(para.load, para.CONTENTS, para.PUBLISHED),
    **{
        f"para_fold{fold}": DataSet(
            functools.partial(para.load, fold=fold), para.CONTENTS, para.PUBLISHED
        )
        for fold in (1, 2, 3, 4)
    },
    "psycho_flickr": DataSet(
        psycho_flickr.load, psycho_flickr.CONTENTS, psycho_flickr.PUBLISHED
    ),
    "real_cur": DataSet(real_cur.load, real_cur.CONTENTS, real_cur.PUBLISHED),
}


def load(
    dataset: str,
    kind: type[AnySamples],
    data_dir: str | os.PathLike[str] | None,
    split: str,
    on_missing: OnMissing = None,
) -> AnySamples:
    """Loads one kind of samples of one split of a data set.

    Args:
        dataset: a key of `DATA_SETS`.
        kind: `ScoreDistributions`, `LikedImages` or `PersonalRatings`.
        data_dir: where the set is; may be None for the gallery, which is rendered
            into runs/gallery when it is not there.
        split: "train", "validation" or "test"; of published sets also "all".
        on_missing: called with images that a published set lists but that are not
            there, and left out; None: they are refused.

    Returns:
        The samples, of the asked kind.

    Raises:
        InputError: The name is unknown, the directory is not given, or the set is
            broken or has no such samples.
    """
    known = find(dataset)
    data_dir = data_dir or DEFAULT_DIRECTORIES.get(dataset)
    if data_dir is None:
        raise InputError(
            f"The data set {dataset!r} lies on disk: its directory must be given. "
            "Got none. Pass --data_dir=DIR."
        )
    if known.contents is None:
        return known.load(kind, Path(data_dir), split)
    _check_content(dataset, known.contents, kind, split)
    return known.load(Request(kind, Path(data_dir), split, on_missing))


def find(dataset: str) -> DataSet:
    """Finds a data set by its name.

    Raises:
        InputError: There is none.
    """
    if dataset not in DATA_SETS:
        raise InputError(
            f"dataset must be one of {sorted(DATA_SETS)}. Got {dataset!r}."
        )
    return DATA_SETS[dataset]


def contents(dataset: str, data_dir: Path) -> list[tuple[str, type]]:
    """Lists the splits and kinds that a data set has to load, train first."""
    there = find(dataset).contents
    if there is None:
        return folder.contents(data_dir)
    return [(split, kind) for split in SPLITS for kind in there.get(split, ())]


def _check_content(
    dataset: str, there: Mapping[str, tuple[type, ...]], kind: type, split: str
) -> None:
    kinds = there.get(split, ())
    if split == EVERYTHING:
        kinds = tuple(k for split_kinds in there.values() for k in split_kinds)
    if kind not in kinds:
        has = "; ".join(
            f"{part}: {', '.join(k.__name__ for k in kinds)}"
            for part, kinds in there.items()
        )
        raise InputError(
            f"{dataset} must have what is asked of it. Got {kind.__name__} for "
            f"{split}; it has {has}. Choose another --dataset."
        )
