"""A photo in any form in which a program has it: a file, its bytes, or its pixels."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image

from piaa_tf.data.decode import read_image
from piaa_tf.errors import InputError
from piaa_tf.photos.opening import UnreadableError, opened
from piaa_tf.photos.seen import seen_pixels

Photo = str | os.PathLike[str] | bytes | Image.Image | np.ndarray
"""A path, the bytes of a file, an image of Pillow, or uint8 pixels:
[height, width], [height, width, 3], or [height, width, 4] with transparency."""

_LATE_LOADING = threading.Lock()


def photo_pixels(photo: Photo, name: str) -> np.ndarray:
    """Returns a photo as a person sees it: as `decode.read_image` does of a file.

    >>> photo_pixels(np.array([[0, 255]], np.uint8), "a grey one").shape
    (1, 2, 3)

    Args:
        photo: in any form.
        name: what an error calls one that is not a file.

    Returns:
        uint8 [height, width, 3].

    Raises:
        InputError: It cannot be read, or is not a photo.
    """
    check_photo(photo, name)
    if isinstance(photo, bytes):
        with opened(photo, name) as image:
            return seen_pixels(image)
    if isinstance(photo, np.ndarray):
        return seen_pixels(Image.fromarray(photo))
    if isinstance(photo, Image.Image):
        return _loaded(photo, name)
    return read_image(photo)


def _loaded(image: Image.Image, name: str) -> np.ndarray:
    try:
        # Pillow reads an image that has been opened when its pixels are needed: once,
        # by one thread.
        with _LATE_LOADING:
            return seen_pixels(image)
    except (OSError, EOFError, SyntaxError, ValueError) as error:
        raise UnreadableError(
            f"{name} must be a whole image. Got: {error}. Replace it, or remove it.",
            "broken",
        ) from error


def photo_name(photos: Sequence[Photo], i: int) -> str:
    """Returns what an error calls one of several photos.

    >>> photo_name(["a.jpg", b"..."], 0), photo_name(["a.jpg", b"..."], 1)
    ('a.jpg', 'photos[1]')
    """
    photo = photos[i]
    return str(photo) if isinstance(photo, (str, os.PathLike)) else f"photos[{i}]"


def as_photos(photos: Iterable[Photo]) -> list[Photo]:
    """Checks, before any is read, that each of some photos is one.

    Args:
        photos: in any forms; an array [N, height, width, 3] is N of them.

    Returns:
        The photos.

    Raises:
        InputError: It is a single photo, or one of them is not a photo.
    """
    is_single = isinstance(photos, (str, os.PathLike, bytes, Image.Image)) or (
        isinstance(photos, np.ndarray) and photos.dtype == np.uint8 and photos.ndim < 4
    )
    if is_single or not isinstance(photos, Iterable):
        raise InputError(
            "photos must be several, such as ['a.jpg', 'b.jpg']. "
            f"Got {_described(photos)}. Put a single one into a list."
        )
    photos = list(photos)
    for i, photo in enumerate(photos):
        check_photo(photo, photo_name(photos, i))
    return photos


def check_photo(photo: Photo, name: str) -> None:
    """Refuses what is not a photo in any form.

    Args:
        photo: any object.
        name: what the error calls it.

    Raises:
        InputError: It is of another type, or an array of other shape or numbers.
    """
    if isinstance(photo, np.ndarray):
        channels = (3,) if photo.ndim == 2 else photo.shape[2:]
        is_photo = photo.dtype == np.uint8 and photo.size and channels in ((3,), (4,))
    else:
        is_photo = isinstance(photo, (str, os.PathLike, bytes, Image.Image))
    if not is_photo:
        raise InputError(
            f"{name} must be a path, the bytes of a file, an image of Pillow, or a "
            "uint8 array [height, width], [height, width, 3] or [height, width, 4]. "
            f"Got {_described(photo)}."
        )


def _described(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {list(value.shape)}"
    return f"{value!r:.80}"
