import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.evaluation.baselines import priors, systems
from piaa_tf.models.blg_piaa import BlgPiaaConfig
from piaa_tf.models.prior import build_prior, save_prior
from piaa_tf.programs import evaluate

ROOT = Path(__file__).parents[2]
SMALL = {"num_images": (4, 8), "repeats": 2, "curve": (4, 6), "trait_shares": ()}


@pytest.fixture(scope="module")
def average_prior(tmp_path_factory):
    """An untrained BA-PIAA prior."""
    tf.keras.utils.set_random_seed(2)
    prior = build_prior("blg_piaa", BlgPiaaConfig("compact", 32, head_sizes=()))
    directory = tmp_path_factory.mktemp("average") / "prior"
    save_prior(prior, directory)
    return directory


def config_of(gallery, out, *priors, **changes):
    return evaluate.EvaluateConfig(
        **{
            **SMALL,
            "data_dir": str(gallery),
            "out": str(out),
            "prior": tuple(map(str, priors)),
            "systems": ("pa_iaa_fusion", "ridge"),
            **changes,
        }
    )


@pytest.fixture(scope="module")
def report(tiny_gallery, tiny_prior, tmp_path_factory):
    """A report that a process of its own wrote."""
    out = tmp_path_factory.mktemp("report") / "report"
    flags = [
        f"--data_dir={tiny_gallery}",
        f"--prior={tiny_prior}",
        f"--out={out}",
        "--systems=pa_iaa_fusion,ridge",
        "--num_images=4,8",
        "--repeats=2",
        "--curve=4,6",
        "--trait_shares=",
    ]
    result = subprocess.run(
        [sys.executable, "-m", "piaa_tf.programs.evaluate", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert f"report: {out}/report.html" in result.stderr
    return out


def test_results_have_a_row_for_each_system_n_repeat_and_user(report):
    with (report / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 2 * 3
    assert list(rows[0])[:5] == ["system", "num_images", "repeat", "user_id", "srocc"]
    assert {row["system"] for row in rows} == {
        "PA_IAA (W_b alone)",
        "Ridge on embeddings",
    }
    assert {int(row["num_images"]) for row in rows} == {4, 6, 8}
    assert {row["num_weights"] for row in rows[:18]} == {"5"}


def test_a_second_run_gives_the_same_bytes(report, tiny_gallery, tiny_prior, tmp_path):
    evaluate.run(config_of(tiny_gallery, tmp_path, tiny_prior))
    for name in ("results.csv", "differences.csv", "splits.csv"):
        assert (tmp_path / name).read_bytes() == (report / name).read_bytes()


def test_an_interrupted_evaluation_goes_on(report, tiny_gallery, tiny_prior, tmp_path):
    shutil.copytree(report / "work", tmp_path / "work")
    kept = tmp_path / "work" / "systems" / "pa_iaa_fusion" / "done.json"
    shutil.rmtree(tmp_path / "work" / "systems" / "ridge")
    before = kept.stat().st_mtime_ns
    evaluate.run(config_of(tiny_gallery, tmp_path, tiny_prior))
    assert kept.stat().st_mtime_ns == before
    expected = (report / "results.csv").read_bytes()
    assert (tmp_path / "results.csv").read_bytes() == expected


def test_another_evaluation_in_its_place_is_refused(
    report, tiny_gallery, tiny_prior, tmp_path
):
    shutil.copytree(report / "work", tmp_path / "work")
    with pytest.raises(InputError, match=r"seed 1 where the run has 0.* --out, or"):
        evaluate.run(config_of(tiny_gallery, tmp_path, tiny_prior, seed=1))


def test_quick_spends_little(tiny_gallery, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "QUICK_USERS", 2)
    monkeypatch.setitem(priors.EPOCHS, "average", 4)
    config = config_of(
        tiny_gallery, tmp_path, systems=("anil",), quick=True, repeats=9, image_size=32
    )
    monkeypatch.setitem(priors.META_STEPS, "anil", 4)
    monkeypatch.setattr(priors, "NUM_TASKS", 2)
    evaluate.run(config)
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    # Its curve ends where the numbers of the tables do.
    assert {int(row["num_images"]) for row in rows} == {4, 8}
    assert len({row["user_id"] for row in rows}) == 2
    assert {row["repeat"] for row in rows} == {"0", "1"}
    assert "--systems=anil" in (tmp_path / "report.md").read_text()


def test_galleries_of_other_trait_shares_stand_beside(
    tiny_gallery, tiny_prior, tmp_path, monkeypatch
):
    monkeypatch.setitem(priors.EPOCHS, "multitask", 1)
    config = config_of(
        tiny_gallery,
        tmp_path,
        tiny_prior,
        systems=("pa_iaa_fusion",),
        trait_shares=(0.05, 0.19),
        image_size=32,
    )
    evaluate.run(config)
    text = (tmp_path / "report.md").read_text()
    _, section = text.split("## How much of taste follows from personality")
    rows = [line.split(" | ")[:2] for line in section.splitlines() if "W_b" in line]
    # 0.19 is the gallery's own.
    assert [row[0] for row in rows[:2]] == ["| 0.05", "| 0.19"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"systems": ("pa_iaa", "pam")}, r"must be among .*ba_piaa, .*Got pam\."),
        ({"systems": ("nima", "nima")}, r"evaluated once. Got twice: \['nima'\]"),
        ({"systems": ("ba_piaa",)}, r"Got .*prior, which serves mt_iaa, pa_iaa, .*"),
        ({"num_images": (4, 15)}, r"needs 15 ratings .* Got 16 at most"),
        ({"num_images": (1,)}, r"must be numbers >= 2.* Got \(1,\)"),
        ({"repeats": 0}, r"repeats must be >= 1\. Got 0"),
        ({"trait_shares": (0.6,)}, r"taste altogether, 0\.38\. Got 0\.6"),
        ({"dataset": "flicker"}, r"dataset must be one of .*Got 'flicker'"),
    ],
)
def test_what_does_not_fit_is_refused(
    tiny_gallery, tiny_prior, tmp_path, changes, message
):
    with pytest.raises(InputError, match=message):
        evaluate.run(config_of(tiny_gallery, tmp_path, tiny_prior, **changes))
    # So that the corrected call is not refused as another evaluation.
    assert not (tmp_path / "work" / "config.json").exists()


