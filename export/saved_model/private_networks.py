"""Scope `all`: one served model per user, and one of the prior for everybody else.

    BASE/models.config              for tensorflow_model_server --model_config_file
    BASE/prior/VERSION/             the prior
    BASE/user.anna/VERSION/         anna's network
    BASE/user.bert-20b/VERSION/     that of the user 'bert b' (`user_ids.safe_name`)

All are rewritten from one graph, the prior's. A user's model answers every request by
that user's network; users without one ask `prior`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import logging
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from export.saved_model.next_version import (
    check_tastes,
    publish_export,
    publish_version,
)
from export.saved_model.rewrite import rewrite
from export.saved_model.save import Export
from export.saved_model.user_table import UserRows, check_forgotten, no_rows
from export.saved_model.version_folder import newest, versions
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.adaptation.user_network import UserNetwork
from piaa_tf.contract.manifest import MANIFEST_NAME, Manifest
from piaa_tf.contract.user_ids import (
    PRIOR_MODEL,
    USER_MODEL_PREFIX,
    private_model,
)
from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import remove_folder, write_file

CONFIG_NAME = "models.config"


def is_private(base_dir: str | os.PathLike[str]) -> bool:
    """Checks whether a folder has one model per user below it."""
    return (Path(base_dir) / CONFIG_NAME).exists()


def publish_private(
    export: Export | None,
    tastes: Tastes | None,
    base_dir: str | os.PathLike[str],
    forget: Sequence[str] = (),
    served_from: str = "",
) -> Path:
    """Publishes a model of each user with a taste, and of the prior.

    Args:
        export: of the prior, whose graph all share; users without a taste are then
            removed. None to continue from what is there.
        tastes: of scope "all": users who are added or replaced.
        base_dir: of all models.
        forget: users who are removed, even if `tastes` has them.
        served_from: as of `write_models_config`.

    Returns:
        The list of the models, for --model_config_file.

    Raises:
        InputError: An unknown user is to be forgotten, or as of `publish_networks`.
    """
    named = tastes.user_ids if tastes else ()
    before = private_users(base_dir)
    check_forgotten(forget, {*before, *named})
    if export is not None:
        publish_prior(export, base_dir)
    if tastes is not None:
        publish_networks(tastes, base_dir, skip=forget)
    leaving = {*forget, *(set(before) - set(named) if export is not None else ())}
    staying = [user for user in private_users(base_dir) if user not in leaving]
    path = write_models_config(base_dir, staying, served_from)
    remove_users(base_dir, [user for user in before if user in leaving])
    logging.info("users: %d, models: %s", len(staying), path)
    return path


def publish_prior(export: Export, base_dir: str | os.PathLike[str]) -> Path:
    """Publishes the prior, whose graph every user's model shares.

    Args:
        export: of the prior, with the scope "all".
        base_dir: of all models.

    Returns:
        The version's folder.
    """
    nobody = no_rows(export.personal().prior_weights.size)
    return publish_export(export, nobody, Path(base_dir) / PRIOR_MODEL)


def publish_networks(
    tastes: Tastes,
    base_dir: str | os.PathLike[str],
    skip: Sequence[str] = (),
) -> None:
    """Publishes a new version of the model of each user with a taste.

    Args:
        tastes: of scope "all".
        base_dir: of all models, the prior's among them.
        skip: users who get none.

    Raises:
        InputError: The tastes are of another prior, a network is missing or broken, or
            as of `publish_version`.
    """
    source = newest(Path(base_dir) / PRIOR_MODEL)
    shared = Manifest.load(source / MANIFEST_NAME)
    check_tastes(tastes, shared)
    rows = UserRows.of_tastes(tastes)
    rows = rows.without([user for user in rows.user_ids if user in skip])
    for i, user in enumerate(rows.user_ids):
        own = UserRows((user,), rows.weights[i : i + 1])
        network = _variables(tastes.networks[user], shared)
        manifest = dataclasses.replace(
            shared, user_id=user, num_users=1, adapted_by=tastes.adapted_by
        )
        write = functools.partial(
            rewrite,
            source,
            manifest=manifest,
            # In this model all other users get this user's network.
            prior_weights=own.weights[0],
            rows=own,
            network=network,
        )
        version = publish_version(
            Path(base_dir) / private_model(user), 0, write, is_new_graph=False
        )
        logging.info("network %d/%d: %s", i + 1, len(rows.user_ids), version)


def _variables(network: UserNetwork, shared: Manifest) -> list[np.ndarray]:
    """Reads the variables of a user's network, in the order of the prior's."""
    private = network.load()
    config = json.loads(json.dumps(dataclasses.asdict(private.config)))
    if (private.kind, config) != (shared.prior_kind, shared.prior_config):
        raise InputError(
            f"{network.directory} must hold a network of the published prior's kind "
            "and config. Got another. Adapt again with that prior."
        )
    return private.model.get_weights()


def model_folders(base_dir: str | os.PathLike[str]) -> list[Path]:
    """Lists the folders of versions: the prior's and each user's."""
    return [Path(base_dir) / PRIOR_MODEL, *private_users(base_dir).values()]


def private_users(base_dir: str | os.PathLike[str]) -> dict[str, Path]:
    """Finds the users with a model of their own, and its folder."""
    users = {}
    for folder in sorted(Path(base_dir).glob(f"{USER_MODEL_PREFIX}*")):
        if versions(folder):
            manifest = Manifest.load(newest(folder) / MANIFEST_NAME)
            users[manifest.user_id] = folder
    return users


def remove_users(base_dir: str | os.PathLike[str], user_ids: Sequence[str]) -> None:
    """Removes users' models, all versions of them."""
    for user in user_ids:
        remove_folder(Path(base_dir) / private_model(user))


def write_models_config(
    base_dir: str | os.PathLike[str], user_ids: Sequence[str], served_from: str = ""
) -> Path:
    """Writes what a model server reads to serve the prior and users' networks.

    Args:
        base_dir: of the models.
        user_ids: whose.
        served_from: where the server sees `base_dir`; empty for where it lies here.

    Returns:
        The file, for --model_config_file.
    """
    base = Path(base_dir)
    config = model_server_config_pb2.ModelServerConfig()
    for name in (PRIOR_MODEL, *map(private_model, user_ids)):
        config.model_config_list.config.add(
            name=name,
            base_path=f"{served_from or base.absolute().as_posix()}/{name}",
            model_platform="tensorflow",
        )
    path = base / CONFIG_NAME
    write_file(path, text_format.MessageToString(config))
    return path
