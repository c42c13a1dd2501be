"""Tables as spreadsheets and people write them, for the columns that are looked for.

Commas, semicolons, tabs or bars between cells; UTF-8 with or without a byte order mark,
UTF-16, or what Windows calls ANSI; headers under other names, or none.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from piaa_tf.data.csv_table import number_or_none
from piaa_tf.errors import InputError

_DELIMITERS = (",", ";", "\t", "|")
_Lines = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class LooseTable:
    """What was looked for in a table.

    Attributes:
        rows: the line in the file, and column -> cell; "" where there is none.
    """

    rows: list[tuple[int, dict[str, str]]]


def read_loose_table(
    csv_path: Path, columns: Mapping[str, Sequence[str]], *, required: Sequence[str]
) -> LooseTable:
    """Reads some columns of a table.

    Args:
        csv_path: the file.
        columns: our name -> what tables call it, in lower case, letters and digits
            only. A file without a header has the last of them, in their order.
        required: columns that must be there.

    Returns:
        The rows that are not empty.

    Raises:
        InputError: The file cannot be read, is not text, or has no such columns.
    """
    lines = _read_lines(csv_path, columns)
    places, lines = _places(csv_path, lines, columns, required)
    return LooseTable(
        [
            (line, {name: _cell(cells, places.get(name)) for name in columns})
            for line, cells in lines
        ]
    )


def number(text: str) -> float | None:
    """Reads a number as people write it, or returns None where there is none.

    >>> number("4,5"), number("★★★"), number("four")
    (4.5, 3.0, None)
    """
    if text and set(text) <= {"*", "★"}:
        return float(len(text))
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    return number_or_none(text)


def _read_lines(csv_path: Path, columns: Mapping[str, Sequence[str]]) -> _Lines:
    """Splits a file into lines that are not empty: their numbers and cells."""
    try:
        content = csv_path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{csv_path} must be a file that can be read. Got: {error.strerror}."
        ) from error
    text = _decoded(content)
    if "\0" in text:
        raise InputError(
            f"{csv_path} must be a table as text. Got zeros, as a spreadsheet's own "
            "file has. Save it as CSV."
        )
    parses = [_parsed(text, delimiter) for delimiter in _DELIMITERS]
    # The delimiter that makes the most columns that are looked for, then the most.
    return max(
        parses,
        key=lambda lines: (
            (len(_known(lines[0][1], columns)), len(lines[0][1])) if lines else (0, 0)
        ),
    )


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _parsed(text: str, delimiter: str) -> _Lines:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True
    )
    lines, line = [], 1
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            # A spreadsheet's hint at the delimiter is not a row.
            is_hint = line == 1 and "".join(row).lower().startswith("sep=")
            if any(row) and not is_hint:
                lines.append((line, row))
            line = reader.line_num + 1
    except csv.Error:
        return []
    return lines


def _known(
    header: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """Finds our columns in a header: name -> place; the first that fits."""
    plain = ["".join(c for c in cell.lower() if c.isalnum()) for cell in header]
    found = {
        column: [plain.index(name) for name in names if name in plain]
        for column, names in columns.items()
    }
    return {column: places[0] for column, places in found.items() if places}


def _places(
    csv_path: Path,
    lines: _Lines,
    columns: Mapping[str, Sequence[str]],
    required: Sequence[str],
) -> tuple[dict[str, int], _Lines]:
    """Finds our columns and the lines that are rows."""
    header = lines[0][1] if lines else []
    places = _known(header, columns)
    if set(required) <= set(places):
        return places, lines[1:]
    names = list(columns)[-len(header) :] if header else []
    if len(required) <= len(header) <= len(columns) and number(header[-1]) is not None:
        return {name: place for place, name in enumerate(names)}, lines
    raise InputError(
        f"{csv_path} must begin with a header that names the columns "
        f"{' and '.join(required)}. Got {','.join(header) or 'nothing'}. Correct the "
        "first line."
    )


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""
