r"""Exports one user's adapted model to a phone, or what adapts on the phone itself.

    piaa-export-tflite --prior=runs/multitask/prior --tastes=runs/tastes.npz \
        --user_id=anna --formats=fp16,full_int8 --photos=album --out=phone/anna

Writes a folder for each format into --out: fp32, fp16, dynamic_int8 and full_int8 hold
score.tflite, from a photo to anna's score. on_phone is the same for every user and
needs no taste:

    piaa-export-tflite --prior=runs/multitask/prior --formats=on_phone --out=phone

It holds embed.tflite and head.tflite, by which the phone adapts to ratings that never
leave it (examples/on_phone.py shows how). Beside them are resize.tflite, which turns a
photo into the network's square, and manifest.json. With --photos every format's scores
are compared with TensorFlow's. Takes up to a minute per format.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option
from piaa_tf.programs.shared.scorer_config import ScorerConfig


@dataclasses.dataclass(frozen=True)
class ExportTfliteConfig(ScorerConfig):
    """What a phone's files depend on.

    Attributes: every field is a flag and carries its help.
    """

    user_id: str = option("", "Whose taste; only with --tastes.")
    formats: tuple[str, ...] = option(
        ("fp16",),
        "Any of fp32, fp16 (half the size), dynamic_int8, full_int8 (for hardware that "
        "computes only in int8; needs --photos), on_phone (adapts on the phone).",
    )
    out: str = option("phone", "Folder of the formats' folders.")
    photos: str = option(
        "",
        "Folder of representative photos: full_int8 is calibrated on them, and "
        "every format is compared with TensorFlow on them.",
    )
    num_photos: int = option(100, "How many of them at most, evenly spread.")
    scope: str = option(
        "",
        "Scope of on_phone, if no tastes are given. Default: fusion if the prior has "
        "traits, else head.",
        choices=("fusion", "head", "all"),
    )
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
    from absl import logging

    import piaa_tf

    prior = piaa_tf.load_prior(config.prior)
    if config.tastes:
        tastes = piaa_tf.load_tastes(config.tastes, prior)
    else:
        given = (config.rating_min, config.rating_max)
        tastes = prior.generic_tastes(given, scope=config.scope or None)
    whose = f"user {config.user_id}" if config.user_id else "the prior"
    scope = tastes.adapted.scope
    logging.info("%s, scope %s: %s", whose, scope, ", ".join(config.formats))
    written = tastes.export_tflite(
        config.out,
        user_id=config.user_id,
        formats=config.formats,
        photos=config.photos or None,
        num_photos=config.num_photos,
        steps=config.steps or None,
        rate=config.rate or None,
        max_support=config.max_support,
    )
    for one in written:
        sizes = [
            f"{path.name} {path.stat().st_size / 1000:,.0f} kB"
            for path in sorted(one.folder.glob("*.tflite"))
        ]
        logging.info("%s: %s", one.folder, ", ".join(sizes))
    compared = [one for one in written if one.difference]
    if compared:
        logging.info("scores of %d photos against TensorFlow's", compared[0].num_photos)
    for one in compared:
        logging.info(
            "  %-12s  differ by %.4f on average, %.4f at most; SROCC of the two %.4f",
            one.name,
            *one.difference.values(),
        )


def main() -> None:
    """Runs the console program."""
    program.start(ExportTfliteConfig, run, __doc__)


if __name__ == "__main__":
    main()
