"""Held-out users in the middle of a run: how well the prior adapts to them by now."""

from __future__ import annotations

import numpy as np

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.private_network import PrivateNetwork
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.data.images import load_images
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.evaluation.protocol import evaluate_scope, split
from piaa_tf.metrics import srocc
from piaa_tf.models.prior import Prior

MAX_USERS, MAX_TESTED = 16, 50
"""Bounds of time and memory for scope "all": users, and test pictures of each."""


class HeldOutUsers:
    """Adapts to users of the validation split, and measures on their other pictures."""

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
            num_images: pictures of each user to adapt to.
            seed: of the splits.

        Raises:
            InputError: No user has rated two pictures more than `num_images`.
        """
        users = [
            user
            for user in ratings.user_ids()
            if len(ratings.of_user(user)) >= num_images + 2
        ]
        if num_images < 2 or not users:
            raise InputError(
                "Held-out users need at least 2 pictures to adapt to and 2 more to "
                f"test on. Got validation_images={num_images} and {len(users)} such "
                f"users of {len(ratings.user_ids())}. Pass another "
                "--validation_images, or --validation_steps=0."
            )
        if scope == "all":
            users = users[:MAX_USERS]
        chosen = set(users)
        self._ratings = ratings.select([user in chosen for user in ratings.users])
        self._users, self._scope, self._loop = users, scope, loop
        self._num_images, self._seed = num_images, seed
        self._network: PrivateNetwork | None = None
        self._images: dict[str, np.ndarray] = {}

    def __call__(self, prior: Prior) -> dict[str, float]:
        """Measures a prior.

        Args:
            prior: of one config throughout.

        Returns:
            `heldout_before` and `heldout_after` adaptation: SROCC on the same
            pictures, averaged over users.
        """
        measure = self._measure_all if self._scope == "all" else self._measure_head
        before, after = np.mean(measure(prior), axis=0)
        return {"heldout_before": float(before), "heldout_after": float(after)}

    def _measure_head(self, prior: Prior) -> list[tuple[float, float]]:
        ratings = self._ratings
        names = list(dict.fromkeys(ratings.images))
        outputs = predict(prior, [ratings.photos / name for name in names])
        results = evaluate_scope(
            personal_score(prior, "head", ratings.rating_range),
            ratings,
            dict(zip(names, outputs["embedding"])),
            self._loop,
            num_images=self._num_images,
            num_reserved=self._num_images,
            repeats=1,
            seed=self._seed,
        )
        return [(result.prior_srocc, result.srocc) for result in results]

    def _measure_all(self, prior: Prior) -> list[tuple[float, float]]:
        if self._network is None:
            self._network = PrivateNetwork(
                prior, self._ratings.rating_range, self._loop
            )
        self._network.restart(prior)
        before = [self._srocc(user) for user in self._users]
        after = []
        for user in self._users:
            images, ratings = self._pictures(user)
            n = self._num_images
            self._network.adapt(images[:n], ratings[:n])
            after.append(self._srocc(user))
        return list(zip(before, after))

    def _srocc(self, user: str) -> float:
        """SROCC of the private network as it stands, on the user's test pictures."""
        images, ratings = (part[self._num_images :] for part in self._pictures(user))
        scores = self._network.prior.model(images, training=False)["score"]
        return srocc(scores[:, 0].numpy(), ratings)

    def _pictures(self, user: str) -> tuple[np.ndarray, np.ndarray]:
        """The user's pictures, decoded once, those to adapt to first; and ratings."""
        own = self._ratings.of_user(user)
        order = split(user, len(own), seed=self._seed, repeat=0)
        order = order[: self._num_images + MAX_TESTED]
        if user not in self._images:
            config = self._network.prior.config
            self._images[user] = load_images(
                [own.paths[i] for i in order],
                config.image_size,
                self._network.prior.keep_aspect,
            )
        return self._images[user], own.ratings[order]
