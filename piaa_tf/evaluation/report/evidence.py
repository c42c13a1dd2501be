"""All that a report is made of, for whoever writes tables, pages and pictures."""

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
        data: what the data are called in every heading, such as "simulated gallery".
        is_simulated: whether they are.
        backbone: of the networks trained for it.
        plan: how often what was measured.
        measurements: of each system, in the order of the tables.
        left_out: name as a flag -> why it could not be evaluated.
        ratings: of the test users.
        scores: of the test pictures, or None.
        likes: of the test likers, or None.
        bounds: or None where nobody knows the truth.
        trait_shares: share of variance that follows from personality -> bounds and
            measurements, the main gallery's own share among them; empty elsewhere.
        backbones: further backbone -> measurements of its systems.
        command: what was called; empty where no program was.
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
        """How measured columns are marked."""
        return f"measured, {self.data}"
