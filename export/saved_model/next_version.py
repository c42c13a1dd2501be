"""The next version of one model: written aside, checked as a server would, renamed."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from export.saved_model.check import check_export
from export.saved_model.rewrite import read_rows, rewrite
from export.saved_model.save import Export, save_export
from export.saved_model.user_table import UserRows
from export.saved_model.version_folder import free_version, new_version, newest
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.contract.manifest import MANIFEST_NAME, Manifest
from piaa_tf.errors import InputError


def publish_version(
    base_dir: str | os.PathLike[str],
    version: int,
    write: Callable[[Path], None],
    *,
    is_new_graph: bool = True,
) -> Path:
    """Publishes what a function writes, once it has been checked.

    Args:
        base_dir: of the versions.
        version: the number, 0 for the next one.
        write: fills an empty folder with a SavedModel and all beside it.
        is_new_graph: as of `check_export`.

    Returns:
        The version's folder.

    Raises:
        InputError: The version exists, the disk is full, or the check fails. Then
            nothing is published.
    """
    number = free_version(base_dir, version)
    with new_version(base_dir, number) as directory:
        write(directory)
        check_export(directory, is_new_graph=is_new_graph)
    return Path(base_dir) / str(number)


def publish_export(
    export: Export, rows: UserRows, base_dir: str | os.PathLike[str], version: int = 0
) -> Path:
    """Publishes a prior and its users; the arguments are those of `publish_version`."""
    return publish_version(base_dir, version, lambda d: save_export(export, rows, d))


def publish_update(
    base_dir: str | os.PathLike[str],
    tastes: Tastes | None,
    forget: Sequence[str] = (),
    version: int = 0,
) -> Path:
    """Publishes the newest version again with other users; nothing is traced.

    Args:
        base_dir: of the versions.
        tastes: users who are added or replaced; the others stay as they are, bit for
            bit.
        forget: users who are removed, even if `tastes` has them.
        version: the number, 0 for the next one.

    Returns:
        The version's folder.

    Raises:
        InputError: There is no version yet, the tastes do not fit it, or as of
            `publish_version`.
    """
    source = newest(base_dir)
    manifest = Manifest.load(source / MANIFEST_NAME)
    if any(name not in manifest.served() for name in manifest.signatures):
        raise InputError(
            "An update replaces users, not signatures. Got a version with one "
            "signature per user. Export again without --update."
        )
    prior_weights, rows = read_rows(source)
    if tastes is not None:
        check_tastes(tastes, manifest)
        rows = rows.merged(UserRows.of_tastes(tastes))
        manifest = dataclasses.replace(manifest, adapted_by=tastes.adapted_by)
    rows = rows.without(forget)
    manifest = dataclasses.replace(manifest, num_users=len(rows.user_ids))
    return publish_version(
        base_dir,
        version,
        lambda d: rewrite(source, d, manifest, prior_weights, rows),
        is_new_graph=False,
    )


def check_tastes(tastes: Tastes, manifest: Manifest) -> None:
    """Refuses tastes that cannot be added to an export.

    Raises:
        InputError: They are of another prior, scope or rating range.
    """
    tastes.check_prior(manifest.prior_checksum)
    for name in ("scope", "rating_range"):
        wanted, found = getattr(manifest, name), getattr(tastes, name)
        if found != wanted:
            raise InputError(
                f"Tastes join users of the same {name}, {wanted}. Got {found}. "
                "Export to another --base_dir."
            )
