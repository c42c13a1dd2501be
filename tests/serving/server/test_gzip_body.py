import gzip

import pytest

from serving.server.gzip_body import inflate
from serving.server.status import ServingError


def test_members_are_joined():
    assert inflate(b"") == b""
    assert inflate(gzip.compress(b"a" * 1000)) == b"a" * 1000
    assert inflate(gzip.compress(b"") + gzip.compress(b"b")) == b"b"


def test_a_body_may_be_as_large_as_allowed_and_no_larger():
    assert inflate(gzip.compress(bytes(1000)), 1000) == bytes(1000)
    halves = gzip.compress(bytes(500))
    for body in (gzip.compress(bytes(1001)), halves + halves + gzip.compress(b"x")):
        with pytest.raises(ServingError, match="inflate to at most 1000 bytes"):
            inflate(body, 1000)


@pytest.mark.parametrize("end", [-1, -9, 12])
def test_the_beginning_of_gzip_is_refused(end):
    with pytest.raises(ServingError, match="must be whole"):
        inflate(gzip.compress(b"abcdef" * 100)[:end])


@pytest.mark.parametrize(
    "body", [b"{}", gzip.compress(b"a") + b"tail"], ids=["plain", "more behind it"]
)
def test_what_is_no_gzip_is_refused(body):
    with pytest.raises(ServingError, match=r"must be gzip\. Got: Error -3"):
        inflate(body)
