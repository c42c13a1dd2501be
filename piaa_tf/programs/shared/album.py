"""The flags of programs that look at an album."""

from __future__ import annotations

import dataclasses

from piaa_tf.programs.shared.program import option, required


@dataclasses.dataclass(frozen=True)
class AlbumConfig:
    """Which photos a program looks at.

    Attributes: every field is a flag and carries its help.
    """

    photos: str = required("Folder of photos; sub-folders count.")
    skip_broken: bool = option(
        False, "Skip and count unreadable photos instead of stopping."
    )
