"""One table of exports, one suite: every column answers as the library does."""

import functools

import numpy as np
import pytest
from conformance_table import (
    ADAPTATION,
    ROWS,
    STARS,
    USERS,
    Column,
    Library,
    by_model,
    open_in_tensorflow,
)

# What differs between rows is in the graph; the servers carry tensors.
SERVED = ("pa_iaa-fusion", "blg_piaa-all")
COLUMNS = {
    "tensorflow": Column(open_in_tensorflow, tolerance=1e-5),
    "c_api": Column(lambda world: by_model(world, world.c_api.run), tolerance=1e-5),
    "grpc": Column(
        lambda world: by_model(world, world.servers.grpc), tolerance=1e-5, rows=SERVED
    ),
    "rest": Column(
        lambda world: by_model(world, world.servers.rest), tolerance=1e-5, rows=SERVED
    ),
}
CELLS = [(row, name) for row in ROWS for name in COLUMNS if row in COLUMNS[name].rows]


def marked(cell):
    """Rows whose graph is much like another's take part in the whole suite only."""
    marks = [pytest.mark.slow] if cell[0] == "pa_iaa-fusion-network" else []
    return pytest.param(cell, marks=marks, id="-".join(cell))


@pytest.fixture(scope="module", params=map(marked, CELLS))
def cell(request):
    return request.param


@pytest.fixture(scope="module")
def world(cell, worlds, c_api, servers):
    world = worlds(cell[0])
    world.c_api, world.servers = c_api, servers
    return world


@pytest.fixture(scope="module")
def column(cell):
    return COLUMNS[cell[1]]


@pytest.fixture(scope="module")
def ask(world, column):
    return column.open(world)


@pytest.fixture(scope="module")
def libraries(worlds):
    """Keras' answers of each row, for all its columns."""
    return functools.cache(lambda row: Library(worlds(row)))


@pytest.fixture(scope="module")
def expected(cell, libraries):
    return libraries(cell[0]).ask


def assert_same(answer, expected, tolerance, scale=1.0):
    assert set(answer) == set(expected)
    for name, value in expected.items():
        assert answer[name].shape == value.shape, name
        if value.dtype == bool:
            np.testing.assert_array_equal(answer[name], value, err_msg=name)
        else:
            np.testing.assert_allclose(
                answer[name], value, rtol=0, atol=tolerance * scale, err_msg=name
            )


def rows_of(world, jpegs, count):
    """Photos and users, each user with every photo; one user is unknown."""
    everyone = [*world.users, "nobody"]
    return {
        "image_bytes": [jpegs[i % len(jpegs)] for i in range(count)],
        "user_id": [everyone[i % len(everyone)] for i in range(count)],
    }


def supports_of(embedding, counts):
    """Supports of different sizes, padded with what must not matter."""
    generator = np.random.default_rng(5)
    places = max(counts)
    shape = [len(counts), places]
    return {
        "support_embedding": np.stack(
            [embedding[generator.permutation(len(embedding))[:places]] for _ in counts]
        ),
        "support_rating": generator.uniform(STARS.minimum, STARS.maximum, shape).astype(
            np.float32
        ),
        "support_count": np.array(counts, np.int32),
    }


@pytest.mark.parametrize("count", [1, 32])
def test_scores_are_each_users_own(world, ask, expected, column, jpegs, count):
    inputs = rows_of(world, jpegs, count)
    want = expected("score", inputs)
    span = STARS.maximum - STARS.minimum
    assert_same(ask("score", inputs), want, column.tolerance, span)
    if count > 1:  # no user's row could stand for another's
        one_photo = [
            want["score"][i]
            for i, content in enumerate(inputs["image_bytes"])
            if content == inputs["image_bytes"][0]
        ]
        gaps = np.abs(np.subtract.outer(one_photo, one_photo))
        distinct = gaps[np.triu_indices(len(world.users) + 1, 1)]
        assert distinct.min() > 10 * column.tolerance * span


