"""A table as data, with cells of text under groups of columns; as Markdown, too."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: its heading.
        note: sentences below the heading: what the table shows, and its caveats.
        groups: (heading, number of columns below it); the numbers add up to the number
            of columns.
        columns: heading of each column.
        rows: cells of each row, as many as there are columns; "" for an empty one.
        emphasised: indices of the rows that stand out.
    """

    title: str
    note: str
    groups: Sequence[tuple[str, int]]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    emphasised: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Checks that all rows and groups span the columns."""
        widths = {len(row) for row in self.rows} | {sum(n for _, n in self.groups)}
        if widths != {len(self.columns)}:
            raise ValueError(
                f"{self.title}: rows and groups must span {len(self.columns)} columns. "
                f"Got {sorted(widths)}."
            )

    def group_of_columns(self) -> list[str]:
        """Returns the group of each column."""
        return [name for name, count in self.groups for _ in range(count)]


def to_markdown(table: Table) -> str:
    """Formats a table as Markdown; groups go into the column headings."""
    headings = [
        f"{column}<br>*{group}*" if group else column
        for column, group in zip(table.columns, table.group_of_columns())
    ]
    lines = [f"## {table.title}", "", table.note, ""]
    lines.append(_line(headings))
    lines.append("|" + "|".join(["---", *["--:"] * (len(headings) - 1)]) + "|")
    for i, row in enumerate(table.rows):
        cells = [f"**{cell}**" if cell else "" for cell in row]
        lines.append(_line(cells if i in table.emphasised else row))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def number(value: float, digits: int = 3) -> str:
    """Formats a number; NaN becomes an empty string.

    >>> number(0.5), number(float("nan")), number(-0.25, 2)
    ('0.500', '', '-0.25')
    """
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def plus_minus(mean: float, spread: float) -> str:
    """Formats mean and spread as the papers do.

    >>> plus_minus(0.561, 0.005), plus_minus(0.561, float("nan"))
    ('0.561 ± 0.005', '0.561')
    """
    if math.isnan(mean):
        return ""
    return f"{mean:.3f}" + ("" if math.isnan(spread) else f" ± {spread:.3f}")


def seconds(value: float) -> str:
    """Formats a time with two significant digits.

    >>> seconds(0.00213), seconds(0.25), seconds(12.3), seconds(431)
    ('2.1 ms', '250 ms', '12 s', '430 s')
    """
    if value < 1:
        return f"{_two_digits(1000 * value)} ms"
    return f"{_two_digits(value)} s"


def _two_digits(value: float) -> str:
    if value >= 10:
        digits = len(str(int(value))) - 2
        return str(round(value, -digits) if digits else round(value)).split(".")[0]
    return f"{value:.1f}"
