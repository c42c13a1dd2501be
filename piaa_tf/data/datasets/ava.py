"""AVA (Murray et al., CVPR 2012): distributions of scores 1 to 10 from DPChallenge.

    DIR/AVA.txt                                    no header, 15 columns
    DIR/aesthetics_image_lists/generic_test.jpgl   ids of the test images
    DIR/images/<id>.jpg                            or image/

In place of AVA.txt, the forms that other projects distribute are read too: see
`read_derived`. One file per split: train.csv, validation.csv or val.csv, test.csv.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from piaa_tf.data.csv_table import Table, number_or_none, read_table
from piaa_tf.data.datasets.published import (
    Request,
    first_of,
    log_drawn,
    photo_folder,
    present,
)
from piaa_tf.data.datasets.votes import take_split
from piaa_tf.data.samples import SampleError, ScoreDistributions
from piaa_tf.data.splits import (
    LISTS,
    SPLITS,
    drawn,
    listed,
    read_list,
    with_validation,
)
from piaa_tf.errors import InputError

CONTENTS = dict.fromkeys(SPLITS, (ScoreDistributions,))
PUBLISHED = {"images": 255_530}

SCORES = tuple(str(score) for score in range(1, 11))
FILE = "AVA.txt"
HEADER = ("index", "id", *SCORES, "tag1", "tag2", "challenge")
PHOTO_FOLDERS = ("images", "image")
TEST_LIST = "aesthetics_image_lists/generic_test.jpgl"
# Of 255,530; papers test on 19,930 to 20,000, the slides on 20,000.
TEST_SHARE = 20_000 / 255_530
VALIDATION_SHARE = 0.02

# Missing from, or broken in, the copies that several projects report.
MISSING_LIST = "ava_missing.txt"


def load(request: Request) -> ScoreDistributions:
    """Loads distributions.

    The test images are those of generic_test.jpgl, or, without the list, about 20,000
    drawn by their names; for validation, 2 % of the others are drawn likewise.
    """
    data_dir = request.data_dir
    photos = photo_folder(data_dir, PHOTO_FOLDERS)
    if (data_dir / FILE).exists():
        samples = _samples(request, read_official(data_dir / FILE), photos)
        return take_split(request, samples, _splits(samples.images, data_dir))
    tables = [read_derived(_derived_file(data_dir, part)) for part in request.splits]
    first, *others = [_samples(request, table, photos) for table in tables]
    return first.joined(others)


def _samples(request: Request, table: Table, photos: Path) -> ScoreDistributions:
    known = {f"{number}.jpg" for number in read_list(LISTS / MISSING_LIST)}
    table = present(request, table, photos, known)
    with table.placed_errors():
        return ScoreDistributions(
            photos=photos,
            images=table.images(),
            counts=table.numbers(SCORES),
            bin_scores=np.arange(1, 11),
        )


def read_official(path: Path) -> Table:
    """Reads AVA.txt as the columns image, 1, ..., 10; its own have no header."""
    table = read_table(path, delimiter=" ", header=HEADER)
    return _named(table.taken({"image": "id", **{s: s for s in SCORES}}))


def read_derived(path: Path) -> Table:
    """Reads a table with a header, of one of three kinds.

    image_id,score2,...,score11,...  counts of 1 to 10, each named one too high (TANet)
    image_id,c1,...,c10,...          counts of 1 to 10; img_name for image_id (pyiqa)
    spaces, id, ten shares, mean     with any header (PA_IAA)

    Raises:
        InputError: It is none of them.
        SampleError: A mean differs from that of its shares: columns are shifted.
    """
    if path.suffix == ".txt":
        return _read_shares(path)
    table = read_table(path)
    id_column = "img_name" if "img_name" in table.columns else "image_id"
    for prefix, first in (("score", 2), ("c", 1)):
        named = [f"{prefix}{first + i}" for i in range(10)]
        if set(named) <= set(table.columns):
            break
    else:
        raise InputError(
            f"{path}, line 1: counts must be named score2,...,score11 or c1,...,c10. "
            f"Got {','.join(table.columns)}."
        )
    if f"{prefix}{first - 1}" in table.columns:
        raise InputError(
            f"{path}, line 1: there must be ten columns of counts. Got also "
            f"{prefix}{first - 1}: which of them is score 1 cannot be told."
        )
    return _named(table.taken({"image": id_column, **dict(zip(SCORES, named))}))


def _read_shares(path: Path) -> Table:
    table = read_table(path, delimiter=" ", header=("image", *SCORES, "mean"))
    # A header is dropped, whatever its words; there may be none.
    is_header = number_or_none(table.rows[0][-1]) is None
    table = table.select(i > 0 or not is_header for i in range(len(table.rows)))
    with table.placed_errors():
        shares = table.numbers(SCORES)
        means = table.numbers(["mean"])[:, 0]
        wrong = np.abs(shares @ np.arange(1, 11) - means) > 0.01
        if wrong.any():
            row = int(np.argmax(wrong))
            raise SampleError(
                "The mean must be that of the shares of scores 1 to 10. Got "
                f"{means[row]:g}, where they give "
                f"{shares[row] @ np.arange(1, 11):g}. Are the columns shifted?",
                row=row,
                column="mean",
            )
    return _named(table.taken({"image": "image", **{s: s for s in SCORES}}))


def _named(table: Table) -> Table:
    """Turns ids into file names."""
    texts = [t if t.endswith(".jpg") else f"{t}.jpg" for t in table.texts("image")]
    return table.replaced("image", texts)


def _derived_file(data_dir: Path, split: str) -> Path:
    stems = ("validation", "val") if split == "validation" else (split,)
    names = [f"{stem}{suffix}" for suffix in (".csv", ".txt") for stem in stems]
    return first_of(data_dir, [FILE, *names])


def _splits(images: Sequence[str], data_dir: Path) -> np.ndarray:
    path = data_dir / TEST_LIST
    if path.exists():
        splits = listed(images, test={f"{name}.jpg" for name in read_list(path)})
    else:
        log_drawn("ava", path)
        splits = drawn(images, validation=0, test=TEST_SHARE)
    return with_validation(splits, images, VALIDATION_SHARE)
