"""CSV files as tables of cells that know their lines, so that errors can name them."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from piaa_tf.contract import InputError
from piaa_tf.data.soundness import SampleError


@dataclasses.dataclass(frozen=True)
class Table:
    """The cells of a CSV file, and where its rows stood.

    Attributes:
        csv_path: the file.
        columns: the header.
        rows: as many cells each as the header has, without spaces around them.
        lines: the line of each row, the first line of the file being 1.
    """

    csv_path: Path
    columns: list[str]
    rows: list[list[str]]
    lines: list[int]

    def check_columns(
        self, expected: Sequence[str], described: str | None = None
    ) -> None:
        """Refuses missing, unknown and repeated columns.

        Args:
            expected: the columns, in any order.
            described: how to say them; by default their names.

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
        return f"{self.csv_path}{line}" + (f", column {column}" if column else "")


def read_table(csv_path: str | os.PathLike[str]) -> Table:
    """Reads cells, without the spaces around them; empty lines are passed over.

    Raises:
        InputError: The file cannot be read, is not UTF-8 or CSV, has no row, or a row
            of more or fewer cells than the header.
    """
    csv_path = Path(csv_path)
    rows, lines = [], []
    try:
        # utf-8-sig: spreadsheets write a byte order mark.
        with csv_path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, skipinitialspace=True)
            line = 1
            for cells in reader:
                row = [cell.strip() for cell in cells]
                if row not in ([], [""]):
                    rows.append(row)
                    lines.append(line)
                line = reader.line_num + 1
    except OSError as error:
        raise InputError(
            f"{csv_path} must be a file that can be read. Got: {error.strerror}."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{csv_path} must be UTF-8 text. Got the byte "
            f"0x{error.object[error.start]:02x} that is none. Save it as CSV UTF-8."
        ) from error
    except csv.Error as error:
        raise InputError(
            f"{csv_path}, line {line}: must be comma-separated text. Got: {error}."
        ) from error
    if len(rows) < 2:
        raise InputError(
            f"{csv_path} must hold a header and at least one row. Got {len(rows)} "
            "lines that are not empty."
        )
    table = Table(csv_path, rows[0], rows[1:], lines[1:])
    for row, line in zip(table.rows, table.lines):
        if len(row) != len(table.columns):
            raise InputError(
                f"{csv_path}, line {line}: must have {len(table.columns)} cells, as "
                f"the header has. Got {len(row)}. Correct the commas."
            )
    return table


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
    rows: Iterable[Sequence[str]],
) -> None:
    """Writes a header and rows in lines that end in LF; makes the folder first."""
    csv_path = Path(csv_path)
    csv_path.parent.mkdir(parents=True, exist_ok=True)
    with csv_path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
