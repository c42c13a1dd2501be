"""What becomes of bad rows; the good ones are test_conformance's."""

import numpy as np
import pytest
from conformance_table import ADAPTATION, STARS, USERS, open_in_tensorflow

NAN = float("nan")


@pytest.fixture(scope="module")
def world(worlds):
    return worlds("pa_iaa-fusion")


@pytest.fixture(scope="module")
def ask(world):
    return open_in_tensorflow(world)


@pytest.fixture(scope="module")
def embedding(ask, jpegs):
    return ask("embed", {"image_bytes": jpegs})["embedding"]


def supports(embedding, ratings, counts):
    return {
        "support_embedding": np.stack([embedding[: len(ratings[0])]] * len(ratings)),
        "support_rating": np.array(ratings, np.float32),
        "support_count": np.array(counts, np.int32),
    }


@pytest.mark.parametrize(
    ("signature", "values"),
    [
        ("score", "score"),
        ("generic", "mean_score"),
        ("generic", "distribution"),
        ("personality", "traits"),
        ("embed", "embedding"),
        ("explain", "saliency"),
    ],
)
def test_a_broken_photo_is_reported_and_leaves_the_others_alone(
    ask, jpegs, signature, values
):
    users = {"user_id": [USERS[0]] * 3} if signature in ("score", "explain") else {}
    mixed = ask(signature, {"image_bytes": [jpegs[0], b"broken", jpegs[1]], **users})
    whole = ask(signature, {"image_bytes": [jpegs[0], jpegs[2], jpegs[1]], **users})
    assert mixed["image_ok"].tolist() == [True, False, True]
    assert np.isnan(mixed[values][1]).all()
    np.testing.assert_array_equal(mixed[values][[0, 2]], whole[values][[0, 2]])


@pytest.mark.parametrize(
    ("rating", "count"),
    [
        ([1, NAN, 5], 2),
        ([1, 0.99, 5], 2),
        ([1, 5.01, 5], 3),
        ([1, float("inf"), 5], 3),
        ([1, 2, 5], 0),
        ([1, 2, 5], -1),
        ([1, 2, 5], 4),
        ([1, 2, 5], 2**31 - 1),
    ],
)
def test_an_impossible_support_keeps_the_prior_and_harms_nobody(
    world, ask, embedding, rating, count
):
    good = [2, 5, 1]
    mixed = ask("adapt", supports(embedding, [good, rating, good], [3, count, 2]))
    whole = ask("adapt", supports(embedding, [good, good, good], [3, 3, 2]))
    assert mixed["support_ok"].tolist() == [True, False, True]
    np.testing.assert_array_equal(
        mixed["user_weights"][1], world.personal.prior_weights
    )
    np.testing.assert_array_equal(
        mixed["user_weights"][[0, 2]], whole["user_weights"][[0, 2]]
    )


def test_what_lies_beyond_the_count_is_not_looked_at(ask, embedding):
    clean = supports(embedding, [[2, 5, 1]], [2])
    padded = supports(embedding, [[2, 5, NAN]], [2])
    padded["support_embedding"][0, 2] = NAN
    np.testing.assert_array_equal(
        ask("adapt", padded)["user_weights"], ask("adapt", clean)["user_weights"]
    )


@pytest.mark.parametrize("value", [NAN, 3e38])
def test_embeddings_that_break_the_arithmetic_are_told(world, ask, embedding, value):
    inputs = supports(embedding, [[2, 5, 1]], [3])
    inputs["support_embedding"][0, 1] = value
    answer = ask("adapt", inputs)
    assert answer["support_ok"].tolist() == [False]
    np.testing.assert_array_equal(
        answer["user_weights"], world.personal.prior_weights[np.newaxis]
    )


def test_more_ratings_than_the_export_takes_are_refused(ask, embedding):
    places = ADAPTATION.max_support + 1
    rating = [[1 + i % 5 for i in range(places)]]
    allowed = ask("adapt", supports(embedding, rating, [places - 1]))
    assert allowed["support_ok"].tolist() == [True]
    assert ask("adapt", supports(embedding, rating, [places]))["support_ok"] == [False]


