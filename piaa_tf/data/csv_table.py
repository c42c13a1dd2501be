"""CSV files as tables of cells that know their lines, so that errors can name them.

Commas are what our own files use; the published sets also come with spaces, equals
signs, no header, names of rows, Latin-1 and so on, which `read_table` takes as options.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from absl import logging

from piaa_tf.data.soundness import SampleError
from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import atomic_file


@dataclasses.dataclass(frozen=True)
class Table:
    """The cells of a CSV file, and the lines of its rows.

    Attributes:
        csv_path: the file.
        columns: the header.
        rows: as many cells each as the header has, without spaces around them.
        lines: the line of each row, the first line of the file being 1.
        names: how the file calls a column that has been renamed.
    """

    csv_path: Path
    columns: list[str]
    rows: list[list[str]]
    lines: list[int]
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def check_columns(
        self, expected: Sequence[str], described: str | None = None
    ) -> None:
        """Refuses missing, unknown and repeated columns.

        Args:
            expected: the columns, in any order.
            described: how messages name them; by default their names.

        Raises:
            InputError: A column is missing, unknown or repeated.
        """
        if sorted(self.columns) == sorted(set(expected)):
            return
        wrong = {
            "missing": [c for c in expected if c not in self.columns],
            "unknown": [c for c in self.columns if c not in expected],
            "repeated": sorted({c for c in self.columns if self.columns.count(c) > 1}),
        }
        what = ", ".join(
            f"{kind} {', '.join(map(repr, c))}" for kind, c in wrong.items() if c
        )
        raise InputError(
            f"{self.csv_path}, line 1: the columns must be "
            f"{described or ','.join(expected)}. Got {','.join(self.columns)}: {what}. "
            "Correct the header."
        )

    def taken(self, columns: Mapping[str, str]) -> Table:
        """Takes some columns under names of our own; the others do not matter.

        Args:
            columns: our name -> the file's. A file's column may be taken twice.

        Returns:
            A table of these columns alone; errors still use the file's names.

        Raises:
            InputError: A column is missing or there twice.
        """
        for name in columns.values():
            if self.columns.count(name) != 1:
                raise InputError(
                    f"{self.csv_path}, line 1: there must be one column {name!r}. Got "
                    f"{','.join(self.columns)}. Correct the header."
                )
        places = [self.columns.index(name) for name in columns.values()]
        rows = [[row[place] for place in places] for row in self.rows]
        return Table(self.csv_path, list(columns), rows, self.lines, dict(columns))

    def select(self, is_kept: Iterable[bool]) -> Table:
        """Keeps the rows for which `is_kept` [rows] is true."""
        kept = [i for i, keep in enumerate(is_kept) if keep]
        return dataclasses.replace(
            self,
            rows=[self.rows[i] for i in kept],
            lines=[self.lines[i] for i in kept],
        )

    def replaced(self, column: str, texts: Sequence[str]) -> Table:
        """Returns a table with other texts [rows] in a column."""
        place = self.columns.index(column)
        rows = [
            [*row[:place], text, *row[place + 1 :]]
            for row, text in zip(self.rows, texts)
        ]
        return dataclasses.replace(self, rows=rows)

    def with_column(self, column: str, text: str) -> Table:
        """Returns a table with a new first column, the same text in every row."""
        return dataclasses.replace(
            self,
            columns=[column, *self.columns],
            rows=[[text, *row] for row in self.rows],
        )

    def distinct(self, key: Sequence[str]) -> Table:
        """Keeps the first of rows with the same key, and logs how many are dropped.

        Args:
            key: the columns that tell rows apart.

        Returns:
            The table without repetitions.
        """
        first: dict[tuple[str, ...], int] = {}
        places = [self.columns.index(column) for column in key]
        keys = [tuple(row[place] for place in places) for row in self.rows]
        is_first = [first.setdefault(k, i) == i for i, k in enumerate(keys)]
        if all(is_first):
            return self
        others = [i for i, keep in enumerate(is_first) if not keep]
        differ = sum(self.rows[i] != self.rows[first[keys[i]]] for i in others)
        logging.info(
            "%s: %d repeated rows left out, the first at line %d; %d of them differ "
            "from the row that is kept, the first of each",
            self.csv_path.name,
            len(others),
            self.lines[others[0]],
            differ,
        )
        return self.select(is_first)

    def texts(self, column: str) -> list[str]:
        """Returns the cells of a column, [rows]."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows]

    def images(self) -> list[str]:
        """Returns the column `image`, each path in its plain form, [rows]."""
        # ./a.jpg and a//b.jpg are fine names that people write for a.jpg and a/b.jpg;
        # what leaves the folder still does after this.
        texts = self.texts("image")
        plain = {text: str(PurePosixPath(text)) if text else "" for text in set(texts)}
        return [plain[text] for text in texts]

    def numbers(self, columns: Sequence[str]) -> np.ndarray:
        """Reads columns as numbers, float64 [rows, columns].

        Raises:
            SampleError: A cell holds no number.
        """
        places = [(column, self.columns.index(column)) for column in columns]
        numbers = np.empty([len(self.rows), len(columns)])
        for i, row in enumerate(self.rows):
            for j, (column, place) in enumerate(places):
                number = number_or_none(row[place])
                if number is None:
                    raise SampleError(
                        "A number such as 4 or 3.5 must stand here. "
                        f"Got {row[place]!r}. Correct it.",
                        row=i,
                        column=column,
                    )
                numbers[i, j] = number
        return numbers

    @contextlib.contextmanager
    def placed_errors(self) -> Iterator[None]:
        """Adds file, line and column to what is found wrong with a sample."""
        try:
            yield
        except SampleError as error:
            place = self._place(error.row, error.column)
            raise SampleError(
                f"{place}: {error}", row=error.row, column=error.column
            ) from error

    def _place(self, row: int | None, column: str | None) -> str:
        line = "" if row is None else f", line {self.lines[row]}"
        name = self.names.get(column, column) if column else None
        return f"{self.csv_path}{line}" + (f", column {name}" if name else "")


