"""Everything that a report is made of, for its tables, pages and figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from piaa_tf.data.samples import LikedImages, PersonalRatings, ScoreDistributions
from piaa_tf.evaluation.bounds import Bounds
from piaa_tf.evaluation.measurement import Measurement
from piaa_tf.evaluation.plan import Plan


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """One evaluation.

    Attributes:
        data: name of the data in every heading, such as "simulated gallery".
        is_simulated: whether the data are simulated.
        backbone: of the networks trained for it.
        plan: what was measured, and how often.
        measurements: of each system, in the order of the tables.
        left_out: name in `--systems` -> why the system could not be evaluated.
        ratings: of the test users.
        scores: of the test images, or None.
        likes: of the people in the test split, or None.
        bounds: the best possible scores; None where the truth is unknown.
        trait_shares: share of variance that follows from personality -> bounds and
            measurements, including the main gallery's own share; empty for other data.
        backbones: further backbone -> measurements of its systems.
        command: the command line; empty if no program was called.
    """

    data: str
    is_simulated: bool
    backbone: str
    plan: Plan
    measurements: Sequence[Measurement]
    left_out: Mapping[str, str]
    ratings: PersonalRatings
    scores: ScoreDistributions | None
    likes: LikedImages | None
    bounds: Bounds | None
    trait_shares: Mapping[float, tuple[Bounds, Sequence[Measurement]]]
    backbones: Mapping[str, Sequence[Measurement]]
    command: str

    @property
    def personal(self) -> list[Measurement]:
        """The systems that adapt to users."""
        return [found for found in self.measurements if found.results]

    def named(self, name: str) -> Measurement | None:
        """Finds a system by its name in the tables."""
        return next((m for m in self.measurements if m.name == name), None)

    @property
    def measured(self) -> str:
        """The mark of measured columns."""
        return f"measured, {self.data}"
