"""Bodies of requests that came as gzip, inflated within a bound."""

from __future__ import annotations

import zlib

from serving.server.status import invalid_argument

MOST_INFLATED = 100 << 20
"""Bytes of a body, as in TensorFlow Serving; a kilobyte may stand for a megabyte."""

_GZIP = 16 + zlib.MAX_WBITS


def inflate(body: bytes, most: int = MOST_INFLATED) -> bytes:
    """Inflates a body.

    >>> import gzip
    >>> inflate(gzip.compress(b"a") + gzip.compress(b"b"))
    b'ab'

    Args:
        body: of one or several members of gzip.
        most: bytes that it may come to.

    Raises:
        ServingError: INVALID_ARGUMENT; it is not gzip, ends early, or is larger.
    """
    parts: list[bytes] = []
    left = most
    while body:
        inflater = zlib.decompressobj(_GZIP)
        try:
            parts.append(inflater.decompress(body, left + 1))
        except zlib.error as error:
            raise invalid_argument(
                f"A body of Content-Encoding gzip must be gzip. Got: {error}."
            ) from error
        left -= len(parts[-1])
        if left < 0:
            raise invalid_argument(
                f"A body must inflate to at most {most} bytes. Got more. Send less at "
                "once."
            )
        if not inflater.eof:
            raise invalid_argument(
                "A body of Content-Encoding gzip must be whole. Got its beginning."
            )
        body = inflater.unused_data
    return b"".join(parts)
