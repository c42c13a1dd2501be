"""Loads priors and tastes that a training, a program or `save` wrote."""

from __future__ import annotations

import os

from piaa_tf.adaptation import taste
from piaa_tf.library.arguments import check_type
from piaa_tf.library.prior import Prior
from piaa_tf.library.tastes import Tastes
from piaa_tf.models import prior as trained_prior


def load_prior(directory: str | os.PathLike[str]) -> Prior:
    """Loads a prior.

    Args:
        directory: a folder that `Prior.save` or a training wrote: RUN_DIR/prior.

    Returns:
        The prior.

    Raises:
        InputError: Files are missing or broken, or do not fit together.
    """
    check_type("directory", directory, (str, os.PathLike), "the path of a folder")
    return Prior(trained_prior.load_prior(directory))


def load_tastes(path: str | os.PathLike[str], prior: Prior) -> Tastes:
    """Loads tastes that `Tastes.save` or piaa-adapt wrote.

    Args:
        path: the file.
        prior: the prior that they were adapted from.

    Returns:
        The tastes.

    Raises:
        InputError: The file is missing or broken, or belongs to another prior.
    """
    check_type("path", path, (str, os.PathLike), "the path of a file")
    check_type("prior", prior, Prior, "a prior, as load_prior returns it")
    return Tastes(prior, taste.Tastes.load(path))
