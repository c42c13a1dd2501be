"""The frame and the style of all pages: one HTML file that needs no other.

A page has no script and uses no network; its security policy forbids both. It is light
or dark as the reader's system is.
"""

from __future__ import annotations

import base64
import html
from string import Template

from piaa_tf.presentation.colors import (
    BLUE,
    DARK_VERMILION,
    INK,
    MUTED,
    PAPER,
    SKY_BLUE,
)


def render_page(title: str, *, header: str, main: str, style: str) -> str:
    """Renders a page.

    Args:
        title: text of the title and the heading.
        header: HTML below the heading.
        main: HTML of the content.
        style: CSS of this page, after that of all pages. `--width` is the greatest
            width of the page.

    Returns:
        HTML.
    """
    return PAGE.substitute(
        title=html.escape(title),
        header=header,
        main=main,
        style=STYLE.substitute(
            paper=PAPER,
            ink=INK,
            muted=MUTED,
            blue=BLUE,
            sky_blue=SKY_BLUE,
            dark_vermilion=DARK_VERMILION,
        )
        + style,
    )


def data_uri(content: bytes, media_type: str) -> str:
    """Returns a `data:` address that holds a file.

    >>> data_uri(b"abc", "image/png")
    'data:image/png;base64,YWJj'

    Args:
        content: of the file.
        media_type: such as "image/jpeg".
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


STYLE = Template("""\
:root {
  color-scheme: light dark;
  --paper: $paper; --card: #fff; --ink: $ink; --muted: $muted; --line: #dedbd4;
  --blue: $blue; --vermilion: $dark_vermilion;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #141415; --card: #1f1f21; --ink: #f1f0ee; --muted: #a5a29b;
    --line: #343437; --blue: $sky_blue; --vermilion: #f0a04b;
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  background: var(--paper); color: var(--ink); padding: clamp(1rem, 4vw, 3rem);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main, header { max-width: var(--width); margin-inline: auto; }
h1 {
  font-size: clamp(1.7rem, 4vw, 2.6rem); line-height: 1.15; letter-spacing: -.02em;
  overflow-wrap: anywhere;
}
@media print { body { padding: 0; } }
""")

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
$style</style>
</head>
<body>
<header>
<h1>$title</h1>
$header
</header>
<main>
$main
</main>
</body>
</html>
""")