def test_a_support_photo_that_is_broken_is_reported(world, ask, jpegs):
    answer = ask(
        "adapt_and_score",
        {
            "support_image_bytes": [jpegs[:2], [jpegs[0], b"broken"]],
            "support_rating": np.array([[1, 5]] * 2, np.float32),
            "support_count": np.array([2, 2], np.int32),
            "image_bytes": [[jpegs[2], b"broken"]] * 2,
        },
    )
    assert answer["support_ok"].tolist() == [True, False]
    assert answer["image_ok"].tolist() == [[True, False]] * 2
    assert np.isnan(answer["score"]).tolist() == [[False, True]] * 2
    generic = ask("generic", {"image_bytes": [jpegs[2]]})["mean_score"]
    np.testing.assert_allclose(answer["score"][1, 0], generic[0], atol=1e-5)


def test_two_requests_in_one_batch_get_what_each_gets_alone(ask, embedding):
    # As a server's batching does: along the first axis, after padding to one N.
    anna = supports(embedding, [[1, 5, 2]], [3])
    bert = supports(embedding[3:], [[5, 1, 3]], [2])
    together = ask(
        "adapt", {name: np.concatenate([anna[name], bert[name]]) for name in anna}
    )
    for row, request in enumerate((anna, bert)):
        alone = ask("adapt", request)["user_weights"][0]
        np.testing.assert_allclose(together["user_weights"][row], alone, atol=1e-6)
    apart = np.abs(np.subtract(*together["user_weights"])).max()
    assert apart > 1e-3


def test_two_requests_for_photos_in_one_batch_stay_apart(ask, jpegs):
    def request(support, rating, images):
        return {
            "support_image_bytes": [support],
            "support_rating": np.array([rating], np.float32),
            "support_count": np.array([len(support)], np.int32),
            "image_bytes": [images],
        }

    anna = request(jpegs[:2], [1, 5], jpegs[4:6])
    bert = request(jpegs[2:4], [5, 1], jpegs[5:7])
    together = ask(
        "adapt_and_score",
        {
            name: [*anna[name], *bert[name]]
            if isinstance(anna[name], list)
            else np.concatenate([anna[name], bert[name]])
            for name in anna
        },
    )
    for row, one in enumerate((anna, bert)):
        alone = ask("adapt_and_score", one)
        for name in ("score", "user_weights"):
            np.testing.assert_allclose(together[name][row], alone[name][0], atol=1e-5)


def test_more_photos_than_fit_at_once_are_embedded_in_order(ask, jpegs):
    # 2 x 11 candidates and 2 supports each: more than one chunk, the last not full.
    images = [(jpegs * 2)[:11], (jpegs[::-1] * 2)[:11]]
    answer = ask(
        "adapt_and_score",
        {
            "support_image_bytes": [jpegs[:2]] * 2,
            "support_rating": np.array([[1, 5]] * 2, np.float32),
            "support_count": np.array([0, 0], np.int32),
            "image_bytes": images,
        },
    )
    for scores, contents in zip(answer["score"], images):
        generic = ask("generic", {"image_bytes": contents})["mean_score"]
        np.testing.assert_allclose(scores, generic, atol=1e-5)


def test_odd_users_are_unknown_and_nothing_worse(ask, jpegs):
    users = ["", "x" * 10_000, "\tprior", "anna\n", "Anna", b"\xff\xfe", "\0"]
    answer = ask("score", {"image_bytes": jpegs[: len(users)], "user_id": users})
    assert not answer["known_user"].any()
    generic = ask("generic", {"image_bytes": jpegs[: len(users)]})["mean_score"]
    np.testing.assert_allclose(answer["score"], generic, atol=1e-5)


def test_scores_speak_in_the_rating_range(ask, jpegs):
    scores = ask("generic", {"image_bytes": jpegs})["mean_score"]
    assert STARS.contains(scores).all()
