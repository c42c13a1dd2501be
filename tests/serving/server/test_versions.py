import pytest
from google.protobuf import text_format

from serving.server.status import ServingError
from serving.server.versions import (
    Action,
    Snapshot,
    State,
    VersionPolicy,
    aspired_versions,
    list_versions,
    next_action,
)


def policy(text):
    return text_format.Parse(text, VersionPolicy())


def test_numbered_entries_are_versions_and_others_are_left_alone(tmp_path):
    for name in ("1", "20", "007", "+3", "-4", " 5", "1_0", "x", ".tmp-8", "٣"):
        (tmp_path / name).mkdir()
    (tmp_path / str(2**63)).mkdir()
    assert {n: path.name for n, path in list_versions(tmp_path, "m").items()} == {
        1: "1",
        7: "007",
        20: "20",
    }


def test_a_missing_base_path_is_told(tmp_path):
    with pytest.raises(ServingError, match=r"Could not find base path .* servable m"):
        list_versions(tmp_path / "none", "m")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {9}),
        ("latest { }", {9}),
        ("latest { num_versions: 2 }", {9, 5}),
        ("all { }", {1, 5, 9}),
        ("specific { versions: [1, 4] }", {1}),
    ],
)
def test_policies_select(text, expected, tmp_path):
    found = {n: tmp_path / str(n) for n in (1, 5, 9)}
    assert set(aspired_versions(policy(text), found)) == expected


START, LOADING = State.START, State.LOADING
READY, END = State.AVAILABLE, State.END


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([], None),
        ([(1, START, True)], Action(1, loads=True)),
        ([(1, START, True), (2, START, True)], Action(2, loads=True)),
        # the old one serves until the new one does
        ([(1, READY, False), (2, START, True)], Action(2, loads=True)),
        ([(1, READY, False), (2, LOADING, True)], None),
        ([(1, READY, False), (2, READY, True)], Action(1, loads=False)),
        # and for good where the new one has failed
        ([(1, READY, False), (2, END, True)], None),
        # of several that are not wanted, one is enough to go on serving
        (
            [(1, READY, False), (2, READY, False), (3, START, True)],
            Action(1, loads=False),
        ),
        # nothing is wanted any more
        ([(1, READY, False)], Action(1, loads=False)),
    ],
)
def test_a_model_that_serves_goes_on_serving(versions, expected):
    assert next_action([Snapshot(*version) for version in versions]) == expected
