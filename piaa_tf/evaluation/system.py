"""A system of the tables: what it learns from, and what it must offer.

A system is a class with a `name`, a `fit`, the role of the prior that it starts from,
and whether adapting is costly. Its other methods decide which tables it appears in: a
`GenericSystem` predicts what people give on average, or the traits of those who like
an image; a `PersonalSystem` adapts to a user. One class may be both.

    system.fit(training)                      once, on training users
    system.prepare(ratings)                   once, for all ratings of test users
    before = system.prior().predict(images)   without personal data
    after = system.adapt(support).predict(images)     for each user, n and repeat
"""

from __future__ import annotations

import dataclasses
from collections.abc import ItemsView, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from piaa_tf.data.samples import (
    AnySamples,
    LikedImages,
    PersonalRatings,
    Samples,
    ScoreDistributions,
)
from piaa_tf.errors import InputError

KIND_NAMES = {
    ScoreDistributions: "score distributions",
    LikedImages: "liked images with traits",
    PersonalRatings: "personal ratings",
}


class SamplesByKind(Protocol):
    """A dict from kinds to samples, each value of the kind that is its key."""

    def __getitem__(self, kind: type[AnySamples], /) -> AnySamples:
        """Returns the samples of a kind, which must exist."""
        ...

    def __contains__(self, kind: object, /) -> bool:
        """Checks whether there are samples of a kind."""
        ...

    def get(self, kind: type[AnySamples], /) -> AnySamples | None:
        """Returns the samples of a kind; None where there are none."""
        ...

    def items(self) -> ItemsView[type[Samples], Samples]:
        """Returns each kind with its samples."""
        ...


class MissingSamplesError(InputError):
    """A system lacks samples that it is fitted on; the message says which.

    When all systems are asked for, such a system is left out of the tables.
    """


@dataclasses.dataclass(frozen=True, eq=False)
class Training:
    """What a system may be fitted on, without anything from test users.

    Attributes:
        train: samples by their kind, of those kinds that the data set has.
        validation: the same for other images and people; settings are chosen on it.
        work_dir: folder for what a system keeps, such as checkpoints, so that an
            interrupted evaluation continues. Systems that share a prior find it here.
        num_images: the numbers n of ratings that test users will give, ascending.
        seed: of everything random.
        is_quick: whether to spend a fraction of the time, on fewer epochs and settings.
        backbone: of the networks trained here.
        image_size: of their input, in pixels.
        priors: role -> folder of a prior that the user provides; it is not trained.
    """

    train: SamplesByKind
    validation: SamplesByKind
    work_dir: Path
    num_images: tuple[int, ...] = (10, 100)
    seed: int = 0
    is_quick: bool = False
    backbone: str = "compact"
    image_size: int = 64
    priors: Mapping[str, Path] = dataclasses.field(default_factory=dict)

    def samples(
        self, kind: type[AnySamples], system: str, split: str = "train"
    ) -> AnySamples:
        """Returns the samples of a kind.

        Args:
            kind: `ScoreDistributions`, `LikedImages` or `PersonalRatings`.
            system: name of the system that needs them, for the message.
            split: "train" or "validation".

        Raises:
            MissingSamplesError: The data set has none.
        """
        splits = {"train": self.train, "validation": self.validation}
        found = splits[split].get(kind)
        if found is None:
            raise MissingSamplesError(
                f"{system} needs {KIND_NAMES[kind]} in the {split} split. The data set "
                "has none. Omit the system from --systems, or give its --prior."
            )
        return found

    def average_samples(self, system: str) -> ScoreDistributions | PersonalRatings:
        """Returns samples to learn average scores from, a crowd's or else users'.

        Args:
            system: as in `samples`.

        Raises:
            MissingSamplesError: The data set has neither.
        """
        if ScoreDistributions in self.train:
            return self.samples(ScoreDistributions, system)
        return self.samples(PersonalRatings, system)


class PersonalModel(Protocol):
    """One user's scores."""

    @property
    def num_weights(self) -> int:
        """How many numbers are kept for this user alone; 0 for the prior."""
        ...

    def predict(self, images: Sequence[str]) -> np.ndarray:
        """Scores images by their names in the prepared ratings.

        Args:
            images: [N], each among those of `PersonalSystem.prepare`.

        Returns:
            [N] scores, higher is better. They may lie in the users' rating range, but
            only their order is measured.
        """
        ...


class System(Protocol):
    """What all systems share."""

    @property
    def name(self) -> str:
        """Its name in the tables, such as "PA_IAA" or "FPMF (content)"."""
        ...

    @property
    def role(self) -> str | None:
        """The role of the prior that it starts from; None where it starts from none."""
        ...

    @property
    def is_costly(self) -> bool:
        """Whether it adapts a whole network, and so gets fewer repeats.

        That takes seconds for each user, where others take milliseconds.
        """
        ...

    def fit(self, training: Training) -> None:
        """Learns everything that does not depend on test users.

        Deterministic in `training.seed`.

        Raises:
            MissingSamplesError: Samples of a kind that it needs are missing.
        """
        ...


@runtime_checkable
class PersonalSystem(Protocol):
    """A system that adapts to a user's ratings."""

    @property
    def name(self) -> str:
        """Its name in results and tables."""
        ...

    def prepare(self, ratings: PersonalRatings) -> None:
        """Computes once what is needed of the images, such as embeddings.

        Args:
            ratings: of all users to be tested. Only `images`, `paths` and
                `rating_range` may be read here.
        """
        ...

    def prior(self) -> PersonalModel:
        """Returns the model of a user about whom nothing is known."""
        ...

    def adapt(self, support: PersonalRatings) -> PersonalModel:
        """Learns one user from that user's ratings alone.

        Args:
            support: n ratings of one user, a part of the prepared ones.

        Returns:
            The user's model. It may become invalid with the next call of `adapt` or
            `prior`: one private network serves one user after another.
        """
        ...


@runtime_checkable
class GenericSystem(System, Protocol):
    """A system that predicts what needs no user."""

    def predict_generic(self, samples: Samples) -> dict[str, np.ndarray]:
        """Predicts for each image of a set.

        Args:
            samples: N images; only `images` and `paths` may be read.

        Returns:
            Some of `score` [N] in 0..1 of the range of scores, `distribution`
            [N, bins] whose rows sum to one, `traits` [N, 5] in [-1, 1].
        """
        ...
