r"""Checks a data set and lists what is in it; packs it for training.

    piaa-prepare --dataset=gallery --data_dir=runs/gallery
    piaa-prepare --dataset=folder --data_dir=my_photos
    piaa-prepare --dataset=flickr_aes --data_dir=data/FLICKR-AES \
        --out=data/flickr_aes_400

Every table is read row by row and every image decoded once: counts are shown beside the
published ones, missing, broken and repeated images are listed. The gallery is rendered
first, in about half a minute, if it is not there. With --out the sound rest is written
again: tables as `--dataset=folder` reads them, and the images, shrunk, in a few
TFRecord files. An interrupted run continues. Hundreds of images a second.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from piaa_tf.data.samples import Samples

    Found = dict[tuple[str, type], Samples]

SHOWN = 5


@dataclasses.dataclass(frozen=True)
class PrepareConfig:
    """What a preparation depends on.

    Attributes: every field is a flag and carries its help.
    """

    dataset: str = option(
        "gallery",
        "gallery (simulated), folder, library, ava, flickr_aes, flickr_aes_average, "
        "psycho_flickr, aadb, aadb_users, real_cur, para, para_fold1, para_fold2, "
        "para_fold3, para_fold4, eva or lapis.",
    )
    data_dir: str = option("runs/gallery", "Folder of the set, or of a new gallery.")
    out: str = option("", "Folder for the checked and packed set; empty to check only.")
    shorter_side: int = option(
        400, "Pixels that shorter sides in --out are shrunk to; 0: as they are."
    )
    seed: int = option(0, "Seed of a new gallery's images and people.")
    image_size: int = option(64, "Pixels per side of a new gallery's images.")

    def __post_init__(self) -> None:
        """Checks the numbers."""
        if self.shorter_side < 0:
            raise InputError(f"shorter_side must be >= 0. Got {self.shorter_side}.")


def run(config: PrepareConfig) -> None:
    """Reads and counts everything, writes the packed set, lists what is wrong."""
    from pathlib import Path

    data_dir = Path(config.data_dir)
    if config.dataset == "gallery":
        _write_gallery(config, data_dir)
    problems: dict[str, str] = {}
    _log_published(config.dataset, data_dir, problems)
    found = find_samples(config.dataset, data_dir)
    _log_splits(found)
    _log_duplicates(found)
    paths = {
        image: path
        for samples in found.values()
        for image, path in zip(samples.images, samples.paths)
    }
    if config.out:
        problems |= write_set(found, paths, Path(config.out), config.shorter_side)
        _write_problems(Path(config.out), problems)
        return
    problems |= _broken(paths)
    if problems:
        some = [f"{image} ({what})" for image, what in list(problems.items())[:SHOWN]]
        raise InputError(
            f"Every image must be there and readable. Got {len(problems)} of "
            f"{len(paths) + list(problems.values()).count('missing')} that are not: "
            f"{', '.join(some)}. Replace them, train with --skip_broken, or write the "
            "others with --out."
        )


def _write_gallery(config: PrepareConfig, data_dir: Path) -> None:
    from absl import logging

    from piaa_tf.data import gallery

    settings = gallery.GalleryConfig(seed=config.seed, image_size=config.image_size)
    gallery.write_gallery(data_dir, settings)
    sheet = data_dir.with_name(f"{data_dir.name}.png")
    gallery.contact_sheet(settings, columns=14, size=96).save(sheet)
    logging.info("contact sheet of simulated images: %s", sheet)


def _log_published(dataset: str, data_dir: Path, problems: dict[str, str]) -> None:
    """Counts a whole set beside its published numbers; collects missing images."""
    from absl import logging

    from piaa_tf.data.datasets import catalog
    from piaa_tf.data.splits import EVERYTHING

    published = catalog.find(dataset).published
    kinds = dict.fromkeys(kind for _, kind in catalog.contents(dataset, data_dir))
    if catalog.find(dataset).contents is None:
        return

    def on_missing(photos: Path, images: Sequence[str]) -> None:
        del photos
        problems.update(dict.fromkeys(images, "missing"))

    kind = next(iter(kinds))
    everything: Samples = catalog.load(dataset, kind, data_dir, EVERYTHING, on_missing)
    counts = {
        "images": len(set(everything.images)),
        "users": len(set(getattr(everything, "users", ()))),
        "ratings": len(everything),
    }
    if published:
        logging.info("%-12s %9s %9s", dataset, "found", "published")
    for name, count in published.items():
        sign = "" if counts[name] == count else "   differs"
        logging.info("%-12s %9d %9d%s", name, counts[name], count, sign)
    for image in list(problems)[:SHOWN]:
        logging.warning("missing: %s", image)
    logging.info("%-12s %9d", "missing", len(problems))


def find_samples(dataset: str, data_dir: Path) -> Found:
    """Reads every table of a set, without the images that are missing.

    Raises:
        InputError: A table is broken, or there is none.
    """
    from piaa_tf.data import folder
    from piaa_tf.data.datasets import catalog

    found: Found = {
        (split, kind): catalog.load(
            dataset, kind, data_dir, split, on_missing=lambda photos, images: None
        )
        for split, kind in catalog.contents(dataset, data_dir)
    }
    if not found:
        raise InputError(
            f"A set has tables such as train/ratings.csv. Got none of "
            f"{', '.join(folder.FILES.values())} below {data_dir}. See "
            "docs/howto/researcher.md for the columns."
        )
    return found


def _log_splits(found: Found) -> None:
    from absl import logging

    row = "%-12s %-20s %9s %9s %9s"
    logging.info(row, "split", "samples", "rows", "images", "people")
    for (split, kind), samples in found.items():
        people = len(set(getattr(samples, "users", ()))) or ""
        images = len(set(samples.images))
        logging.info(row, split, kind.__name__, len(samples), images, people)


def _log_duplicates(found: Found) -> None:
    """Logs which images are the same file, and how many of them are in two splits."""
    from absl import logging

    from piaa_tf.data.duplicates import find_duplicates

    splits: dict[Path, set[str]] = {}
    for (split, _), samples in found.items():
        for path in samples.paths:
            splits.setdefault(path, set()).add(split)
    groups = find_duplicates(sorted(splits))
    for group in groups[:SHOWN]:
        logging.warning("the same image: %s", ", ".join(map(str, group)))
    leaks = sum(len(set.union(*(splits[path] for path in g))) > 1 for g in groups)
    logging.info(
        "%d images appear under several names, %d of them in several splits",
        len(groups),
        leaks,
    )


def _broken(paths: dict[str, Path]) -> dict[str, str]:
    """Decodes every image once; returns those that cannot be."""
    from absl import logging

    from piaa_tf.data.images import find_broken

    broken = set(find_broken(sorted(paths.values())))
    if not broken:
        logging.info("%d images, all readable", len(paths))
    return {image: "broken" for image, path in paths.items() if path in broken}


def write_set(
    found: Found, paths: dict[str, Path], out: Path, shorter_side: int
) -> dict[str, str]:
    """Packs the images of a set, then writes its tables without the broken ones.

    Returns:
        image -> what is wrong, of the broken ones.
    """
    import numpy as np
    from absl import logging

    from piaa_tf.data import folder
    from piaa_tf.data.pack import pack
    from piaa_tf.data.samples import PersonalRatings

    broken = pack(paths, out / "photos", side=shorter_side)
    for (split, _), samples in found.items():
        is_sound = np.array([image not in broken for image in samples.images])
        folder.write(out, split, samples.select(is_sound))
    ranges = [
        samples.rating_range
        for samples in found.values()
        if isinstance(samples, PersonalRatings)
    ]
    folder.write_range(out, ranges[0] if ranges else folder.DEFAULT_RANGE)
    logging.info(
        "%d images packed: train with --dataset=folder --data_dir=%s",
        len(paths) - len(broken),
        out,
    )
    return broken


def _write_problems(out: Path, problems: dict[str, str]) -> None:
    from absl import logging

    from piaa_tf.data.csv_table import write_table

    path = out / "problems.csv"
    write_table(path, ["image", "problem"], sorted(problems.items()))
    logging.info("%d images left out, listed in %s", len(problems), path)


def main() -> None:
    """Runs the console program."""
    program.start(PrepareConfig, run, __doc__)


if __name__ == "__main__":
    main()
