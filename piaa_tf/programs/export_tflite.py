r"""Exports one user's adapted model to a phone, or what adapts on the phone itself.

    piaa-export-tflite --prior=runs/multitask/prior --tastes=runs/tastes.npz \
        --user_id=anna --formats=fp16,full_int8 --photos=album --out=phone/anna

Writes a folder for each format into --out: fp32, fp16, dynamic_int8 and full_int8 hold
score.tflite, from a picture to anna's score. on_phone is the same for everybody and
needs no taste:

    piaa-export-tflite --prior=runs/multitask/prior --formats=on_phone --out=phone

It holds embed.tflite and head.tflite, by which the phone adapts to ratings that never
leave it (examples/on_phone.py shows how). Beside them lie resize.tflite, which makes a
photograph the network's square, and manifest.json. With --photos every format's scores
are compared with TensorFlow's. Up to a minute a format.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, required

if TYPE_CHECKING:
    import numpy as np

    from export.tflite.phone_export import PhoneExport


@dataclasses.dataclass(frozen=True)
class ExportTfliteConfig:
    """What a phone's files depend on.

    Attributes: every field is a flag and carries its help.
    """

    prior: str = required("Folder of a prior: RUN_DIR/prior.")
    tastes: str = option("", "File that piaa-adapt wrote; empty for the prior's taste.")
    user_id: str = option("", "Whose taste; only with --tastes.")
    formats: tuple[str, ...] = option(
        ("fp16",),
        "Of fp32, fp16 (half the size), dynamic_int8, full_int8 (for hardware that "
        "computes in int8 alone; needs --photos), on_phone (adapts on the phone).",
    )
    out: str = option("phone", "Folder of the formats' folders.")
    photos: str = option(
        "",
        "Folder of representative photographs: full_int8 is calibrated on them, and "
        "every format is compared with TensorFlow on them.",
    )
    num_photos: int = option(100, "How many of them at most, evenly spread.")
    scope: str = option(
        "",
        "Of on_phone, where no tastes are given. Default: fusion where the prior has "
        "traits, else head.",
        choices=("fusion", "head", "all"),
    )
    rating_min: float = option(1.0, "Worst score, where no tastes are given.")
    rating_max: float = option(5.0, "Best score, where no tastes are given.")
    steps: int = option(0, "Adam steps of on_phone; 0 for the scope's default.")
    rate: float = option(0.0, "Adam's rate of on_phone; 0 for the scope's default.")
    max_support: int = option(
        100, "Ratings that on_phone adapts to at most; its time grows with them."
    )

    def __post_init__(self) -> None:
        """Checks which flags go together."""
        if bool(self.user_id) != bool(self.tastes):
            raise InputError(
                "--tastes and --user_id go together: whose taste, and from which file. "
                f"Got {self.tastes!r} and {self.user_id!r}. Pass both, or neither for "
                "the prior's taste."
            )
        if self.num_photos < 2:
            raise InputError(f"num_photos must be >= 2. Got {self.num_photos}.")


def run(config: ExportTfliteConfig) -> None:
    """Writes the formats, and compares their scores."""
    from pathlib import Path

    from absl import logging

    from export.tflite.save import check_formats, save_phone_files

    check_formats(config.formats, bool(config.photos))
    export = _export(config)
    image = _photos(config, export) if config.photos else None
    whose = f"user {config.user_id}" if config.user_id else "the prior"
    logging.info("%s, scope %s: %s", whose, export.scope, ", ".join(config.formats))
    save_phone_files(export, config.formats, config.out, image)
    for name in config.formats:
        folder = Path(config.out) / name
        sizes = [
            f"{path.name} {path.stat().st_size / 1000:,.0f} kB"
            for path in sorted(folder.glob("*.tflite"))
        ]
        logging.info("%s: %s", folder, ", ".join(sizes))
    if image is not None and len(image) > 1:
        _compare(config, export, image)


def _export(config: ExportTfliteConfig) -> PhoneExport:
    """Loads prior and taste and describes what becomes of them."""
    from export.tflite.phone_export import PhoneExport
    from piaa_tf.adaptation.scopes import default_scope
    from piaa_tf.adaptation.taste import Tastes
    from piaa_tf.adaptation.users import LOOPS
    from piaa_tf.contract.manifest import Adaptation
    from piaa_tf.models.prior import load_prior
    from piaa_tf.ratings import RatingRange

    prior = load_prior(config.prior)
    tastes = Tastes.load(config.tastes) if config.tastes else None
    row = -1
    if tastes is not None:
        tastes.check_prior(prior.checksum())
        row = int(tastes.rows([config.user_id])[0])
        if row < 0:
            raise InputError(
                f"user_id must have a taste in {config.tastes}. Got "
                f"{config.user_id!r}; there are {', '.join(tastes.user_ids[:5])}. "
                "Adapt with piaa-adapt, or leave --tastes and --user_id out."
            )
    scope = tastes.scope if tastes else config.scope or default_scope(prior)
    # On a phone the network stands still, whatever the scope.
    loop = LOOPS["head" if scope == "all" else scope]
    given = RatingRange(config.rating_min, config.rating_max)
    return PhoneExport(
        prior,
        scope,
        tastes.rating_range if tastes else given,
        Adaptation(
            config.steps or loop.steps, config.rate or loop.rate, config.max_support
        ),
        user_id=config.user_id,
        user_weights=tastes.weights[row] if tastes else None,
        user_network=tastes.network(config.user_id, prior) if tastes else None,
        adapted_by=tastes.adapted_by if tastes else "",
    )


def _photos(config: ExportTfliteConfig, export: PhoneExport) -> np.ndarray:
    """Reads the representative photographs."""
    from pathlib import Path

    import numpy as np

    from piaa_tf.data.folder import list_photos
    from piaa_tf.data.images import load_images

    images = list_photos(config.photos)
    chosen = np.linspace(0, len(images) - 1, min(len(images), config.num_photos))
    paths = [Path(config.photos) / images[int(i)] for i in chosen]
    prior = export.prior
    return load_images(paths, prior.config.image_size, prior.keep_aspect)


def _compare(
    config: ExportTfliteConfig, export: PhoneExport, image: np.ndarray
) -> None:
    """Logs how far each format's scores are from TensorFlow's."""
    from pathlib import Path

    from absl import logging

    from export.tflite.phone_scores import difference, network_scores, phone_scores

    # on_phone holds the prior's network: with scope `all`, not the user's.
    everybody = dataclasses.replace(export, user_network=None)
    logging.info("scores of %d photographs against TensorFlow's", len(image))
    for name in config.formats:
        user = everybody if name == "on_phone" else export
        weights = user.functions("fp32").user_weights
        found = difference(
            phone_scores(Path(config.out) / name, image, weights),
            network_scores(user, image),
        )
        logging.info(
            "  %-12s  differ by %.4f on average, %.4f at most; SROCC of the two %.4f",
            name,
            *found.values(),
        )


def main() -> None:
    """Runs the console program."""
    program.start(ExportTfliteConfig, run, __doc__)


if __name__ == "__main__":
    main()
