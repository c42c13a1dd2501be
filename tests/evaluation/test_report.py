import csv
import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.evaluation import published
from piaa_tf.evaluation.bounds import Bounds
from piaa_tf.evaluation.measurement import Measurement, load_measurement
from piaa_tf.evaluation.plan import Plan
from piaa_tf.evaluation.report import tables
from piaa_tf.evaluation.report.evidence import Evidence
from piaa_tf.evaluation.report.table import Table, to_markdown
from piaa_tf.evaluation.report.write import write_report
from piaa_tf.evaluation.results import Result, summarise

NUMBERS = (4, 8)


@pytest.fixture(scope="module")
def evidence(tiny_gallery):
    """Made-up figures of three systems on real images."""
    generator = np.random.default_rng(0)
    ratings, scores, likes = (
        catalog.load("gallery", kind, tiny_gallery, "test")
        for kind in (PersonalRatings, ScoreDistributions, LikedImages)
    )

    def measurement(key, name, level):
        results = [
            Result(
                name, n, repeat, user, level + generator.normal(0, 0.1), level, 8, 40
            )
            for n in NUMBERS
            for user in ratings.user_ids()
            for repeat in range(3)
        ]
        guess = generator.dirichlet(np.ones(10), len(scores))
        return Measurement(
            key,
            name,
            results,
            {"distribution": guess, "score": generator.uniform(size=len(scores))},
            {"traits": generator.uniform(-1, 1, [len(likes), 5])},
            12.0,
            {4: 0.002, 8: 3.5},
        )

    found = [
        measurement("mt_iaa", "MT_IAA", 0.4),
        measurement("pa_iaa", "PA_IAA", 0.5),
        measurement("extra", "A <b>new</b> system | with signs", 0.3),
    ]
    bounds = Bounds(0.9, 0.5, {4: 0.6, 8: 0.7})
    return Evidence(
        data="simulated gallery",
        is_simulated=True,
        backbone="compact",
        plan=Plan(NUMBERS, 3, 2, (4, 8), False, 0, 0),
        measurements=found,
        left_out={"usar_ppr": "USAR_PPR needs <something>."},
        ratings=ratings,
        scores=scores,
        likes=likes,
        bounds=bounds,
        trait_shares={0.05: (bounds, found[:2]), 0.19: (bounds, found[:2])},
        backbones={"resnet18": [measurement("ba_piaa", "BA-PIAA", 0.2)]},
        command="piaa-evaluate --seed=7",
    )


def cells_of(table, **wanted):
    """Returns the cells of the rows of that name."""
    return [list(row) for row in table.rows if row[0] == wanted.get("name", row[0])]


def test_table_one_sets_measured_beside_published(evidence):
    evidence = dataclasses.replace(
        evidence, plan=dataclasses.replace(evidence.plan, num_images=(8,))
    )
    table = tables.personal_table(evidence)
    assert table.groups == [
        ("", 1),
        ("measured, simulated gallery", 2),
        ("published, FLICKR-AES", 1),
    ]
    own = summarise(evidence.named("PA_IAA").of(8))
    ((_, measured, prior, papers),) = cells_of(table, name="PA_IAA")
    assert measured == f"{own.mean:.3f} ± {own.std:.3f}"
    assert prior == "0.500"
    # n = 8 is in no paper.
    assert papers == ""
    assert [row[0] for row in table.rows[:-1]] == [p.name for p in published.PERSONAL]
    assert table.rows[-1][0] == "A <b>new</b> system | with signs"
    assert "0.900 (noise ceiling)" in table.note


def test_published_figures_stand_in_their_own_columns(evidence):
    plan = dataclasses.replace(evidence.plan, num_images=(10, 100))
    measured = [m for m in evidence.measurements if not m.results]
    table = tables.personal_table(
        dataclasses.replace(evidence, plan=plan, measurements=measured)
    )
    ((_, *cells),) = cells_of(table, name="BLG-PIAA")
    assert cells == ["", "", "", "", "0.561 ± 0.005", "0.669 ± 0.013"]


def test_differences_are_over_the_prior_and_between_pairs(evidence):
    table = tables.difference_table(evidence)
    names = [row[0] for row in table.rows]
    assert names[:3] == [f"{m.name} over its prior" for m in evidence.measurements]
    assert names[3:] == ["PA_IAA over MT_IAA"]
    pair = [
        np.mean([r.srocc for r in evidence.named(name).of(4)])
        for name in ("PA_IAA", "MT_IAA")
    ]
    assert table.rows[3][1] == f"{pair[0] - pair[1]:+.3f}"


