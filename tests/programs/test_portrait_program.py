import csv
import json
import shutil

import pytest

from piaa_tf.errors import InputError
from piaa_tf.explain.portrait import estimate_portrait
from piaa_tf.models.prior import load_prior
from piaa_tf.programs import portrait
from piaa_tf.ratings import TRAITS


@pytest.fixture
def liked(tiny_gallery, tmp_path):
    folder = tmp_path / "liked" / "2024"
    folder.mkdir(parents=True)
    for source in sorted((tiny_gallery / "photos").rglob("*.jpg"))[:3]:
        shutil.copy(source, folder)
    return folder.parent


def run(prior, liked, **changes):
    out = liked.parent / "out"
    portrait.run(
        portrait.PortraitConfig(
            prior=str(prior), photos=str(liked), out=str(out), **changes
        )
    )
    return out


def test_the_table_and_the_json_say_what_was_estimated(tiny_prior, liked):
    out = run(tiny_prior, liked, user_id="anna")
    expected = estimate_portrait(load_prior(tiny_prior), sorted(liked.rglob("*.jpg")))
    described = json.loads((out / "portrait.json").read_text())
    assert described["user_id"] == "anna"
    assert described["num_images"] == 3
    with (out / "portrait.csv").open(newline="") as file:
        rows = {row.pop("trait"): row for row in csv.DictReader(file)}
    assert tuple(rows) == tuple(described["traits"]) == TRAITS
    for i, trait in enumerate(TRAITS):
        for name in ("mean", "spread", "standard_error"):
            value = getattr(expected, name)[i]
            assert float(rows[trait][name]) == pytest.approx(value, abs=1e-4)
            assert described["traits"][trait][name] == float(rows[trait][name])
    assert (out / "portrait.png").stat().st_size > 5000


def test_broken_photos_stop_it_unless_skipped(tiny_prior, liked):
    sources = sorted(liked.rglob("*.jpg"))
    sources[0].write_bytes(sources[0].read_bytes()[:200])
    with pytest.raises(InputError, match=sources[0].name):
        run(tiny_prior, liked)
    out = run(tiny_prior, liked, skip_broken=True)
    assert json.loads((out / "portrait.json").read_text())["num_images"] == 2


def test_nothing_but_broken_photos_is_refused(tiny_prior, liked):
    for source in liked.rglob("*.jpg"):
        source.write_bytes(b"no image")
    with pytest.raises(InputError, match=r"can be read\. Got 3 broken"):
        run(tiny_prior, liked, skip_broken=True)
