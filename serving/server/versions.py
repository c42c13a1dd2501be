"""Which versions of a model should serve, and what to do next.

Pure functions of what lies in the base path, the version policy, and the states.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from absl import logging
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus
from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
    FileSystemStoragePathSourceConfig,
)

from serving.server.status import invalid_argument

VersionPolicy: TypeAlias = FileSystemStoragePathSourceConfig.ServableVersionPolicy

_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
_LARGEST = 2**63 - 1


class State(enum.IntEnum):
    """The life of a version, with the numbers of ModelVersionStatus."""

    START = ModelVersionStatus.START
    LOADING = ModelVersionStatus.LOADING
    AVAILABLE = ModelVersionStatus.AVAILABLE
    UNLOADING = ModelVersionStatus.UNLOADING
    END = ModelVersionStatus.END


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The state of one version.

    Attributes:
        number: of the version.
        state: where in its life it is.
        is_aspired: whether the policy selects it.
    """

    number: int
    state: State
    is_aspired: bool


@dataclasses.dataclass(frozen=True)
class Action:
    """What to do next: load or unload a version.

    Attributes:
        number: of the version.
        loads: whether it is loaded, or unloaded.
    """

    number: int
    loads: bool


def list_versions(base_path: str | Path, name: str) -> dict[int, Path]:
    """Lists the numbered entries of a base path; other names are left alone.

    Raises:
        ServingError: The base path is not there.
    """
    base = Path(base_path)
    try:
        children = sorted(entry.name for entry in base.iterdir())
    except OSError as error:
        raise invalid_argument(
            f"Could not find base path {base_path} for servable {name} "
            f"with error {error}"
        ) from error
    found: dict[int, Path] = {}
    for child in children:
        if not _NUMBER.fullmatch(child) or int(child) > _LARGEST:
            continue
        if int(child) in found:
            logging.warning(
                "Duplicate version directories detected. Version %d will be loaded "
                "from %s, %s will be ignored.",
                int(child),
                child,
                found[int(child)].name,
            )
        found[int(child)] = base / child
    return found


def aspired_versions(
    policy: VersionPolicy, found: Mapping[int, Path]
) -> dict[int, Path]:
    """Selects versions by the policy; by default the latest alone."""
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return dict(found)
    if choice == "specific":
        return {n: found[n] for n in policy.specific.versions if n in found}
    num_versions = max(1, policy.latest.num_versions)
    return {n: found[n] for n in sorted(found, reverse=True)[:num_versions]}


def next_action(snapshots: Iterable[Snapshot]) -> Action | None:
    """Chooses the next step so that a model that serves goes on serving.

    A version that is no longer wanted leaves only after one that is wanted serves, or
    when none is wanted at all; new versions load one by one, the highest first.
    """
    snapshots = list(snapshots)
    wanted = [s for s in snapshots if s.is_aspired]
    unwanted = [s for s in snapshots if not s.is_aspired]
    leaving = sorted(s.number for s in unwanted if s.state == State.AVAILABLE)
    has_successor = any(s.state == State.AVAILABLE for s in wanted)
    if leaving and (not wanted or has_successor or len(leaving) > 1):
        return Action(leaving[0], loads=False)
    waiting = [s.number for s in wanted if s.state == State.START]
    if waiting:
        return Action(max(waiting), loads=True)
    return None
