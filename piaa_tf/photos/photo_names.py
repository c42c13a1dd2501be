"""Which photo of a folder a person means by a name that they wrote."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath


class PhotoNames:
    """The photos below a folder, by whatever a person calls them."""

    def __init__(self, folder: Path, photos: Iterable[str]) -> None:
        """Takes the photos.

        Args:
            folder: where they lie.
            photos: their paths relative to it.
        """
        self._folder = folder
        self._exact = set(photos)
        self._alike: dict[str, list[str]] = defaultdict(list)
        for photo in sorted(self._exact):
            self._alike[_folded(photo)].append(photo)

    def find(self, cell: str) -> tuple[str, str]:
        """Finds a photo.

        Args:
            cell: a path relative to the folder, or absolute, with slashes of any kind,
                in any case where that is enough to identify the photo.

        Returns:
            The photo, relative to the folder, and what is wrong; one of them empty.
        """
        if not cell:
            return "", "a photo must be named. Got an empty cell"
        candidates = list(self._forms(cell))
        for form in candidates:
            if form in self._exact:
                return form, ""
        for form in candidates:
            alike = self._alike.get(_folded(form), [])
            if len(alike) == 1:
                return alike[0], ""
            if alike:
                return "", f"{cell!r} may be {' or '.join(alike)}. Write one of them"
        return "", f"there is no photo {cell!r} in {self._folder}"

    def _forms(self, cell: str) -> Iterable[str]:
        """Yields the names that a cell may stand for, relative to the folder."""
        path = PurePosixPath(cell.replace("\\", "/"))
        yield str(PurePosixPath(cell))
        yield str(path)
        for folder in {self._folder.absolute(), self._folder.resolve()}:
            if path.is_relative_to(folder.as_posix()):
                yield str(path.relative_to(folder.as_posix()))
        # Relative to where the person stands: album/x.jpg for --photos=album.
        name = self._folder.resolve().name
        if len(path.parts) > 1 and path.parts[0] == name:
            yield str(PurePosixPath(*path.parts[1:]))


def _folded(name: str) -> str:
    """Returns the form in which names are compared: no case, composed accents."""
    return unicodedata.normalize("NFC", name).casefold()
