"""A prior whose way of adapting is chosen on validation users."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.adapted_prior import BehindEmbedding, Method, WholeNetwork
from piaa_tf.evaluation.baselines.priors import find_prior
from piaa_tf.evaluation.baselines.tuning import choose_settings, nearest
from piaa_tf.evaluation.system import PersonalModel, Training
from piaa_tf.models.prior import Prior

AdaptedPrior = BehindEmbedding | WholeNetwork

COSTLY_USERS, COSTLY_REPEATS = 8, 1
"""Validation users, and splits of each, if adapting takes seconds."""


class TunedPrior:
    """A prior of a role, whose method is chosen for each number n of ratings.

    Attributes:
        name: its name in the tables.
        role: of the prior.
        is_costly: as in `System`. The method is then chosen on few users, and in a
            quick evaluation not at all.
    """

    is_costly = False
    _adapted: AdaptedPrior

    def __init__(
        self,
        name: str,
        role: str,
        start: Callable[..., AdaptedPrior],
        methods: Sequence[Method],
    ) -> None:
        """Takes what makes the system.

        Args:
            name: its name in the tables.
            role: of the prior.
            start: (name, prior, rating range, method) -> what adapts the prior.
            methods: to choose from; the first where no user can be measured.
        """
        self.name, self.role = name, role
        self._start, self._methods = start, methods

    def fit(self, training: Training) -> None:
        """Finds or trains the prior, and chooses how it adapts."""
        prior = self.find(training)
        held_out = training.samples(PersonalRatings, self.name, "validation")
        self._adapted = self._start(
            self.name, prior, held_out.rating_range, self._methods[0]
        )
        self.prepare(held_out)
        is_short = self.is_costly and training.is_quick
        bounds = {"max_users": COSTLY_USERS, "repeats": COSTLY_REPEATS}
        self._chosen = choose_settings(
            self.adapt_by,
            self._methods[:1] if is_short else self._methods,
            training,
            system=self.name,
            **(bounds if self.is_costly else {}),
        )

    def find(self, training: Training) -> Prior:
        """Returns the prior that users start from."""
        return find_prior(self.role, training, self.name)

    def prepare(self, ratings: PersonalRatings) -> None:
        """Computes what adapting needs of the images."""
        self._adapted.prepare(ratings)

    def prior(self) -> PersonalModel:
        """Returns the model that all users start from."""
        return self._adapted.prior()

    def adapt(self, support: PersonalRatings) -> PersonalModel:
        """Adapts to one user by the method chosen for about as many ratings."""
        return self.adapt_by(support, nearest(self._chosen, len(support)))

    def adapt_by(self, support: PersonalRatings, method: Method) -> PersonalModel:
        """Adapts to one user by a given method."""
        self._adapted.method = method
        return self._adapted.adapt(support)
