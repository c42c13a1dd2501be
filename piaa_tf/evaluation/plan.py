"""Which numbers of images an evaluation measures, and how often."""

from __future__ import annotations

import dataclasses

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.evaluation_data import EvaluationData
from piaa_tf.evaluation.protocol import with_enough_ratings
from piaa_tf.evaluation.system import System


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is measured, how often, and on which users.

    Attributes:
        num_images: the numbers n of the tables.
        repeats: splits of each user.
        costly_repeats: the same for systems that adapt a whole network.
        curve: the numbers n of the learning curve; costly systems get a single split
            where an n is not in the tables.
        same_tests: whether all n are tested on the same images of a user.
        max_users: how many of the test users, from the first; 0 for all.
        seed: of the splits.
    """

    num_images: tuple[int, ...]
    repeats: int
    costly_repeats: int
    curve: tuple[int, ...]
    same_tests: bool
    max_users: int
    seed: int

    @property
    def num_reserved(self) -> int:
        """How many ratings a user must have besides those to test on."""
        return max((*self.num_images, *self.curve))

    def tested(self, data: EvaluationData) -> PersonalRatings:
        """Returns the ratings of those test users who are measured.

        Raises:
            InputError: No user has rated enough.
        """
        ratings = with_enough_ratings(data.test[PersonalRatings], self.num_reserved)
        if not self.max_users:
            return ratings
        first = set(ratings.user_ids()[: self.max_users])
        return ratings.select([user in first for user in ratings.users])

    def repeats_of(self, system: System) -> dict[int, int]:
        """Returns n -> repeats for one system, ascending."""
        in_table = self.costly_repeats if system.is_costly else self.repeats
        in_curve = 1 if system.is_costly else self.repeats
        return {
            n: in_table if n in self.num_images else in_curve
            for n in sorted({*self.num_images, *self.curve})
        }
