"""What a data set offers to an evaluation: up to three kinds, in three splits."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from typing import Any

import numpy as np
from absl import logging

from piaa_tf.data.datasets import catalog
from piaa_tf.data.samples import (
    LikedImages,
    PersonalRatings,
    ScoreDistributions,
)
from piaa_tf.errors import InputError
from piaa_tf.evaluation.system import SamplesByKind

KINDS = (ScoreDistributions, LikedImages, PersonalRatings)
VALIDATION_SHARE = 0.1
"""Share of the training users, where a data set has no validation users."""


@dataclasses.dataclass(frozen=True, eq=False)
class EvaluationData:
    """The samples of a data set.

    Attributes:
        train: kind -> samples, of the kinds that there are.
        validation: the same for other images and people.
        test: the same for others again.
    """

    train: SamplesByKind
    validation: SamplesByKind
    test: SamplesByKind

    def fingerprint(self) -> str:
        """Returns a hash of all images, users and numbers, to identify the data."""
        digest = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            for kind, samples in split.items():
                digest.update(kind.__name__.encode())
                for field in samples.ROW_FIELDS:
                    values = getattr(samples, field)
                    if isinstance(values, np.ndarray):
                        digest.update(np.ascontiguousarray(values).tobytes())
                    else:
                        digest.update("\n".join(values).encode())
        return digest.hexdigest()[:16]


def load_evaluation_data(
    dataset: str, data_dir: str | os.PathLike[str] | None
) -> EvaluationData:
    """Loads everything that a data set has.

    Where there are training users and no validation users, every tenth training user
    is set aside, so that settings can be chosen.

    Args:
        dataset: a name of `data.catalog`.
        data_dir: its folder.

    Returns:
        The samples; a kind whose file does not exist is left out.

    Raises:
        InputError: A table exists and is broken, the data set is unknown, or the test
            split has no ratings.
    """
    # Any: a dict's type cannot say that each value is of the kind that is its key.
    splits: dict[str, Any] = {}
    for split in ("train", "validation", "test"):
        splits[split] = {}
        contents = catalog.find(dataset).contents
        for kind in KINDS if contents is None else contents.get(split, ()):
            try:
                splits[split][kind] = catalog.load(dataset, kind, data_dir, split)
            except InputError as error:
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
                logging.info("%s: no %s in %s", dataset, kind.__name__, split)
    if PersonalRatings not in splits["test"]:
        raise InputError(
            "An evaluation needs ratings of test users. "
            f"Got none in {data_dir or dataset}. Give test/ratings.csv."
        )
    train, validation = splits["train"], splits["validation"]
    if PersonalRatings in train and PersonalRatings not in validation:
        train[PersonalRatings], validation[PersonalRatings] = _set_aside(
            train[PersonalRatings]
        )
    return EvaluationData(train, validation, splits["test"])


def _set_aside(ratings: PersonalRatings) -> tuple[PersonalRatings, PersonalRatings]:
    users = ratings.user_ids()
    every = max(2, round(1 / VALIDATION_SHARE))
    aside = set(users[::every])
    is_aside = np.array([user in aside for user in ratings.users])
    if is_aside.all():
        raise InputError(
            "Training needs at least two users, one of them to choose settings on. "
            f"Got {len(users)} in the train split."
        )
    logging.info("%d of %d training users set aside", len(aside), len(users))
    return ratings.select(~is_aside), ratings.select(is_aside)
