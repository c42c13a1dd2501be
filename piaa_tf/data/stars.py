"""The stars that photo managers keep in XMP: embedded in a photo, or beside it.

`xmp:Rating` is 1 to 5; 0 or none is unrated, -1 a reject (XMP specification, part 1,
8.4). Other ratings beside it, such as MicrosoftPhoto:Rating of 0 to 99, are
something else and not read. Pick flags are in the manager's catalogue, not in XMP.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from piaa_tf.data.csv_table import number_or_none
from piaa_tf.errors import InputError
from piaa_tf.photos.opening import opened

REJECT = -1.0
_RATING = "{http://ns.adobe.com/xap/1.0/}Rating"
_APP1_XMP = b"http://ns.adobe.com/xap/1.0/\0"


def stars_of(path: Path) -> float | None:
    """Reads the stars of one photo; a sidecar comes before what is embedded.

    Args:
        path: of the photo. Sidecars have the photo's name, with .xmp appended
            (darktable, digiKam) or in place of its ending (Lightroom).

    Returns:
        The stars, `REJECT`, or None where it is unrated.

    Raises:
        InputError: The photo or its XMP cannot be read, or the rating is not a number
            from -1 to 5.
    """
    for sidecar in _sidecars(path):
        if sidecar.is_file():
            stars = _rating(sidecar.read_bytes(), sidecar)
            if stars is not None:
                return stars or None
    packet = _embedded(path)
    return (_rating(packet, path) or None) if packet else None


def _sidecars(path: Path) -> list[Path]:
    return [
        path.with_name(stem + suffix)
        for stem in (path.name, path.stem)
        for suffix in (".xmp", ".XMP")
    ]


def _embedded(path: Path) -> bytes | None:
    """Returns the XMP packet of a photo, or None."""
    with opened(path) as image:
        segments = getattr(image, "applist", [])
        info = image.info
    for name, content in segments:
        if name == "APP1" and content.startswith(_APP1_XMP):
            return content[len(_APP1_XMP) :]
    # PNG has text, WebP bytes.
    found = info.get("xmp") or info.get("XML:com.adobe.xmp")
    return found.encode("utf-8") if isinstance(found, str) else found


def _rating(packet: bytes, source: Path) -> float | None:
    try:
        # Packets may end in padding, of zeros even.
        root = ElementTree.fromstring(packet.strip(b"\0 \t\r\n"))
    except ElementTree.ParseError as error:
        raise InputError(
            f"{source} must have sound XMP. Got: {error}. Write it again with your "
            "photo manager, or remove it."
        ) from error
    for element in root.iter():
        text = element.text if element.tag == _RATING else element.get(_RATING)
        if text is None:
            continue
        number = number_or_none(text.strip())
        if number is None or not REJECT <= number <= 5:
            raise InputError(
                f"{source}: xmp:Rating must be -1 to 5. Got {text!r}. Correct it in "
                "your photo manager."
            )
        return number
    return None
