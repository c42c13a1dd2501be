"""Adapts users: a prior and ratings in, tastes out, whatever the scope."""

from __future__ import annotations

import os

import numpy as np
from absl import logging

from piaa_tf.adaptation.adapt import InnerLoop, adapt_supports
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.private_network import PrivateNetwork
from piaa_tf.adaptation.ridge import RidgeFit, ridge_supports
from piaa_tf.adaptation.scopes import PersonalScore, personal_score
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.adaptation.user_network import UserNetwork
from piaa_tf.data.images import load_images
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.files.progress import OnProgress
from piaa_tf.models.prior import Prior

LOOPS = {
    "fusion": InnerLoop(steps=20, rate=0.02),
    "head": InnerLoop(steps=20, rate=3e-4),
    "all": InnerLoop(steps=20, rate=1e-5),
}
"""Steps and rate of each scope.

Those of `all` are the released code's; the others were chosen on the validation users
of the simulated gallery, where more steps fit ten ratings and forget the prior. Some
hundred ratings do better with three times the head's rate, and better yet with ridge.
"""


def check_ratings(ratings: PersonalRatings) -> None:
    """Refuses users whose ratings cannot teach a taste.

    Raises:
        InputError: A user has fewer than two ratings, or rates everything the same.
    """
    for user in ratings.user_ids():
        own = ratings.of_user(user).ratings
        if len(own) < 2:
            raise InputError(
                "A user needs at least two ratings to adapt to. Got "
                f"{len(own)} from user {user!r}. Rate more photos; ten are good."
            )
        if np.all(own == own[0]):
            raise InputError(
                "A user's ratings must differ from each other, or they say nothing "
                f"about taste. Got {len(own)} ratings of {own[0]:g} from user "
                f"{user!r}. Rate some photos higher and some lower."
            )


def adapt_by(
    personal: PersonalScore,
    supports: list[tuple[np.ndarray, np.ndarray]],
    method: InnerLoop | RidgeFit,
) -> np.ndarray:
    """Adapts weights behind the embedding by either method, [supports, P]."""
    if isinstance(method, RidgeFit):
        return ridge_supports(personal, supports, method)
    return adapt_supports(personal, supports, method)


def adapt_tastes(
    prior: Prior,
    scope: str,
    ratings: PersonalRatings,
    method: InnerLoop | RidgeFit,
    *,
    scratch: str | os.PathLike[str] | None = None,
    progress: OnProgress | None = None,
) -> Tastes:
    """Adapts every user of a set of ratings, each to their own ratings alone.

    Args:
        prior: the prior; it is not changed.
        scope: one of `scopes.SCOPES`.
        ratings: of any number of users.
        method: the inner loop, or ridge.
        scratch: folder that holds the users' networks of scope `all` until the tastes
            are saved or deleted; None for the system's temporary folder.
        progress: called with how many photos have been embedded or, with scope `all`,
            how many users have been adapted.

    Returns:
        One taste per user, in the order of `ratings.user_ids()`; nothing is saved.

    Raises:
        InputError: A user's ratings cannot teach a taste, an image is broken, the
            prior does not have the scope, or ridge is asked of the scope `all`.
    """
    check_ratings(ratings)
    personal = personal_score(prior, scope, ratings.rating_range)
    users = ratings.user_ids()
    networks: dict[str, UserNetwork] = {}
    if scope == "all":
        if not isinstance(method, InnerLoop):
            raise InputError(
                f"scope 'all' is adapted by adam. Got {method}. "
                "Pass --method=adam, or --scope=head."
            )
        weights, networks = _adapt_networks(prior, ratings, method, scratch, progress)
    else:
        images = sorted(set(ratings.images))
        paths = [ratings.photos / image for image in images]
        embedding = predict(prior, paths, progress=progress)
        row = {image: i for i, image in enumerate(images)}
        supports = [
            (embedding["embedding"][[row[image] for image in own.images]], own.ratings)
            for own in map(ratings.of_user, users)
        ]
        weights = adapt_by(personal, supports, method)
    return Tastes(
        user_ids=tuple(users),
        weights=weights,
        num_ratings=np.array([len(ratings.of_user(user)) for user in users]),
        scope=scope,
        adapted_by=str(method),
        rating_range=ratings.rating_range,
        prior_checksum=prior.checksum(),
        networks=networks,
    )


def _adapt_networks(
    prior: Prior,
    ratings: PersonalRatings,
    loop: InnerLoop,
    scratch: str | os.PathLike[str] | None,
    progress: OnProgress | None,
) -> tuple[np.ndarray, dict[str, UserNetwork]]:
    adapting = PrivateNetwork(prior, ratings.rating_range, loop)
    rows, networks = [], {}
    users = ratings.user_ids()
    for i, user in enumerate(users, start=1):
        own = ratings.of_user(user)
        image = load_images(
            own.paths, prior.config.image_size, keep_aspect=prior.keep_aspect
        )
        rows.append(adapting.adapt(image, own.ratings))
        networks[user] = UserNetwork.temporary(adapting.prior, scratch)
        logging.info("network %d/%d adapted", i, len(users))
        if progress:
            progress(i, len(users))
    return np.stack(rows), networks
