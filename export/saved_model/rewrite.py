"""A new SavedModel from an old one: the same graph, other users, nothing traced.

The graph holds no user's numbers: rows are a variable, ids an asset, and a private
network (scope `all`) differs from the prior in its variables alone. So the graph's file
is copied, and the checkpoint is written again with some values replaced.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.saved_model.save import describe
from export.saved_model.user_table import (
    IDS_NAME,
    UserRows,
    read_ids,
    stacked,
    write_ids,
)
from piaa_tf.contract.manifest import Manifest

_GRAPH = "saved_model.pb"
_CHECKPOINT = "variables/variables"
_VALUE = ".ATTRIBUTES/VARIABLE_VALUE"
_USERS_KEY = f"users/weights/{_VALUE}"


def read_rows(source: str | os.PathLike[str]) -> tuple[np.ndarray, UserRows]:
    """Reads the users of a SavedModel.

    Args:
        source: a version that `save_export` or `rewrite` wrote.

    Returns:
        The prior's weights [P], and the users' rows.
    """
    weights = _reader(source).get_tensor(_USERS_KEY)
    return weights[0], UserRows(read_ids(_ids(source)), weights[1:])


def rewrite(
    source: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    manifest: Manifest,
    prior_weights: np.ndarray,
    rows: UserRows,
    network: Sequence[np.ndarray] | None = None,
) -> None:
    """Writes a SavedModel with the graph of another.

    Args:
        source: the SavedModel whose graph is taken.
        directory: an empty folder.
        manifest: of the new one, but for its files.
        prior_weights: for unknown users, [P].
        rows: the users.
        network: values of all the prior's variables, in their order; None for those
            of the source.
    """
    (Path(directory) / "assets").mkdir()
    (Path(directory) / "variables").mkdir()
    shutil.copyfile(Path(source) / _GRAPH, Path(directory) / _GRAPH)
    write_ids(_ids(directory), rows.user_ids)
    values = {_USERS_KEY: stacked(prior_weights, rows)}
    for i, value in enumerate(network or ()):
        values[f"network/{i}/{_VALUE}"] = value
    _write_checkpoint(source, directory, values)
    describe(manifest, rows.user_ids, directory)


def _write_checkpoint(
    source: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    values: Mapping[str, np.ndarray],
) -> None:
    reader = _reader(source)
    names = sorted(reader.get_variable_to_shape_map())
    missing = sorted(set(values) - set(names))
    if missing:
        raise ValueError(
            f"{source} must hold the variables of its prior. Got none of {missing[:3]}."
        )
    tf.raw_ops.SaveV2(
        prefix=os.fspath(Path(directory) / _CHECKPOINT),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[
            values[name] if name in values else reader.get_tensor(name)
            for name in names
        ],
    )


def _reader(source: str | os.PathLike[str]) -> tf.train.CheckpointReader:
    return tf.train.load_checkpoint(os.fspath(Path(source) / _CHECKPOINT))


def _ids(directory: str | os.PathLike[str]) -> Path:
    return Path(directory) / "assets" / IDS_NAME
