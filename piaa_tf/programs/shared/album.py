"""The flags of programs that look at an album, and the photographs they look at."""

from __future__ import annotations

import dataclasses

from piaa_tf.errors import InputError
from piaa_tf.programs.shared.program import option, required


@dataclasses.dataclass(frozen=True)
class AlbumConfig:
    """Which photographs a program looks at.

    Attributes: every field is a flag and carries its help.
    """

    photos: str = required("Folder of photographs; sub-folders count.")
    skip_broken: bool = option(
        False, "Leave unreadable photographs out, counted, instead of stopping."
    )


def album_images(config: AlbumConfig) -> list[str]:
    """Lists the photographs of the album.

    Unreadable ones are left out, counted and logged, if the config says so.

    Returns:
        Sorted paths relative to the folder.

    Raises:
        InputError: There is none, or none that can be read.
    """
    from pathlib import Path

    from piaa_tf.data.folder import list_photos
    from piaa_tf.data.images import find_broken

    photos = Path(config.photos)
    images = list_photos(photos)
    if not config.skip_broken:
        return images
    broken = set(find_broken([photos / image for image in images]))
    sound = [image for image in images if photos / image not in broken]
    if not sound:
        raise InputError(
            f"{photos} must hold a photograph that can be read. Got {len(images)} "
            "broken ones. Give another folder."
        )
    return sound
