"""Checks a data set and says what is in it; renders the simulated gallery.

    piaa-prepare --dataset=gallery --data_dir=runs/gallery
    piaa-prepare --dataset=folder --data_dir=my_photos

The gallery is written to --data_dir as ordinary JPEGs and CSV files, with a contact
sheet beside it, in about half a minute; a folder is only read: every table is checked
row by row and every picture is decoded once.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.programs import program
from piaa_tf.programs.program import option


@dataclasses.dataclass(frozen=True)
class PrepareConfig:
    """What a preparation depends on.

    Attributes: every field is a flag and carries its help.
    """

    dataset: str = option(
        "gallery", "gallery (simulated) or folder.", choices=("gallery", "folder")
    )
    data_dir: str = option("runs/gallery", "Where the set lies, or is written.")
    seed: int = option(0, "Of a new gallery's pictures and people.")
    image_size: int = option(64, "Pixels a side of a new gallery's pictures.")


def run(config: PrepareConfig) -> None:
    """Writes the gallery if that is asked, then reads and counts everything."""
    from pathlib import Path

    from absl import logging

    data_dir = Path(config.data_dir)
    if config.dataset == "gallery":
        _write_gallery(config, data_dir)
    found = find_samples(data_dir)
    logging.info(
        "%-12s %-20s %9s %9s %9s", "split", "samples", "rows", "images", "people"
    )
    for (split, kind), samples in found.items():
        people = len(set(getattr(samples, "users", ())))
        logging.info(
            "%-12s %-20s %9d %9d %9s",
            split,
            kind,
            len(samples),
            len(set(samples.images)),
            people or "",
        )
    check_images(found)


def _write_gallery(config: PrepareConfig, data_dir) -> None:
    from absl import logging

    from piaa_tf.data import gallery

    settings = gallery.GalleryConfig(seed=config.seed, image_size=config.image_size)
    gallery.write_gallery(data_dir, settings)
    sheet = data_dir.with_name(f"{data_dir.name}.png")
    gallery.contact_sheet(settings, columns=14, size=96).save(sheet)
    logging.info("contact sheet of simulated pictures: %s", sheet)


def find_samples(data_dir) -> dict:
    """Reads every table of a set: (split, kind's name) -> samples.

    Raises:
        InputError: A table is broken, or there is none.
    """
    from piaa_tf.contract import InputError
    from piaa_tf.data import folder
    from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions

    files = {
        "scores.csv": ScoreDistributions,
        "likes.csv": LikedImages,
        "ratings.csv": PersonalRatings,
    }
    found = {
        (split, kind.__name__): folder.load(kind, data_dir, split)
        for split in folder.SPLITS
        for name, kind in files.items()
        if (data_dir / split / name).exists()
    }
    if not found:
        raise InputError(
            f"A set has tables such as train/ratings.csv. Got none of "
            f"{', '.join(files)} below {data_dir}. See README.md for the columns."
        )
    return found


def check_images(found: dict) -> None:
    """Decodes every picture of the samples once.

    Raises:
        InputError: Some cannot be read; the first are named.
    """
    from absl import logging

    from piaa_tf.contract import InputError
    from piaa_tf.data.images import find_broken

    paths = sorted({path for samples in found.values() for path in samples.paths})
    broken = find_broken(paths)
    if broken:
        raise InputError(
            f"Every picture must be readable. Got {len(broken)} of {len(paths)} that "
            f"are not: {', '.join(map(str, broken[:5]))}. Replace them, or train with "
            "--skip_broken."
        )
    logging.info("%d pictures, all readable", len(paths))


def main() -> None:
    """Runs the console program."""
    program.start(PrepareConfig, run, __doc__)


if __name__ == "__main__":
    main()
