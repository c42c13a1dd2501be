"""A ranking of an album: a sequence of photos that shows and writes itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from piaa_tf.album import contact_sheet
from piaa_tf.album.ranking import RankedPhoto, rank_photos
from piaa_tf.album.ranking_files import page_content, write_ranking, write_ranks
from piaa_tf.files.atomic_files import write_file
from piaa_tf.library.albums import Album
from piaa_tf.library.notebook import ranking_fragment
from piaa_tf.ratings import RatingRange

if TYPE_CHECKING:
    from PIL.Image import Image

    from piaa_tf.adaptation.scoring import UserScorer
    from piaa_tf.files.progress import OnProgress


class Ranking(Sequence[RankedPhoto]):
    """Photos in the order of a person's taste, the best first.

    A sequence: `ranking[0]` is the best, `for photo in ranking` goes down, and
    `pandas.DataFrame(ranking)` has a row for each. In a notebook it shows itself.

    Attributes:
        user_id: whose; empty for the prior's.
        rating_range: the range of the scores.
        folder: what the photos' names are relative to.
        skipped: names of photos that could not be read and have no rank.
    """

    def __init__(
        self,
        album: Album,
        ranked: Sequence[RankedPhoto],
        *,
        user_id: str,
        rating_range: RatingRange,
    ) -> None:
        """Takes the ranked photos, and whose ranking it is."""
        self._ranked = tuple(ranked)
        self.user_id = user_id
        self.rating_range = rating_range
        self.folder = album.folder
        self.skipped = album.skipped

    def __len__(self) -> int:
        """Returns how many photos are ranked."""
        return len(self._ranked)

    @overload
    def __getitem__(self, index: int) -> RankedPhoto: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[RankedPhoto, ...]: ...

    def __getitem__(self, index: int | slice) -> RankedPhoto | tuple[RankedPhoto, ...]:
        """Returns a photo by its place, from 0; or several by a slice."""
        return self._ranked[index]

    def __iter__(self) -> Iterator[RankedPhoto]:
        """Yields the photos, the best first."""
        return iter(self._ranked)

    def __repr__(self) -> str:
        """Names the first three."""
        first = ", ".join(f"{p.image} {p.score:.2f}" for p in self._ranked[:3])
        more = ", ..." if len(self) > 3 else ""
        return f"<Ranking of {len(self)} photos for {self.user_id!r}: {first}{more}>"

    @property
    def known_user(self) -> bool:
        """Whether the order is the user's own; otherwise it is the prior's."""
        return self._ranked[0].known_user

    def best(self, count: int = 10) -> tuple[RankedPhoto, ...]:
        """Returns the first `count` photos, or all if there are fewer."""
        return self._ranked[: max(count, 0)]

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes the table image,rank,score,generic_score,known_user."""
        write_ranks(path, self._ranked)

    def save_html(self, path: str | os.PathLike[str]) -> None:
        """Writes a page that needs no other file and no network.

        Raises:
            InputError: A photo can no longer be read.
        """
        content = page_content(
            self.folder,
            self._ranked,
            user_id=self.user_id,
            rating_range=self.rating_range,
        )
        write_file(path, content)

    def contact_sheet(self) -> Image:
        """Draws the first twenty photos on one sheet.

        Returns:
            An RGB image of Pillow.

        Raises:
            InputError: A photo can no longer be read.
        """
        return contact_sheet.draw(self.folder, self._ranked, user_id=self.user_id)

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes `ranking.csv`, `ranking.html` and `contact_sheet.png`, all or none.

        Args:
            folder: where to; made if missing.

        Returns:
            Their paths.

        Raises:
            InputError: A photo can no longer be read.
        """
        return write_ranking(
            Path(folder),
            self.folder,
            self._ranked,
            user_id=self.user_id,
            rating_range=self.rating_range,
        )

    def _repr_html_(self) -> str:
        return ranking_fragment(self.folder, self._ranked, user_id=self.user_id)


def rank_album(
    scorer: UserScorer,
    album: Album,
    *,
    user_id: str,
    progress: OnProgress | None = None,
) -> Ranking:
    """Scores an album twice, by a user's taste and by the prior, and sorts it.

    Args:
        scorer: of the user.
        album: the photos.
        user_id: whose ranking it is.
        progress: called with how many photos have been scored.

    Returns:
        The ranking.

    Raises:
        InputError: A photo cannot be read, or occurs twice.
    """
    scores, generic = scorer.score(album.paths, progress=progress)
    ranked = rank_photos(
        album.images, scores.tolist(), generic.tolist(), scorer.is_known_user
    )
    return Ranking(album, ranked, user_id=user_id, rating_range=scorer.rating_range)
