"""The report as one HTML page that holds its figures."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from piaa_tf.evaluation.report.table import Table
from piaa_tf.presentation.page import data_uri, render_page


def render(
    title: str,
    paragraphs: Sequence[str],
    sections: Sequence[Table | tuple[str, bytes]],
    left_out: Mapping[str, str],
) -> str:
    """Renders the page.

    Args:
        title: its heading.
        paragraphs: what was done, on which users and data.
        sections: tables, and figures as (caption, PNG), in their order.
        left_out: system -> why it is not in the tables.

    Returns:
        HTML.
    """
    parts = [
        _table(section) if isinstance(section, Table) else _figure(*section)
        for section in sections
    ]
    if left_out:
        rows = "".join(
            f"<li><b>{html.escape(key)}</b>: {html.escape(why)}</li>"
            for key, why in left_out.items()
        )
        parts.append(f"<section><h2>Left out</h2><ul>{rows}</ul></section>")
    return render_page(
        title,
        header="\n".join(f"<p>{html.escape(text)}</p>" for text in paragraphs),
        main="\n".join(parts),
        style=STYLE,
    )


def _figure(caption: str, png: bytes) -> str:
    text = html.escape(caption)
    return (
        f'<figure><img src="{data_uri(png, "image/png")}" alt="{text}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    groups = "".join(
        f'<th colspan="{count}" class="{_kind(name)}">{html.escape(name)}</th>'
        for name, count in table.groups
    )
    kinds = [_kind(name) for name in table.group_of_columns()]
    is_words = [any(_is_words(row[i]) for row in table.rows) for i in range(len(kinds))]
    columns = "".join(
        f'<th class="{kind}{" words" if words else ""}">{html.escape(column)}</th>'
        for column, kind, words in zip(table.columns, kinds, is_words)
    )
    rows = []
    for i, row in enumerate(table.rows):
        cells = "".join(
            f'<td class="{kind}{" words" if _is_words(cell) else ""}">'
            f"{html.escape(cell)}</td>"
            for cell, kind in zip(row, kinds)
        )
        rows.append(f"<tr{_row_class(i, row, table)}>{cells}</tr>")
    return (
        f"<section><h2>{html.escape(table.title)}</h2><p>{html.escape(table.note)}</p>"
        f'<div class="scroll"><table><thead><tr class="groups">{groups}</tr>'
        f"<tr>{columns}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        "</section>"
    )


def _kind(group: str) -> str:
    return "published" if group.startswith("published") else "measured"


def _is_words(cell: str) -> bool:
    return cell[:1].isalpha()


def _row_class(index: int, row: Sequence[str], table: Table) -> str:
    if index in table.emphasised:
        return ' class="own"'
    if any(cell.startswith("published") for cell in row):
        return ' class="published"'
    return ""


STYLE = """\
:root { --width: 76rem; --published: #f2efe8; --own: #e8f1f8; }
@media (prefers-color-scheme: dark) {
  :root { --published: #29282a; --own: #1c2c39; }
}
h2 { font-size: 1.35rem; letter-spacing: -.01em; }
header p, section > p { margin-top: .6rem; max-width: 82ch; }
section > p { color: var(--muted); font-size: .92rem; }
section, figure { margin-top: 2.6rem; }
.scroll {
  overflow-x: auto; margin-top: .9rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px;
}
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .34rem .6rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child, th.words, td.words { text-align: left; }
td { font-variant-numeric: tabular-nums; border-top: 1px solid var(--line); }
th { font-weight: 600; }
.groups th {
  text-align: center; font-size: .8rem; color: var(--muted); font-weight: 500;
  padding-top: .6rem; font-style: italic;
}
th.published, td.published, tr.published td { background: var(--published); }
tr.own td { background: var(--own); font-weight: 600; }
figure {
  background: #fff; border: 1px solid var(--line); border-radius: 10px;
  padding: 1rem; color: #1d1d1f;
}
figure img { width: 100%; height: auto; display: block; }
figcaption { margin-top: .5rem; font-size: .9rem; color: #66645f; }
ul { margin: .6rem 0 0 1.2rem; }
@media print { section, figure { break-inside: avoid; } }
"""
