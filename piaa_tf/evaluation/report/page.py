"""The report as one HTML page that needs no other file, no script and no network."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from string import Template

from piaa_tf.evaluation.report.table import Table


def render(
    title: str,
    paragraphs: Sequence[str],
    sections: Sequence[Table | tuple[str, bytes]],
    left_out: Mapping[str, str],
) -> str:
    """Renders the page.

    Args:
        title: its heading.
        paragraphs: what was done, for whom, with which data.
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
    return PAGE.substitute(
        title=html.escape(title),
        paragraphs="\n".join(f"<p>{html.escape(text)}</p>" for text in paragraphs),
        sections="\n".join(parts),
    )


def _figure(caption: str, png: bytes) -> str:
    encoded = base64.b64encode(png).decode("ascii")
    text = html.escape(caption)
    return (
        f'<figure><img src="data:image/png;base64,{encoded}" alt="{text}">'
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


PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root {
  color-scheme: light dark;
  --paper: #f6f5f2; --card: #fff; --ink: #1d1d1f; --muted: #66645f; --line: #dedbd4;
  --published: #f2efe8; --own: #e8f1f8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #141415; --card: #1f1f21; --ink: #f1f0ee; --muted: #a5a29b;
    --line: #343437; --published: #29282a; --own: #1c2c39;
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  background: var(--paper); color: var(--ink); padding: clamp(1rem, 4vw, 3rem);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main, header { max-width: 76rem; margin-inline: auto; }
h1 { font-size: clamp(1.7rem, 4vw, 2.4rem); line-height: 1.15; letter-spacing: -.02em; }
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
@media print { body { padding: 0; } section, figure { break-inside: avoid; } }
</style>
</head>
<body>
<header><h1>$title</h1>
$paragraphs
</header>
<main>
$sections
</main>
</body>
</html>
""")
