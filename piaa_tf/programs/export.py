r"""Exports a prior and its users' tastes for TensorFlow Serving.

    piaa-export --prior=runs/multitask/prior --tastes=runs/tastes.npz --base_dir=served

Writes served/1, the next time served/2: one graph for any number of users, which takes
the bytes of JPEG and PNG photos. The C++ loader loads and asks a version before it
appears. Takes about half a minute. New tastes need no new graph, and take seconds:

    piaa-export --update --tastes=runs/tastes.npz --base_dir=served --keep=2

With tastes of scope `all` every user gets a model of their own, served/user.NAME/1,
beside served/prior/1 for all others; served/models.config lists them for
tensorflow_model_server --model_config_file.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, required

if TYPE_CHECKING:
    from export.saved_model.save import Export
    from piaa_tf.adaptation import taste

OF_THE_GRAPH = (
    "prior",
    "scope",
    "rating_min",
    "rating_max",
    "precision",
    "photos",
    "steps",
    "rate",
    "max_support",
    "one_signature_per_user",
)
"""Flags that an update takes from the newest version."""


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """What an export depends on.

    Attributes: every field is a flag and carries its help.
    """

    base_dir: str = required("Folder of the versions, as a model server reads it.")
    prior: str = option("", "Folder of a prior: RUN_DIR/prior. Not with --update.")
    tastes: str = option("", "File that piaa-adapt wrote; empty for no users.")
    version: int = option(0, "Number of the version; 0 for the next one.")
    update: bool = option(
        False, "Take graph and users from the newest version, and add these tastes."
    )
    forget: tuple[str, ...] = option((), "User ids to leave out, separated by commas.")
    keep: int = option(0, "Versions to keep, with the new one; 0 for all.")
    scope: str = option(
        "",
        "Scope of adaptation in the graph, if no tastes are given. Default: fusion if "
        "the prior has traits, else head.",
        choices=("fusion", "head"),
    )
    rating_min: float = option(1.0, "Worst score, if no tastes are given.")
    rating_max: float = option(5.0, "Best score, if no tastes are given.")
    precision: str = option(
        "float32",
        "Precision of the backbone; mixed_bfloat16 is for CPUs that have it.",
        choices=("float32", "mixed_bfloat16"),
    )
    photos: str = option(
        "", "Photos on which another --precision is compared with float32."
    )
    steps: int = option(0, "Adam steps of adaptation in the graph; 0: the scope's.")
    rate: float = option(0.0, "Adam's rate in the graph; 0: the scope's.")
    max_support: int = option(100, "Ratings that a request may adapt to at most.")
    one_signature_per_user: bool = option(
        False, "Also a signature `score.USER` for each of a few users."
    )
    served_from: str = option(
        "", "For models.config: where the server sees base_dir, if elsewhere."
    )

    def __post_init__(self) -> None:
        """Checks which flags go together."""
        if self.keep < 0:
            raise InputError(f"keep must be >= 0. Got {self.keep}.")
        if self.update:
            default = {field.name: field.default for field in dataclasses.fields(self)}
            given = [n for n in OF_THE_GRAPH if getattr(self, n) != default[n]]
            if given:
                raise InputError(
                    f"--update takes the graph from the newest version. Got {given}. "
                    "Leave them out, or leave --update out."
                )
            if not (self.tastes or self.forget):
                raise InputError(
                    "--update needs --tastes of users who join, or --forget of users "
                    "who leave. Got neither."
                )
        elif not self.prior:
            raise InputError(
                "--prior must name the folder of a prior. Got none. "
                "Pass RUN_DIR/prior, or --update for new users of the newest version."
            )


def run(config: ExportConfig) -> None:
    """Publishes a version, or one of each user's model."""
    from export.saved_model.publish import publish
    from piaa_tf.adaptation import taste

    tastes = taste.Tastes.load(config.tastes) if config.tastes else None
    publish(
        None if config.update else _export(config, tastes),
        tastes,
        config.base_dir,
        forget=config.forget,
        version=config.version,
        keep=config.keep,
        served_from=config.served_from,
    )


def _export(config: ExportConfig, adapted: taste.Tastes | None) -> Export:
    """Loads the prior in the chosen precision and describes its export."""
    from export.saved_model.precision import load_prior_in, log_difference
    from piaa_tf.library.albums import open_album
    from piaa_tf.library.prior import Prior
    from piaa_tf.library.served import served_export
    from piaa_tf.library.tastes import Tastes

    prior = Prior(load_prior_in(config.precision, config.prior))
    given = (config.rating_min, config.rating_max)
    export = served_export(
        Tastes(prior, adapted)
        if adapted
        else prior.generic_tastes(given, scope=config.scope or None),
        steps=config.steps or None,
        rate=config.rate or None,
        max_support=config.max_support,
        precision=config.precision,
        one_signature_per_user=config.one_signature_per_user,
    )
    if config.photos:
        reference = load_prior_in("float32", config.prior)
        log_difference(export, reference, adapted, open_album(config.photos).paths)
    return export


def main() -> None:
    """Runs the console program."""
    program.start(ExportConfig, run, __doc__)


if __name__ == "__main__":
    main()
