"""A ranking as a notebook shows it: thumbnails with their scores, in plain HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from piaa_tf.album.ranking import RankedPhoto, heading, places_gained
from piaa_tf.album.thumbnails import thumbnail_uri

NUM_PHOTOS = 24
"""Photos shown; more would make the notebook's file large."""

THUMBNAIL_SIZE = 200  # pixels of the longer side, about 8 kB


def ranking_fragment(
    folder: Path, ranked: Sequence[RankedPhoto], *, user_id: str
) -> str:
    """Renders the first photos of a ranking.

    Styles are inline, and take the notebook's own colours, light or dark.

    Args:
        folder: what the photos' names are relative to.
        ranked: the whole ranking.
        user_id: whose.

    Returns:
        HTML without scripts or links to other files.

    Raises:
        InputError: A photo cannot be read.
    """
    title, sentence = heading(ranked, user_id)
    figures = [
        _figure(photo, gained, thumbnail_uri(folder / photo.image, THUMBNAIL_SIZE))
        for photo, gained in zip(ranked[:NUM_PHOTOS], places_gained(ranked))
    ]
    more = len(ranked) - len(figures)
    rest = f"<p>… and {more} more: save_html writes a page of all.</p>" if more else ""
    return (
        f"<div><strong>{html.escape(title)}</strong><br>{html.escape(sentence)}"
        '<div style="display:flex;flex-wrap:wrap;gap:12px;margin-top:8px">'
        f"{''.join(figures)}</div>{rest}</div>"
    )


def _figure(photo: RankedPhoto, gained: int, address: str) -> str:
    change = f" {'▲' if gained > 0 else '▼'}{abs(gained)}" if gained else ""
    generic = f" · generic {photo.generic_score:.2f}" if photo.known_user else ""
    name = html.escape(photo.image)
    return (
        f'<figure style="margin:0;width:{THUMBNAIL_SIZE}px" title="{name}">'
        f'<img src="{address}" alt="{name}" style="width:100%;height:150px;'
        'object-fit:contain;background:rgba(127,127,127,.15)">'
        f"<figcaption><b>{photo.rank}</b>{change} · <b>{photo.score:.2f}</b>{generic}"
        "</figcaption></figure>"
    )
