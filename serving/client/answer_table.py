"""Answers for a folder of photos, as a table: CSV or JSON lines, whole or not.

CSV has a cell per number, empty where there is none; JSON lines keep lists, and say
null.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import write_file
from piaa_tf.ratings import TRAITS

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
"""The format by the end of a file's name."""


def table_format(path: str | os.PathLike[str]) -> str:
    """Returns "csv" or "jsonl", by the end of a name.

    Raises:
        InputError: It ends otherwise.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise InputError(
            f"The name of a table must end in {', '.join(FORMATS)}. Got {path}. Name "
            "it so, or say the format."
        )
    return FORMATS[suffix]


def make_room(path: str | os.PathLike[str]) -> None:
    """Makes the folder of a table, before there is anything to lose.

    Raises:
        InputError: It cannot be made, or the path is itself a folder.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error.strerror) from error
    if path.is_dir():
        raise _unwritable(path, "a folder")


def write_answers(
    path: str | os.PathLike[str], table: str, images: Sequence[str], result: Any
) -> None:
    """Writes a line per photo; the file appears with all of them or not at all.

    Args:
        path: of the file.
        table: "csv" or "jsonl".
        images: [batch] names of the photos.
        result: a dataclass of `results` with a row for each.

    Raises:
        InputError: The file cannot be written.
    """
    path = Path(path)
    content = (_csv if table == "csv" else _json_lines)(_records(images, result))
    try:
        write_file(path, content)
    except OSError as error:
        raise _unwritable(path, error.strerror) from error


def _unwritable(path: Path, found: str | None) -> InputError:
    return InputError(
        f"{path} must be a file that can be written. Got: {found}. Name another."
    )


def _records(images: Sequence[str], result: Any) -> Iterator[dict[str, Any]]:
    """Yields each row's values by the contract's names, `image_ok` last."""
    fields = [field.name for field in dataclasses.fields(result)]
    fields = [name for name in fields if getattr(result, name) is not None]
    fields.sort(key=lambda name: name == "image_ok")
    for i, image in enumerate(images):
        values = {name: getattr(result, name)[i] for name in fields}
        if "traits" in values:
            traits = dict(zip(TRAITS, values.pop("traits")))
            values = {**traits, **values}
        yield {"image": image, **values}


def _csv(records: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for i, record in enumerate(records):
        cells: dict[str, str] = {}
        for name, value in record.items():
            if np.ndim(value):
                numbers = enumerate(value, start=1)
                cells |= {f"{name}_{j}": _cell(number) for j, number in numbers}
            else:
                cells[name] = _cell(value)
        if i == 0:
            rows.writerow(cells)
        rows.writerow(cells.values())
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, np.bool_):
        return str(value).lower()
    if isinstance(value, str):
        return value
    return f"{value:.6g}" if np.isfinite(value) else ""


def _json_lines(records: Iterable[dict[str, Any]]) -> str:
    return "".join(
        json.dumps(
            {name: _plain(value) for name, value in record.items()}, ensure_ascii=False
        )
        + "\n"
        for record in records
    )


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if np.ndim(value):
        return [_plain(item) for item in value]
    if isinstance(value, np.bool_):
        return bool(value)
    return float(f"{value:.6g}") if np.isfinite(value) else None
