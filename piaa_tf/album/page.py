"""The page of a ranking; CSS alone switches its order, without a script."""

from __future__ import annotations

import html
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

from piaa_tf.album.ranking import RankedPhoto, heading, places_gained
from piaa_tf.album.thumbnails import thumbnail_uri
from piaa_tf.presentation.page import render_page
from piaa_tf.ratings import RatingRange

THUMBNAIL_SIZE = 320  # pixels of the longer side
MAX_THREADS = 8


def render(
    photos_dir: Path,
    ranked: Sequence[RankedPhoto],
    *,
    user_id: str,
    rating_range: RatingRange,
) -> str:
    """Renders the page.

    Args:
        photos_dir: folder to which the paths of the photos are relative.
        ranked: as `ranking.rank_photos` returns them.
        user_id: the user whose ranking it is.
        rating_range: the range that the score bars span.

    Returns:
        HTML, about 25 kB per photo.

    Raises:
        InputError: A photo is not a readable image.
    """
    # Decoding releases the interpreter's lock; each thread holds one whole photo.
    with ThreadPoolExecutor(MAX_THREADS) as pool:
        thumbnails = pool.map(
            lambda photo: thumbnail_uri(Path(photos_dir) / photo.image, THUMBNAIL_SIZE),
            ranked,
        )
        cards = [
            _card(photo, thumbnail, gained, rating_range)
            for photo, thumbnail, gained in zip(
                ranked, thumbnails, places_gained(ranked)
            )
        ]
    title, sentence = heading(ranked, user_id)
    known = ranked[0].known_user
    header = HEADER.substitute(
        sentence=html.escape(sentence),
        sentence_class="" if known else "notice",
        facts=f"{len(ranked)} photo{'s' * (len(ranked) > 1)} · scores from "
        f"{rating_range.minimum:g} to {rating_range.maximum:g}",
        controls=CONTROLS if known else "",
    )
    main = "\n".join(["<ol>", *cards, "</ol>"])
    return render_page(title, header=header, main=main, style=STYLE)


def _card(
    photo: RankedPhoto, thumbnail: str, gained: int, rating_range: RatingRange
) -> str:
    name = html.escape(photo.image)
    bars = _bar("Generic", "generic", photo.generic_score, rating_range)
    change = ""
    if photo.known_user:
        bars = _bar("Personal", "personal", photo.score, rating_range) + bars
        change = _change(gained)
    return CARD.substitute(
        rank=photo.rank,
        generic_rank=photo.rank + gained,
        # CSS orders by whole numbers, the smallest first.
        moved=-abs(gained),
        thumbnail=thumbnail,
        name=name,
        change=change,
        bars=bars,
    )


def _bar(label: str, kind: str, score: float, rating_range: RatingRange) -> str:
    share = min(max(rating_range.to_unit(score), 0), 1)
    return BAR.substitute(
        label=label, kind=kind, percent=f"{100 * share:.1f}", score=f"{score:.2f}"
    )


def _change(gained: int) -> str:
    if not gained:
        return '<span class="same" title="as in the generic ranking">=</span>'
    way, sign, word = ("up", "▲", "higher") if gained > 0 else ("down", "▼", "lower")
    places = f"{abs(gained)} place{'s' * (abs(gained) > 1)}"
    return (
        f'<span class="{way}" title="{places} {word} than in the generic ranking">'
        f"{sign}{abs(gained)}</span>"
    )


BAR = Template(
    '<div class="score $kind"><dt>$label</dt><dd><span class="track">'
    '<span class="fill" style="width:$percent%"></span></span><b>$score</b></dd></div>'
)

CARD = Template("""\
<li style="--rank:$rank;--generic:$generic_rank;--moved:$moved">
<div class="photo"><img src="$thumbnail" alt="$name" decoding="async"></div>
<div class="line"><span class="rank">$rank</span>$change
<span class="name" title="$name">$name</span></div>
<dl>$bars</dl>
</li>""")

CONTROLS = """\
<fieldset><legend>Order</legend>
<label><input type="radio" name="order" id="by-personal" checked>Personal</label>
<label><input type="radio" name="order" id="by-generic">Generic</label>
<label><input type="radio" name="order" id="by-moved">Most moved</label>
</fieldset>
<p class="key"><span class="up">▲3</span> three places higher than in the generic
ranking &ensp;<span class="down">▼2</span> two places lower</p>"""

HEADER = Template("""\
<p class="sentence $sentence_class">$sentence</p>
<p class="facts">$facts</p>
<div class="bar">$controls</div>""")

# Signs show the same as the colours, for those who cannot tell these apart.
STYLE = """\
:root { --width: 96rem; --mat: #ebe9e4; --track: #e6e3dc; --generic-bar: #a19d94; }
@media (prefers-color-scheme: dark) {
  :root { --mat: #29292c; --track: #37373b; --generic-bar: #85827b; }
}
.sentence { margin-top: .5rem; max-width: 60ch; overflow-wrap: anywhere; }
.notice {
  border-left: 4px solid var(--vermilion); background: var(--card); padding: .7rem 1rem;
  border-radius: 4px; margin-top: 1rem;
}
.facts, .key { color: var(--muted); font-size: .9rem; }
.facts { margin-top: .3rem; }
.bar {
  display: flex; flex-wrap: wrap; gap: .6rem 1.6rem; align-items: center;
  margin: 1.2rem 0 1.6rem;
}
fieldset {
  border: 1px solid var(--line); border-radius: 99px; background: var(--card);
  display: flex; padding: .2rem;
}
legend { position: absolute; clip-path: inset(50%); }
label { padding: .25rem .9rem; border-radius: 99px; font-size: .9rem; cursor: pointer; }
label input { position: absolute; opacity: 0; }
label:has(:checked) { background: var(--ink); color: var(--paper); }
label:has(:focus-visible) { outline: 2px solid var(--blue); }
ol {
  list-style: none; padding: 0; display: grid; gap: 1.3rem;
  grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr));
}
li {
  order: var(--rank); background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; overflow: hidden;
}
body:has(#by-generic:checked) li { order: var(--generic); }
body:has(#by-moved:checked) li { order: var(--moved); }
.photo { aspect-ratio: 3 / 2; background: var(--mat); padding: .7rem; }
.photo img { width: 100%; height: 100%; object-fit: contain; display: block; }
.line {
  display: flex; align-items: baseline; gap: .6rem; padding: .6rem .9rem 0;
  min-width: 0;
}
.rank { font-size: 1.6rem; font-weight: 700; font-variant-numeric: tabular-nums; }
.up, .down, .same { font-weight: 600; font-size: .95rem; white-space: nowrap; }
.up { color: var(--blue); } .down { color: var(--vermilion); }
.same { color: var(--muted); }
.name {
  color: var(--muted); font-size: .82rem; margin-left: auto; min-width: 0;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
}
dl { padding: .3rem .9rem .9rem; font-size: .85rem; }
.score { display: grid; grid-template-columns: 4.6rem 1fr; align-items: center; }
dt { color: var(--muted); }
dd {
  display: grid; grid-template-columns: 1fr 3.2em; align-items: center; gap: .6rem;
}
dd b { text-align: right; font-variant-numeric: tabular-nums; font-weight: 600; }
.track { height: .5rem; border-radius: 99px; background: var(--track); }
.fill {
  display: block; height: 100%; border-radius: 99px; background: var(--blue);
}
.generic .fill { background: var(--generic-bar); }
.personal + .generic b { color: var(--muted); font-weight: 400; }
@media print {
  li { break-inside: avoid; }
  fieldset { display: none; }
}
"""