def test_two_priors_of_one_role_are_refused(tiny_gallery, average_prior, tmp_path):
    config = config_of(
        tiny_gallery, tmp_path, average_prior, average_prior, systems=("ba_piaa",)
    )
    with pytest.raises(InputError, match="Each role takes one prior"):
        evaluate.run(config)


def test_without_likes_a_named_system_is_refused_and_of_all_it_is_left_out(
    tiny_gallery, average_prior, tmp_path, monkeypatch
):
    data = tmp_path / "data"
    for split in ("train", "validation", "test"):
        (data / split).mkdir(parents=True)
        shutil.copy(tiny_gallery / split / "ratings.csv", data / split)
    (data / "photos").symlink_to(tiny_gallery / "photos")
    options = {"dataset": "folder", "curve": (), "num_images": (4,)}
    config = config_of(data, tmp_path / "one", systems=("ridge",), **options)
    with pytest.raises(InputError, match="embeddings needs score distributions in the"):
        evaluate.run(config)
    few = {key: systems.SYSTEMS[key] for key in ("ridge", "ba_piaa")}
    monkeypatch.setattr(systems, "SYSTEMS", few)
    config = config_of(
        data, tmp_path / "two", average_prior, systems=("all",), **options
    )
    evaluate.run(config)
    page = (tmp_path / "two" / "report.md").read_text()
    assert "## Left out" in page
    assert "- ridge: Ridge on embeddings needs score distributions" in page
    assert "simulated" not in page
    assert "measured, folder" in page
