"""User ids: which can be served, and what a user's own signature or model is called."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from piaa_tf.contract.signatures import PRIMARY_SIGNATURE
from piaa_tf.errors import InputError

MAX_USER_ID_BYTES = 128
"""The longest user id in UTF-8."""

PRIOR_MODEL = "prior"
"""Name of the served model of the prior, where each user has a private network."""

USER_MODEL_PREFIX = "user."
"""Begins the name of the served model of a user's private network."""


def check_user_ids(user_ids: Sequence[str]) -> None:
    """Refuses user ids that cannot be served.

    Exports keep ids as the lines of a file, and clients as cells of tables.

    Raises:
        InputError: An id is empty, longer than `MAX_USER_ID_BYTES` in UTF-8, not valid
            text, has white space at an end or a control character such as a newline.
    """
    for user in user_ids:
        problem = _problem_of(user)
        if problem:
            shown = user if len(user) <= 40 else f"{user[:40]}..."
            raise InputError(
                f"A user id has 1 to {MAX_USER_ID_BYTES} bytes of UTF-8, no control "
                f"characters and no white space at its ends. Got {shown!r}: {problem}. "
                "Choose another user id."
            )


def _problem_of(user: str) -> str:
    if not user:
        return "it is empty"
    try:
        size = len(user.encode("utf-8"))
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if size > MAX_USER_ID_BYTES:
        return f"{size} bytes"
    if any(unicodedata.category(character) == "Cc" for character in user):
        return "a control character"
    return "white space at an end" if user != user.strip() else ""


def safe_name(user_id: str) -> str:
    """Spells a user id in letters, digits, `_` and `-`; different ids differ.

    For names of models, signatures and folders, which take less than an id may hold.

    >>> safe_name("anna"), safe_name("../bert b")
    ('anna', '-2E-2E-2Fbert-20b')
    """
    return "".join(
        chr(byte)
        if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) == "_")
        else f"-{byte:02X}"
        for byte in user_id.encode("utf-8")
    )


def user_signature(user_id: str) -> str:
    """Names the signature of one user, where an export has one for each.

    >>> user_signature("anna")
    'score.anna'
    """
    return f"{PRIMARY_SIGNATURE}.{safe_name(user_id)}"


def private_model(user_id: str) -> str:
    """Names the served model of a user's private network (scope `all`).

    >>> private_model("anna")
    'user.anna'
    """
    return f"{USER_MODEL_PREFIX}{safe_name(user_id)}"
