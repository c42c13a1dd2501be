import pytest

from piaa_tf.contract.input_shapes import check_input_shapes
from piaa_tf.contract.signatures import SIGNATURES
from piaa_tf.errors import InputError

SIZES = {"D": 4, "P": 2}


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("score", {"image_bytes": [3], "user_id": [3]}),
        ("score", {"image_bytes": [0], "user_id": [0]}),
        ("score_embedding", {"embedding": [3, 4], "user_id": [3]}),
        (
            "adapt_and_score",
            {
                "support_image_bytes": [2, 5],
                "support_rating": [2, 5],
                "support_count": [2],
                "image_bytes": [2, 7],
            },
        ),
    ],
)
def test_shapes_of_the_contract_pass(name, shapes):
    check_input_shapes(SIGNATURES[name], SIZES, shapes)


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        (
            "score",
            {"image_bytes": [1], "user_id": [2]},
            r"user_id must have the shape \[batch\], where batch = 1\. Got \[2\]\.",
        ),
        (
            "score",
            {"image_bytes": [], "user_id": [1]},
            r"image_bytes must have the shape \[batch\]\. Got \[\]\.",
        ),
        (
            "score_embedding",
            {"embedding": [1, 5], "user_id": [1]},
            r"embedding must have .* \[batch, D\], where batch = 1, D = 4\. Got \[1, 5",
        ),
        (
            "adapt_and_score",
            {
                "support_image_bytes": [1, 5],
                "support_rating": [1, 6],
                "support_count": [1],
                "image_bytes": [1, 7],
            },
            r"support_rating must have .* where batch = 1, N = 5\. Got \[1, 6\]",
        ),
    ],
)
def test_other_shapes_are_refused(name, shapes, message):
    with pytest.raises(InputError, match=message):
        check_input_shapes(SIGNATURES[name], SIZES, shapes)
