"""The notebook runs, cell by cell, and shows a ranking in three statements.

Its cells are executed here rather than by a kernel: that needs no further package, and
no second process that loads TensorFlow.
"""

import ast
import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "taste.ipynb"
TINY = """
from piaa_tf.data.gallery import SplitSizes
sizes = SplitSizes(12, 3, 4, 3, 16, 20)
sizes = {"image_size": 48, "train": sizes, "validation": sizes, "test": sizes}
epochs = 1
batch_size = 4
num_photos = 6
"""


def cells():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    return notebook["cells"]


def code_of(cell):
    """What a cell holds; the one tagged `parameters` with tiny numbers, too."""
    source = "".join(cell["source"])
    is_sizes = "parameters" in cell["metadata"].get("tags", ())
    return source + TINY if is_sizes else source


def execute(source, names):
    """Runs a cell and returns what a notebook would show: its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(NOTEBOOK), "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What each cell shows, by its id; and the HTML of the ranking."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        names = {}
        results = {
            cell["id"]: execute(code_of(cell), names)
            for cell in cells()
            if cell["cell_type"] == "code"
        }
        return {**results, "html": results["rank"]._repr_html_()}


def test_the_ranking_takes_three_statements():
    [cell] = [cell for cell in cells() if cell["id"] == "rank"]
    assert len(ast.parse(code_of(cell)).body) == 3


def test_no_cell_holds_an_output():
    for cell in cells():
        assert cell["id"]
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_every_cell_runs_and_the_ranking_is_shown(shown):
    assert len(shown["rank"]) > 3
    assert shown["rank"].known_user
    assert shown["html"].count("<img ") == len(shown["rank"])
    assert len(shown["sequence"]) == 3
    assert [len(scores) for scores in shown["score"]] == [2, 2]
    assert shown["explain"].known_user
    assert len(shown["suggest"]) == 3
    assert len(shown["save"].user_ids) == 1