def test_predictions_are_those_of_the_network(world, ask, expected, column, jpegs):
    inputs = {"image_bytes": jpegs}
    for signature in ("generic", "personality", "embed"):
        if signature in world.manifest.served():
            answer, want = ask(signature, inputs), expected(signature, inputs)
            assert_same(answer, want, column.tolerance, 4.0)


def test_an_unknown_users_score_is_the_mean_score(ask, column, jpegs):
    inputs = {"image_bytes": jpegs[:2], "user_id": ["nobody"] * 2}
    generic = ask("generic", {"image_bytes": jpegs[:2]})
    np.testing.assert_allclose(
        ask("score", inputs)["score"], generic["mean_score"], atol=column.tolerance
    )


def test_embeddings_are_scored_as_photos_are(world, ask, expected, column, jpegs):
    users = ["nobody"] if world.row.scope == "all" else [*world.users, "nobody"]
    inputs = {"image_bytes": jpegs[: len(users)], "user_id": users}
    embedding = ask("embed", {"image_bytes": inputs["image_bytes"]})["embedding"]
    answer = ask("score_embedding", {"embedding": embedding, "user_id": users})
    want = expected("score", inputs)
    del want["image_ok"]
    assert_same(answer, want, column.tolerance, 4.0)


def test_adaptation_is_the_inner_loops(ask, expected, column, jpegs):
    embedding = expected("embed", {"image_bytes": jpegs})["embedding"]
    inputs = supports_of(embedding, [ADAPTATION.max_support, 1, 3])
    answer, want = ask("adapt", inputs), expected("adapt", inputs)
    assert answer["support_ok"].all()
    scored = {"embedding": embedding[:3], "user_weights": answer["user_weights"]}
    wanted = {"embedding": embedding[:3], "user_weights": want["user_weights"]}
    # Scores, not weights: Adam's first step is the sign of gradients near zero.
    assert_same(
        ask("score_with_weights", scored),
        expected("score_with_weights", wanted),
        column.tolerance,
        4.0,
    )
    moved = expected("score_with_weights", wanted)["score"]
    generic = expected("generic", {"image_bytes": jpegs[:3]})["mean_score"]
    assert np.abs(moved - generic).min() > 10 * column.tolerance * 4


def test_adapting_and_scoring_at_once_is_the_same(ask, column, jpegs):
    count = np.array([3, 2], np.int32)
    rating = np.array([[1, 5, 2], [4, 3, 0]], np.float32)
    support = [[jpegs[0], jpegs[1], jpegs[2]], [jpegs[3], jpegs[4], b""]]
    images = [jpegs[5:7], jpegs[4:6]]
    answer = ask(
        "adapt_and_score",
        {
            "support_image_bytes": support,
            "support_rating": rating,
            "support_count": count,
            "image_bytes": images,
        },
    )
    embed = dict(zip(jpegs, ask("embed", {"image_bytes": jpegs})["embedding"]))
    embed[b""] = np.full_like(embed[jpegs[0]], np.nan)
    adapted = ask(
        "adapt",
        {
            "support_embedding": np.array([[embed[b] for b in row] for row in support]),
            "support_rating": rating,
            "support_count": count,
        },
    )
    scores = [
        ask(
            "score_with_weights",
            {
                "embedding": np.stack([embed[b] for b in row]),
                "user_weights": np.stack([weights] * 2),
            },
        )["score"]
        for row, weights in zip(images, adapted["user_weights"])
    ]
    assert answer["support_ok"].all()
    assert answer["image_ok"].all()
    np.testing.assert_allclose(answer["score"], scores, atol=4 * column.tolerance)


def test_saliency_is_the_gradient_of_the_users_score(ask, expected, column, jpegs):
    inputs = {"image_bytes": jpegs[:2], "user_id": [USERS[1], "nobody"]}
    want = expected("explain", inputs)
    scale = want["saliency"].max()
    assert scale > 0
    assert_same(ask("explain", inputs), want, 10 * column.tolerance, scale)
