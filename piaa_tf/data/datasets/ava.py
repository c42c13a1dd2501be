"""AVA (Murray et al., CVPR 2012): distributions of scores 1 to 10 from DPChallenge.

    DIR/AVA.txt                                    no header, 15 columns
    DIR/aesthetics_image_lists/generic_test.jpgl   ids of the test images
    DIR/images/<id>.jpg                            or image/

In place of AVA.txt, the forms that other projects hand on are read too: see
`read_derived`. One file per split: train.csv, validation.csv or val.csv, test.csv.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from absl import logging

from piaa_tf.data.csv_table import Table, number_or_none, read_table
from piaa_tf.data.datasets.published import (
    AnySamples,
    OnMissing,
    first_folder,
    present,
    take_split,
)
from piaa_tf.data.samples import SampleError, ScoreDistributions
from piaa_tf.data.splits import (
    EVERYTHING,
    LISTS,
    SPLITS,
    check_split,
    drawn,
    listed,
    read_list,
)
from piaa_tf.errors import InputError

CONTENTS = dict.fromkeys(SPLITS, (ScoreDistributions,))
PUBLISHED = {"images": 255_530}

SCORES = tuple(str(score) for score in range(1, 11))
HEADER = ("index", "id", *SCORES, "tag1", "tag2", "challenge")
PHOTO_FOLDERS = ("images", "image")
TEST_LIST = "aesthetics_image_lists/generic_test.jpgl"
# Of 255,530; papers test on 19,930 to 20,000, the slides on 20,000.
TEST_SHARE = 20_000 / 255_530
VALIDATION_SHARE = 0.02

# Missing from, or broken in, the copies that several projects report.
MISSING_LIST = "ava_missing.txt"


def load(
    kind: type[AnySamples],
    data_dir: Path,
    split: str,
    on_missing: OnMissing = None,
) -> AnySamples:
    """Loads distributions.

    Test are the images of generic_test.jpgl, or, without the list, about 20,000 drawn
    by their names; validation are 2 % of the others, drawn so.

    Args:
        kind: `ScoreDistributions`.
        data_dir: DIR of the module's docstring.
        split: one of `SPLITS`, or all.
        on_missing: as of `published.present`.

    Returns:
        One sample per image.

    Raises:
        InputError: A file is missing or not sound; says which line and column.
    """
    check_split(split)
    photos = first_folder(data_dir, PHOTO_FOLDERS)
    official = data_dir / "AVA.txt"
    if official.exists():
        samples = _samples(read_official(official), photos, on_missing)
        return take_split(samples, _splits(samples.images, data_dir), split)
    parts = [
        _samples(read_derived(_derived_file(data_dir, part)), photos, on_missing)
        for part in (SPLITS if split == EVERYTHING else (split,))
    ]
    if len(parts) == 1:
        return parts[0]
    return ScoreDistributions(
        photos=photos,
        images=[image for part in parts for image in part.images],
        counts=np.concatenate([part.counts for part in parts]),
        bin_scores=parts[0].bin_scores,
    )


def _samples(table: Table, photos: Path, on_missing: OnMissing) -> ScoreDistributions:
    known = {f"{number}.jpg" for number in read_list(LISTS / MISSING_LIST)}
    table = present(table, photos, on_missing, known)
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
    for name in names:
        if (data_dir / name).exists():
            return data_dir / name
    raise InputError(
        f"{data_dir} must hold AVA.txt, or {' or '.join(names)}. Got none of them. "
        "Check --data_dir."
    )


def _splits(images, data_dir: Path) -> np.ndarray:
    path = data_dir / TEST_LIST
    if path.exists():
        test = {f"{name}.jpg" for name in read_list(path)}
        splits = listed(images, test=test)
    else:
        logging.warning("no %s: the test images are drawn, not the published", path)
        splits = drawn(images, validation=0, test=TEST_SHARE)
    held = drawn(images, validation=VALIDATION_SHARE, test=0) == "validation"
    splits[(splits == "train") & held] = "validation"
    return splits
