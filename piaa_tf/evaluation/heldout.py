"""Held-out users: how well a prior adapts to them while it is being trained."""

from __future__ import annotations

import numpy as np

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.evaluation.adapted_prior import BehindEmbedding, WholeNetwork
from piaa_tf.evaluation.protocol import measure, user_splits
from piaa_tf.evaluation.system import PersonalSystem
from piaa_tf.models.prior import Prior

MAX_USERS, MAX_TESTED = 16, 50
"""Limits of time and memory with scope "all": users, and test images of each."""


class HeldOutUsers:
    """Adapts to users of the validation split, and measures on their other images."""

    def __init__(
        self,
        ratings: PersonalRatings,
        *,
        scope: str,
        loop: InnerLoop,
        num_images: int = 10,
        seed: int = 0,
    ) -> None:
        """Chooses the users.

        Args:
            ratings: of users that the prior is not trained on.
            scope: "all" or "head", what adapts.
            loop: how it adapts.
            num_images: images of each user to adapt to.
            seed: of the splits.

        Raises:
            InputError: No user has rated at least two images more than `num_images`.
        """
        users = [
            user
            for user in ratings.user_ids()
            if len(ratings.of_user(user)) >= num_images + 2
        ]
        if num_images < 2 or not users:
            raise InputError(
                "Held-out users need at least 2 images to adapt to and 2 more to "
                f"test on. Got validation_images={num_images} and {len(users)} such "
                f"users of {len(ratings.user_ids())}. Pass another "
                "--validation_images, or --validation_steps=0."
            )
        if scope == "all":
            users = users[:MAX_USERS]
        chosen = set(users)
        self._ratings = ratings.select([user in chosen for user in ratings.users])
        self._splits = user_splits(
            self._ratings,
            {num_images: 1},
            seed=seed,
            max_tested=MAX_TESTED if scope == "all" else None,
        )
        self._scope, self._loop = scope, loop
        self._network: WholeNetwork | None = None

    def __call__(self, prior: Prior) -> dict[str, float]:
        """Measures a prior.

        Args:
            prior: of the same config in every call.

        Returns:
            `heldout_before` and `heldout_after` adaptation: SROCC on the same
            images, averaged over users.
        """
        results = measure(self._adapting(prior), self._splits)
        pairs = [(result.prior_srocc, result.srocc) for result in results]
        before, after = np.mean(pairs, axis=0)
        return {"heldout_before": float(before), "heldout_after": float(after)}

    def _adapting(self, prior: Prior) -> PersonalSystem:
        name, rating_range = "held-out users", self._ratings.rating_range
        if self._scope != "all":
            behind = BehindEmbedding(
                name, prior, rating_range, self._loop, scope="head"
            )
            behind.prepare(self._ratings)
            return behind
        if self._network is None:
            self._network = WholeNetwork(name, prior, rating_range, self._loop)
            self._network.prepare(self._ratings)
        self._network.restart(prior)
        return self._network
