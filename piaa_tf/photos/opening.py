"""Opens a photo of any kind that cameras, phones and scanners write, within limits.

JPEG with what is built on it (MPO, Ultra HDR), PNG, WebP, HEIC, AVIF, TIFF, GIF and
BMP; of a raw file the JPEG preview that the camera put inside. Pillow reads them,
pillow-heif HEIC, and rawpy raw files, where they are installed.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from piaa_tf.errors import InputError

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "GIF", "BMP")
"""What is read; Pillow's names."""

MAX_PIXELS = 250_000_000
"""Larger photos are refused by their headers: 750 MB of RGB, beyond any camera."""

# Pillow's own limit of a PNG's text or profile, 1 MB, refuses whole photos of editors.
_MAX_PNG_TEXT = 64 * 2**20

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp"),
    *(".heic", ".heif", ".hif", ".avif", ".tif", ".tiff", ".gif", ".bmp"),
)
"""How names of photos end, in lower case; raw files apart."""

RAW_SUFFIXES = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".nef", ".nrw"),
    *(".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_PILLOWS_LIMITS = threading.Lock()


class UnreadableError(InputError):
    """A photo that cannot be read.

    Attributes:
        kind: why, in a word or two, by which photos are counted.
        remedy: what would make it readable, or "".
    """

    def __init__(self, sentence: str, kind: str, remedy: str = "") -> None:
        """Keeps what callers count by."""
        super().__init__(sentence)
        self.kind = kind
        self.remedy = remedy


@contextlib.contextmanager
def opened(
    source: str | os.PathLike[str] | bytes, name: str = ""
) -> Iterator[Image.Image]:
    """Opens a photo; its header is read, its pixels are not.

    What Pillow raises for a broken photo, inside too, becomes an error that names it.

    Args:
        source: a file, whatever its name ends in; or its content.
        name: what errors call it; empty for the file's path.

    Yields:
        The image as `Image.open` gives it.

    Raises:
        UnreadableError: It is missing, no photo, cut off, corrupt or too large, may not
            be read, or needs a package that is not installed.
    """
    name = name or ("The photo" if isinstance(source, bytes) else str(source))
    try:
        with _file(source, name) as file, _open(file) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnreadableError(
                    f"{name} must have at most {MAX_PIXELS // 10**6} megapixels. Got "
                    f"{image.width} x {image.height}. Scale it down, or remove it.",
                    "too large",
                )
            yield image
    except UnreadableError:
        raise
    except PermissionError as error:
        raise UnreadableError(
            f"{name} must be readable. Got: permission denied. Change its permissions, "
            "or remove it.",
            "without permission",
        ) from error
    except FileNotFoundError as error:
        raise UnreadableError(
            f"{name} must exist. Got a missing file, or a link to one. Put it there, "
            "or remove the link.",
            "missing",
        ) from error
    # What Pillow raises for broken files; the last two by its PNG reader.
    except (OSError, EOFError, SyntaxError, ValueError, MemoryError) as error:
        raise _broken(source, name, error) from error


@contextlib.contextmanager
def _file(source: str | os.PathLike[str] | bytes, name: str) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif Path(source).suffix.lower() in RAW_SUFFIXES:
        yield io.BytesIO(_preview(source, name))
    else:
        with open(source, "rb") as file:
            yield file


def _open(file: BinaryIO) -> Image.Image:
    """Opens without Pillow's own limits, which are a process's and below cameras'."""
    _heif()
    with _PILLOWS_LIMITS:
        PngImagePlugin.MAX_TEXT_CHUNK = _MAX_PNG_TEXT
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file, formats=[f for f in FORMATS if _is_known(f)])
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _is_known(format_name: str) -> bool:
    Image.init()
    return format_name in Image.OPEN


@functools.cache
def _heif() -> bool:
    """Lets Pillow read HEIC, where pillow-heif is installed."""
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return False
    return True


def _preview(path: str | os.PathLike[str], name: str) -> bytes:
    """Returns the JPEG that a camera put into its raw file."""
    with open(path, "rb"):
        pass  # missing files and permissions are told apart, as for any photo
    try:
        rawpy = importlib.import_module("rawpy")
    except ImportError as error:
        raise UnreadableError(
            f"{name} is a raw file, of which rawpy reads the preview. Got no rawpy. "
            "Install it: pip install rawpy.",
            "raw",
            "install rawpy",
        ) from error
    try:
        with rawpy.imread(os.fspath(path)) as raw:
            thumb = raw.extract_thumb()
    except rawpy.LibRawError as error:
        raise UnreadableError(
            f"{name} must hold a preview. Got: {error}. Save it as JPEG, or remove it.",
            "raw without preview",
            "save them as JPEG",
        ) from error
    if thumb.format == rawpy.ThumbFormat.JPEG:
        return thumb.data
    buffer = io.BytesIO()
    Image.fromarray(thumb.data).save(buffer, "BMP")
    return buffer.getvalue()


def _broken(
    source: str | os.PathLike[str] | bytes, name: str, error: BaseException
) -> UnreadableError:
    """Says what a file that did not open may be."""
    head = source[:16] if isinstance(source, bytes) else _head(source)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS and not _heif():
        return UnreadableError(
            f"{name} is HEIC, which pillow-heif reads. Got no pillow-heif. Install it: "
            "pip install pillow-heif.",
            "HEIC",
            "install pillow-heif",
        )
    if not head:
        return UnreadableError(
            f"{name} must be a photo. Got an empty file. Replace it, or remove it.",
            "empty",
        )
    is_other = isinstance(error, UnidentifiedImageError)
    return UnreadableError(
        f"{name} must be a whole photo (JPEG, PNG, WebP, HEIC, AVIF, TIFF, GIF, BMP). "
        f"Got: {'something else' if is_other else error}. Replace it, or remove it.",
        "no photo" if is_other else "broken",
    )


def _head(path: str | os.PathLike[str]) -> bytes:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(16)
    return b"?"