def test_generic_rows_pair_the_best_backbone_of_the_papers(evidence):
    table = tables.generic_table(evidence)
    of_papers = {row[5]: row for row in table.rows}
    assert of_papers["PA_IAA(Inception-v3)"][0] == "PA_IAA"
    assert of_papers["PA_IAA(Inception-v3)"][6:] == ["83.7", "0.677", "0.047"]
    assert of_papers["PA_IAA(DenseNet121)"][:5] == [""] * 5
    assert of_papers["RAPID"][6:] == ["74.5", "", ""]


def test_personality_has_both_levels_and_the_papers_rows(evidence):
    table = tables.personality_table(evidence)
    assert len(table.rows) == 3 * 2 * 3 + len(published.TRAITS)
    assert table.rows[0][1].startswith("SROCC, 12 liked images")
    assert table.rows[3][1].startswith("SROCC, 3 people")
    assert table.rows[-1][1] == "published, PsychoFlickr"


def test_tables_without_data_are_left_out(evidence):
    bare = dataclasses.replace(evidence, scores=None, likes=None, trait_shares={})
    assert tables.generic_table(bare) is None
    assert tables.personality_table(bare) is None
    assert tables.share_table(bare) is None


def test_rows_must_span_the_columns():
    with pytest.raises(ValueError, match=r"must span 2 columns\. Got \[2, 3\]"):
        Table("T", "", [("", 2)], ["a", "b"], [["1", "2", "3"]])


def test_markdown_escapes_what_parts_cells():
    table = Table(
        "T", "N.", [("", 1), ("g", 1)], ["a", "b"], [["x|y", "1"]], frozenset({0})
    )
    assert to_markdown(table).splitlines()[4:] == [
        "| a | b<br>*g* |",
        "|---|--:|",
        "| **x\\|y** | **1** |",
    ]


@pytest.fixture(scope="module")
def report(evidence, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    assert write_report(evidence, out) == out / "report.html"
    return out


def test_the_page_stands_alone_and_escapes_names(report):
    page = (report / "report.html").read_text()
    assert "A &lt;b&gt;new&lt;/b&gt; system" in page
    assert "needs &lt;something&gt;." in page
    assert "piaa-evaluate --seed=7" in page
    assert page.count('src="data:image/png;base64,') == 4
    assert "http" not in page.replace("http-equiv", "")
    assert "simulated" in page


def test_figures_lie_beside_the_markdown(report):
    text = (report / "report.md").read_text()
    names = {path.name for path in report.glob("*.png")}
    assert names == {
        "individuals_pa_iaa.png",
        "learning_curve.png",
        "distributions.png",
        "costs.png",
    }
    for name in names:
        assert f"]({name})" in text
        with Image.open(report / name) as figure:
            assert min(figure.size) > 300


def test_tables_are_written_as_csv_too(report, evidence):
    tables_of = {
        path.name: list(csv.DictReader(io.StringIO(path.read_text())))
        for path in report.glob("*.csv")
    }
    results = tables_of["results.csv"]
    assert len(results) == 3 * len(NUMBERS) * 3 * 3
    assert len(tables_of["differences.csv"]) == 3 * len(NUMBERS)
    assert len(tables_of["splits.csv"]) == 3 * 3 * 8
    assert {row["system"] for row in tables_of["generic.csv"]} == {
        found.name for found in evidence.measurements
    }
    assert len(tables_of["personality.csv"]) == 3 * 10
    assert float(tables_of["costs.csv"][1]["adaptation_s"]) == 3.5


def test_the_same_evidence_gives_the_same_bytes(report, evidence, tmp_path):
    write_report(evidence, tmp_path)
    for path in report.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_measurement_comes_back_once_it_is_whole(evidence, tmp_path):
    found = evidence.measurements[0]
    assert load_measurement(tmp_path / "mt_iaa") is None
    found.save(tmp_path / "mt_iaa")
    back = load_measurement(tmp_path / "mt_iaa")
    assert (back.key, back.name, back.fit_s) == (found.key, found.name, found.fit_s)
    assert back.adaptation_s == found.adaptation_s
    np.testing.assert_array_equal(back.traits["traits"], found.traits["traits"])
    assert summarise(back.of(4)).mean == pytest.approx(
        summarise(found.of(4)).mean, abs=1e-6
    )
    (tmp_path / "mt_iaa" / "done.json").unlink()
    assert load_measurement(tmp_path / "mt_iaa") is None
