r"""Ranks a folder of photographs by one user's taste.

    piaa-rank --prior=runs/multitask/prior --tastes=runs/tastes.npz --user_id=anna \
        --photos=album --out=runs/anna

Writes ranking.csv, ranking.html (self-contained) and contact_sheet.png into --out, the
user's score beside the generic one. A user without a taste gets the prior's ranking,
and is told so. Nothing in the album is moved or deleted. Seconds for a hundred photos.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.programs import program
from piaa_tf.programs.program import option, required


@dataclasses.dataclass(frozen=True)
class RankConfig:
    """What a ranking depends on.

    Attributes: every field is a flag and carries its help.
    """

    prior: str = required("Folder of a prior: RUN_DIR/prior.")
    photos: str = required("Folder of photographs; sub-folders count.")
    tastes: str = option("", "File that piaa-adapt wrote; empty for the prior's taste.")
    user_id: str = option("", "Whose taste.")
    out: str = option("ranking", "Folder of the results.")
    rating_min: float = option(1.0, "Worst score, where no tastes are given.")
    rating_max: float = option(5.0, "Best score, where no tastes are given.")
    skip_broken: bool = option(
        False, "Leave unreadable photographs out, counted, instead of stopping."
    )


def run(config: RankConfig) -> None:
    """Scores every photograph twice, sorts, and writes the pages."""
    from pathlib import Path

    from absl import logging

    from piaa_tf.adaptation.scoring import UserScorer
    from piaa_tf.adaptation.taste import Tastes
    from piaa_tf.contract import RatingRange
    from piaa_tf.data.folder import list_photos
    from piaa_tf.data.images import find_broken
    from piaa_tf.evaluation.album import rank_photos, write_ranking
    from piaa_tf.models.prior import load_prior

    photos = Path(config.photos)
    images = list_photos(photos)
    if config.skip_broken:
        broken = set(find_broken([photos / image for image in images]))
        images = [image for image in images if photos / image not in broken]
    prior = load_prior(config.prior)
    tastes = Tastes.load(config.tastes) if config.tastes else None
    given = RatingRange(config.rating_min, config.rating_max)
    scorer = UserScorer(prior, tastes, config.user_id, given, Path(config.tastes))
    if not scorer.is_known_user:
        logging.warning(
            "no taste of user %r is known: this is the prior's ranking",
            config.user_id,
        )
    scores, generic_scores = scorer.score([photos / image for image in images])
    ranked = rank_photos(images, scores, generic_scores, scorer.is_known_user)
    write_ranking(
        Path(config.out),
        photos,
        ranked,
        user_id=config.user_id,
        rating_range=scorer.rating_range,
    )
    for photo in ranked[:3]:
        logging.info(
            "%d. %s  %.2f (generic %.2f)",
            photo.rank,
            photo.image,
            photo.score,
            photo.generic_score,
        )
    logging.info("%d photographs: %s/ranking.html", len(ranked), config.out)


def main() -> None:
    """Runs the console program."""
    program.start(RankConfig, run, __doc__)


if __name__ == "__main__":
    main()
