"""A user's own network of scope `all`, kept on disk until it is needed.

TensorFlow is imported when a network is read or written: reading tastes alone does not
need it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import atomic_folder

if TYPE_CHECKING:
    from piaa_tf.models.prior import Prior


class UserNetwork:
    """One user's network, in the form of a prior.

    Many users' networks do not fit into memory together, so each has a folder.

    Attributes:
        directory: the folder.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        """Names the folder; nothing is read before `load`."""
        self.directory = Path(directory)

    @classmethod
    def temporary(
        cls, prior: Prior, scratch: str | os.PathLike[str] | None = None
    ) -> UserNetwork:
        """Writes a network into a folder that is deleted with the object.

        Args:
            prior: the network.
            scratch: where the folder is made; None for the system's temporary folder.
        """
        from piaa_tf.models.prior import save_prior

        if scratch is not None:
            Path(scratch).mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".network-", dir=scratch))
        network = cls(folder / "network")
        weakref.finalize(network, shutil.rmtree, folder, ignore_errors=True)
        save_prior(prior, network.directory)
        return network

    def load(self) -> Prior:
        """Reads the network.

        Raises:
            InputError: It is missing or broken.
        """
        from piaa_tf.models.prior import load_prior

        return load_prior(self.directory)

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Copies the network into another folder, which is replaced as a whole.

        Raises:
            InputError: The network is missing.
        """
        if Path(directory).resolve() == self.directory.resolve():
            return
        if not self.directory.is_dir():
            raise InputError(
                f"A user's network must lie in {self.directory}. Got no such folder. "
                "Restore it, or adapt again with piaa-adapt."
            )
        with atomic_folder(directory, replace=True) as folder:
            shutil.copytree(self.directory, folder, dirs_exist_ok=True)


def user_directory(adapted: str | os.PathLike[str], user_id: str) -> Path:
    """Names the folder of a user's network; any user id makes one safe name.

    >>> user_directory("adapted", "../anna b").as_posix()
    'adapted/%2E%2E%2Fanna%20b'
    """
    return Path(adapted) / quote(user_id, safe="").replace(".", "%2E")
