"""Guesses a person's Big Five from the photos they like.

    piaa-portrait --prior=runs/multitask/prior --photos=liked --out=runs/anna

Every photo below --photos counts as liked. Writes portrait.png, a radar of the
five traits, and portrait.json and portrait.csv with their means, spreads over the
photos and standard errors. Seconds for a hundred photos.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.album import AlbumConfig
from piaa_tf.programs.shared.program import option, required


@dataclasses.dataclass(frozen=True)
class PortraitConfig(AlbumConfig):
    """What a portrait depends on.

    Attributes: every field is a flag and carries its help.
    """

    prior: str = required("Folder of a prior that predicts traits: RUN_DIR/prior.")
    user_id: str = option("", "Who likes the photos, for the title.")
    out: str = option("portrait", "Folder of the results.")


def run(config: PortraitConfig) -> None:
    """Averages what the prior predicts of each photo, and draws it."""
    import json
    from pathlib import Path

    from absl import logging

    import piaa_tf
    from piaa_tf.data.csv_table import write_table
    from piaa_tf.explain.portrait import draw_portrait
    from piaa_tf.files.atomic_files import write_file
    from piaa_tf.ratings import TRAITS

    out = Path(config.out)
    prior = piaa_tf.load_prior(config.prior)
    portrait = prior.portrait(config.photos, skip_broken=config.skip_broken)
    figures = {
        "mean": portrait.mean,
        "spread": portrait.spread,
        "standard_error": portrait.standard_error,
    }
    rows = [
        [trait, *(f"{values[i]:.4f}" for values in figures.values())]
        for i, trait in enumerate(TRAITS)
    ]
    write_table(out / "portrait.csv", ["trait", *figures], rows)
    described = {
        "user_id": config.user_id,
        "num_images": portrait.num_images,
        "prior_checksum": prior.trained.checksum(),
        "traits": {row[0]: dict(zip(figures, map(float, row[1:]))) for row in rows},
    }
    write_file(out / "portrait.json", json.dumps(described, indent=2) + "\n")
    whose = f"of {config.user_id}" if config.user_id else "of someone who likes these"
    draw_portrait(portrait, out / "portrait.png", title=f"A portrait {whose}")
    for trait, mean, spread, error in rows:
        logging.info(
            "%-18s %+.3f +- %.3f (s.e.), spread %.3f",
            trait,
            float(mean),
            float(error),
            float(spread),
        )
    logging.info("portrait: %s", out / "portrait.png")


def main() -> None:
    """Runs the console program."""
    program.start(PortraitConfig, run, __doc__)


if __name__ == "__main__":
    main()
