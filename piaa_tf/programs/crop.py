r"""Crops photos to given ratios where a user's score is best.

    piaa-crop --prior=runs/multitask/prior --tastes=runs/tastes.npz --user_id=anna \
        --photos=album --out=runs/crops

Writes for each ratio a folder of JPEGs in full resolution, crops.csv with where they
were cut and what they score beside a crop of the middle, and crops.png, an overview.
The photos stay as they are. About 200 windows of each photo are scored, which takes a
second with a small backbone, and some seconds with a large one on a CPU.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.album import AlbumConfig
from piaa_tf.programs.shared.program import option
from piaa_tf.programs.shared.scorer_config import ScorerConfig, open_tastes

if TYPE_CHECKING:
    from piaa_tf.album.crop_sheet import CroppedPhoto
    from piaa_tf.album.crops import Crop

COLUMNS = (
    "image",
    "ratio",
    "left",
    "top",
    "width",
    "height",
    "score",
    "centre_score",
    "generic_score",
    "known_user",
    "file",
)
"""The columns of crops.csv."""


@dataclasses.dataclass(frozen=True)
class CropConfig(ScorerConfig, AlbumConfig):
    """What crops depend on.

    Attributes: every field is a flag and carries its help.
    """

    user_id: str = option("", "Whose taste.")
    out: str = option("crops", "Folder of the results, outside --photos.")
    ratios: tuple[str, ...] = option(
        ("16:9", "2:3", "9:16", "1:1"), "Ratios of the sides, width to height."
    )
    scales: tuple[float, ...] = option(
        (1.0, 0.85, 0.7), "Sides of the windows as shares of the largest that fits."
    )
    num_positions: int = option(5, "Places of a window across, and down.")

    def __post_init__(self) -> None:
        """Checks the grid."""
        if not self.ratios or len(set(self.ratios)) < len(self.ratios):
            raise InputError(
                f"ratios must be one or more, each once. Got {','.join(self.ratios)}."
            )
        if not self.scales or not all(0 < scale <= 1 for scale in self.scales):
            raise InputError(
                "scales must be above 0 and at most 1, the largest window that fits. "
                f"Got {','.join(map(str, self.scales))}."
            )
        if self.num_positions < 1:
            raise InputError(f"num_positions must be >= 1. Got {self.num_positions}.")


def run(config: CropConfig) -> None:
    """Finds, cuts and shows the best window of each ratio of each photo."""
    from pathlib import Path

    from absl import logging

    from piaa_tf.album.crop_sheet import NUM_PHOTOS, draw, shrink
    from piaa_tf.album.crops import best_crops, crop_name, encode_crop, read_photo
    from piaa_tf.data.csv_table import write_table
    from piaa_tf.files.atomic_files import write_file
    from piaa_tf.library.albums import open_album
    from piaa_tf.presentation.sheet import to_png

    _check_places(config)
    photos, out = Path(config.photos), Path(config.out)
    images = open_album(photos, skip_broken=config.skip_broken).images
    tastes = open_tastes(config, user_id=config.user_id)
    prior, scorer = tastes.prior.trained, tastes.scorer(config.user_id)
    rows: list[list[str]] = []
    lines: list[CroppedPhoto] = []
    gains: list[float] = []
    for i, image in enumerate(images, start=1):
        photo, profile = read_photo(photos / image)
        crops = best_crops(
            photo,
            scorer.score_pixels,
            config.ratios,
            image_size=prior.config.image_size,
            keep_aspect=prior.keep_aspect,
            scales=config.scales,
            num_positions=config.num_positions,
        )
        for crop in crops:
            file = crop_name(image, crop.ratio)
            write_file(out / file, encode_crop(photo, crop.window, profile))
            rows.append(_row(image, crop, scorer.is_known_user, file))
            gains.append(crop.score - crop.centre_score)
        if len(lines) < NUM_PHOTOS:
            lines.append(shrink(image, photo, crops))
        scores = "  ".join(f"{crop.ratio} {crop.score:.2f}" for crop in crops)
        logging.info("photo %d/%d  %s  %s", i, len(images), image, scores)
    write_table(out / "crops.csv", COLUMNS, rows)
    write_file(out / "crops.png", to_png(draw(lines)))
    logging.info(
        "%d crops score %.2f above the middle on average: %s/crops.png shows %d of "
        "%d photos",
        len(rows),
        sum(gains) / len(gains),
        out,
        len(lines),
        len(images),
    )


def _check_places(config: CropConfig) -> None:
    """Refuses what is not a ratio, and an --out among the photos."""
    from pathlib import Path

    from piaa_tf.album.crops import sides

    for ratio in config.ratios:
        sides(ratio)
    out = Path(config.out).resolve()
    if Path(config.photos).resolve() in (out, *out.parents):
        raise InputError(
            "Crops go outside the photos, or they would be cropped next time. "
            f"Got --out={config.out} in --photos={config.photos}."
        )


def _row(image: str, crop: Crop, is_known_user: bool, file: str) -> list[str]:
    figures = (crop.score, crop.centre_score, crop.generic_score)
    return [
        image,
        crop.ratio,
        *map(str, dataclasses.astuple(crop.window)),
        *(f"{figure:.6g}" for figure in figures),
        str(is_known_user).lower(),
        file,
    ]


def main() -> None:
    """Runs the console program."""
    program.start(CropConfig, run, __doc__)


if __name__ == "__main__":
    main()