def read_table(
    csv_path: str | os.PathLike[str],
    *,
    delimiter: str = ",",
    header: Sequence[str] | None = None,
    has_row_names: bool = False,
    is_quoted: bool = True,
    other_encoding: str | None = None,
) -> Table:
    """Reads cells, without the spaces around them; empty lines are passed over.

    Args:
        csv_path: the file.
        delimiter: between cells. Where it is a space, any number of them is one.
        header: the columns of a file that begins with its first row.
        has_row_names: whether each row begins with one cell more than the header,
            as R's write.table does; it becomes the column "".
        is_quoted: whether quotes hold cells together; otherwise they are dropped.
        other_encoding: to read in if the file is not UTF-8.

    Returns:
        The table.

    Raises:
        InputError: The file cannot be read, is not text of this form, has no row, or a
            row of more or fewer cells than the header.
    """
    csv_path = Path(csv_path)
    text = _decoded(csv_path, other_encoding)
    if not is_quoted:
        text = text.replace('"', "")
    lines = _lines(csv_path, text, delimiter)
    if header is None:
        if len(lines) < 2:
            raise InputError(
                f"{csv_path} must hold a header and at least one row. Got {len(lines)} "
                "lines that are not empty."
            )
        header = lines.pop(0)[1]
        header = ["", *header] if has_row_names else header
    if not lines:
        raise InputError(f"{csv_path} must hold at least one row. Got none.")
    for line, row in lines:
        if len(row) != len(header):
            raise InputError(
                f"{csv_path}, line {line}: must have {len(header)} cells, as "
                f"the header has. Got {len(row)}. Correct the commas."
                if delimiter == ","
                else f"{csv_path}, line {line}: must have {len(header)} cells with "
                f"{delimiter!r} between. Got {len(row)}."
            )
    return Table(
        csv_path, list(header), [row for _, row in lines], [line for line, _ in lines]
    )


def _decoded(path: Path, other_encoding: str | None) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} must be a file that can be read. Got: {error.strerror}."
        ) from error
    try:
        # utf-8-sig: spreadsheets write a byte order mark.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if other_encoding is not None:
            logging.info("%s is not UTF-8: read as %s", path, other_encoding)
            return content.decode(other_encoding)
        raise InputError(
            f"{path} must be UTF-8 text. Got the byte "
            f"0x{error.object[error.start]:02x} that is none. Save it as CSV UTF-8."
        ) from error


def _lines(path: Path, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Returns the lines that are not empty: their numbers and their cells."""
    source: Iterable[str] = io.StringIO(text, newline="")
    if delimiter == " ":
        source = (line.strip() + "\n" for line in source)
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=True)
    lines, line = [], 1
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if row not in ([], [""]):
                lines.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}, line {line}: must be comma-separated text. Got: {error}."
        ) from error
    return lines


def number_or_none(text: str) -> float | None:
    """Reads a number, or returns None where there is none; 1_000 is none."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def shortest_text(number: np.floating) -> str:
    """Writes the shortest text that reads as the same number: 4, not 4.0."""
    return np.format_float_positional(number, trim="-")


def write_table(
    csv_path: str | os.PathLike[str],
    columns: Sequence[str],
    rows: Iterable[Iterable[str | int | float | bool]],
) -> None:
    """Writes a header and rows in lines that end in LF, the whole file or none.

    Args:
        csv_path: of the file; its folder is made.
        columns: their names.
        rows: their cells. Real numbers get six digits; a file name that is not UTF-8
            keeps its bytes.
    """
    with (
        atomic_file(csv_path) as unfinished,
        unfinished.open(
            "w", encoding="utf-8", errors="surrogateescape", newline=""
        ) as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(map(_cell, row) for row in rows)


def _cell(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
