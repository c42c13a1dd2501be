"""Publishes a prior and its users: one model for all of them, or one for each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from absl import logging

from export.saved_model.next_version import publish_export, publish_update
from export.saved_model.private_networks import (
    is_private,
    model_folders,
    publish_private,
)
from export.saved_model.save import Export
from export.saved_model.user_table import UserRows, no_rows
from export.saved_model.version_folder import remove_old, versions
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.errors import InputError


def publish(
    export: Export | None,
    tastes: Tastes | None,
    base_dir: str | os.PathLike[str],
    *,
    forget: Sequence[str] = (),
    version: int = 0,
    keep: int = 0,
    served_from: str = "",
) -> Path:
    """Publishes a prior and its users for a model server.

    Users of the scopes `fusion` and `head` are rows of one model. With scope `all`,
    each user has a model, which holds that user's network.

    Args:
        export: the prior and its graph, for these users alone; None to continue from
            the newest version, its graph and its users, without tracing anything.
        tastes: users who are added or replaced; None for nobody.
        base_dir: of the versions, or of all models.
        forget: users who are removed, even if `tastes` has them.
        version: the number, 0 for the next one; users' models have numbers of their
            own.
        keep: how many versions of a model stay; 0 for all.
        served_from: where the server sees `base_dir`, if elsewhere; for the list of
            users' models.

    Returns:
        The version's folder; where users have models of their own, the list of them.

    Raises:
        InputError: The tastes do not fit the prior or what is there, an unknown user is
            to be forgotten, or a version cannot be written or asked.
    """
    if tastes.scope == "all" if tastes else is_private(base_dir):
        if version or (export and export.one_signature_per_user):
            raise InputError(
                "With tastes of scope 'all' every user has a model, whose versions are "
                "counted by themselves. Leave --version and --one_signature_per_user "
                "out."
            )
        published = publish_private(export, tastes, base_dir, forget, served_from)
        models = model_folders(base_dir)
    else:
        published = _publish_shared(export, tastes, base_dir, forget, version)
        models = [Path(base_dir)]
    for model in models:
        remove_old(model, keep)
    older = versions(base_dir)[:-1]
    if forget and older:
        logging.warning(
            "%s left with this version; versions %s still have them: --keep=1 removes "
            "those",
            ", ".join(forget),
            ", ".join(map(str, older)),
        )
    return published


def _publish_shared(
    export: Export | None,
    tastes: Tastes | None,
    base_dir: str | os.PathLike[str],
    forget: Sequence[str],
    version: int,
) -> Path:
    """Publishes one model for all users."""
    if export is None:
        path = publish_update(base_dir, tastes, forget, version)
    else:
        nobody = no_rows(export.personal().prior_weights.size)
        rows = UserRows.of_tastes(tastes) if tastes else nobody
        path = publish_export(export, rows.without(forget), base_dir, version)
    logging.info("version: %s", path)
    return path
