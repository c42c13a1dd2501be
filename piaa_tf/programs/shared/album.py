"""The photographs that a program is to look at: --photos and --skip_broken."""

from __future__ import annotations

from piaa_tf.errors import InputError


def album_images(photos: str, *, skip_broken: bool) -> list[str]:
    """Lists the photographs of a folder.

    Args:
        photos: the folder; sub-folders count.
        skip_broken: whether unreadable ones are left out, counted and logged.

    Returns:
        Sorted paths relative to the folder.

    Raises:
        InputError: There is none, or none that can be read.
    """
    from pathlib import Path

    from piaa_tf.data.folder import list_photos
    from piaa_tf.data.images import find_broken

    images = list_photos(photos)
    if not skip_broken:
        return images
    broken = set(find_broken([Path(photos) / image for image in images]))
    sound = [image for image in images if Path(photos) / image not in broken]
    if not sound:
        raise InputError(
            f"{photos} must hold a photograph that can be read. Got {len(images)} "
            "broken ones. Give another folder."
        )
    return sound
