import pytest

from piaa_tf.contract.signatures import SIGNATURES
from piaa_tf.contract.user_ids import (
    MAX_USER_ID_BYTES,
    PRIOR_MODEL,
    check_user_ids,
    private_model,
    safe_name,
    user_signature,
)
from piaa_tf.errors import InputError


@pytest.mark.parametrize(
    "user",
    ["anna", "a b", "../x", "\N{SNOWMAN}", "x" * MAX_USER_ID_BYTES, "a\u2028b", "\"'%"],
)
def test_odd_user_ids_are_taken_if_one_line_holds_them(user):
    check_user_ids([user])


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ("", "it is empty"),
        ("a\nb", "a control character"),
        ("a\r", "a control character"),
        ("\0", "a control character"),
        (" anna", "white space at an end"),
        ("anna\u3000", "white space at an end"),
        ("x" * (MAX_USER_ID_BYTES + 1), f"{MAX_USER_ID_BYTES + 1} bytes"),
        ("\N{SNOWMAN}" * 43, f"{3 * 43} bytes"),
        ("x" * 10_000, "'x{40}...': 10000 bytes"),
        ("\ud800", "not valid Unicode"),
    ],
)
def test_user_ids_that_cannot_be_served_are_refused(user, problem):
    with pytest.raises(InputError, match=f"1 to 128 bytes of UTF-8.*{problem}"):
        check_user_ids(["bert", user])


def test_safe_names_differ_where_ids_do():
    users = ["a b", "a-20b", "a_b", "A b", "a.b", "\N{SNOWMAN}", "a%20b", "embedding"]
    assert len({safe_name(user) for user in users}) == len(users)
    for user in users:
        assert set(safe_name(user)) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
        )


def test_no_users_name_is_that_of_a_signature_or_model():
    for user in [*SIGNATURES, PRIOR_MODEL, "serving_default"]:
        assert user_signature(user) not in SIGNATURES
        assert private_model(user) != PRIOR_MODEL
