r"""Ranks a folder of photos by one user's taste.

    piaa-rank --prior=runs/multitask/prior --tastes=runs/tastes.npz --user_id=anna \
        --photos=album --out=runs/anna

Writes ranking.csv, ranking.html (self-contained) and contact_sheet.png into --out, the
user's score beside the generic one. A user without a taste gets the prior's ranking,
with a warning. Nothing in the album is moved or deleted. Seconds for a hundred photos.

With --cover also covers.csv and covers.png: the photo that represents each sub-folder
best.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.album import AlbumConfig
from piaa_tf.programs.shared.program import option
from piaa_tf.programs.shared.scorer_config import ScorerConfig, open_tastes


@dataclasses.dataclass(frozen=True)
class RankConfig(ScorerConfig, AlbumConfig):
    """What a ranking depends on.

    Attributes: every field is a flag and carries its help.
    """

    user_id: str = option("", "Whose taste.")
    out: str = option("ranking", "Folder of the results.")
    cover: bool = option(False, "Also choose a cover for each sub-folder.")


def run(config: RankConfig) -> None:
    """Scores every photo twice, sorts, and writes the pages."""
    from pathlib import Path

    from absl import logging

    from piaa_tf.album.covers import choose_covers, write_covers

    tastes = open_tastes(config, user_id=config.user_id)
    ranking = tastes.rank(
        config.photos, user_id=config.user_id, skip_broken=config.skip_broken
    )
    ranking.save(config.out)
    for photo in ranking.best(3):
        logging.info(
            "%d. %s  %.2f (generic %.2f)",
            photo.rank,
            photo.image,
            photo.score,
            photo.generic_score,
        )
    logging.info("%d photos: %s/ranking.html", len(ranking), config.out)
    if config.cover:
        covers = choose_covers(ranking)
        write_covers(Path(config.out), ranking.folder, covers)
        logging.info("%d covers: %s/covers.png", len(covers), config.out)


def main() -> None:
    """Runs the console program."""
    program.start(RankConfig, run, __doc__)


if __name__ == "__main__":
    main()
