"""Personalized image aesthetics assessment: a prior from many, a taste from ten.

A prior knows what people like in general, some ten ratings make a taste of it, and a
taste ranks an album:

    import piaa_tf

    prior = piaa_tf.load_prior("runs/quickstart/multitask/prior")
    tastes = prior.adapt("ratings.csv", photos="album")
    ranking = tastes.rank("album", user_id="anna")

`ratings.csv` has the columns user_id,image,rating. Rows of Python and data frames can
take its place:

    tastes = prior.adapt([("1.jpg", 5), ("2.jpg", 1)], photos="album", user_id="anna")

A ranking is a sequence, the best photo first, and writes a table, a page and a sheet:

    print(ranking[0].image, ranking[0].score)
    ranking.save("ranking")

Prior and tastes both rank, score and explain, by general taste or by a person's:

    generic, own = prior.score(["album/1.jpg"]), tastes.score(["album/1.jpg"])
    tastes.explain("album/1.jpg").save("why.png")

Tastes are kept in a file; a prior without ratings suggests what to rate:

    tastes.save("tastes.npz")
    tastes = piaa_tf.load_tastes("tastes.npz", prior)
    prior.suggest("album", 3)

`train_multitask`, `train_generic` and `meta_train` make priors.

Importing this package loads no TensorFlow: a public name is imported when it is first
used. It only looks at the installed versions, and switches `tf.keras` to Keras 2: a
Keras 3 would fail later and obscurely.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from piaa_tf.compatibility import use_keras_2_here
from piaa_tf.version import __version__

if TYPE_CHECKING:
    from piaa_tf.album.ranking import RankedPhoto
    from piaa_tf.errors import InputError
    from piaa_tf.library.explanation import Explanation
    from piaa_tf.library.files import load_prior, load_tastes
    from piaa_tf.library.prior import Prior
    from piaa_tf.library.ranking import Ranking
    from piaa_tf.library.tastes import Tastes
    from piaa_tf.library.training import meta_train, train_generic, train_multitask
    from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
    from piaa_tf.ratings import RatingRange
    from piaa_tf.training.meta.options import MetaOptions, MetaSchedule, TaskOptions
    from piaa_tf.training.options import RunOptions
    from piaa_tf.training.supervised.options import (
        FitOptions,
        LossOptions,
        StreamOptions,
    )

use_keras_2_here()

__all__ = [
    "BlgPiaaConfig",
    "Explanation",
    "FitOptions",
    "InputError",
    "LossOptions",
    "MetaOptions",
    "MetaSchedule",
    "PaIaaConfig",
    "Prior",
    "RankedPhoto",
    "Ranking",
    "RatingRange",
    "RunOptions",
    "StreamOptions",
    "TaskOptions",
    "Tastes",
    "__version__",
    "load_prior",
    "load_tastes",
    "meta_train",
    "train_generic",
    "train_multitask",
]

_HOMES = {
    "BlgPiaaConfig": "piaa_tf.models.config",
    "Explanation": "piaa_tf.library.explanation",
    "FitOptions": "piaa_tf.training.supervised.options",
    "InputError": "piaa_tf.errors",
    "LossOptions": "piaa_tf.training.supervised.options",
    "MetaOptions": "piaa_tf.training.meta.options",
    "MetaSchedule": "piaa_tf.training.meta.options",
    "PaIaaConfig": "piaa_tf.models.config",
    "Prior": "piaa_tf.library.prior",
    "RankedPhoto": "piaa_tf.album.ranking",
    "Ranking": "piaa_tf.library.ranking",
    "RatingRange": "piaa_tf.ratings",
    "RunOptions": "piaa_tf.training.options",
    "StreamOptions": "piaa_tf.training.supervised.options",
    "TaskOptions": "piaa_tf.training.meta.options",
    "Tastes": "piaa_tf.library.tastes",
    "load_prior": "piaa_tf.library.files",
    "load_tastes": "piaa_tf.library.files",
    "meta_train": "piaa_tf.library.training",
    "train_generic": "piaa_tf.library.training",
    "train_multitask": "piaa_tf.library.training",
}
"""Where each name is found when it is first used (PEP 562)."""


if not TYPE_CHECKING:  # a checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        """Imports a public name."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from piaa_tf.tensorflow_log import tensorflow_notes_hidden

        with tensorflow_notes_hidden():
            value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Lists the public names."""
    return sorted(__all__)
