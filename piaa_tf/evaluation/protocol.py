"""The protocol of the tables: adapt to n images of a user, test on the rest, repeat.

Slides, "PIAA Database: FLICKR-AES": 10 or 100 images of each unseen user for
adaptation, all others for test, SROCC per user. Splits depend on (seed, user, repeat)
alone, so that methods are compared on the same ones, and 10 images are the first of the
100. `measure_system` does so for any system of the tables; `evaluate_scope` and
`evaluate_network` for what a prior's scopes alone can do.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from piaa_tf.adaptation.adapt import InnerLoop, score_users
from piaa_tf.adaptation.private_network import PrivateNetwork
from piaa_tf.adaptation.ridge import RidgeFit
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.adaptation.users import adapt_by
from piaa_tf.data.images import load_images
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.evaluation.results import Result
from piaa_tf.evaluation.system import PersonalSystem
from piaa_tf.metrics import srocc


@dataclass(frozen=True)
class UserResult:
    """What was measured of one user in one repeat.

    Attributes:
        user_id: whose.
        repeat: number of the split.
        num_images: n, images adapted to.
        prior_srocc: SROCC of the prior's score on the test images.
        srocc: SROCC of the personal score on the same images.
    """

    user_id: str
    repeat: int
    num_images: int
    prior_srocc: float
    srocc: float


def split(user_id: str, count: int, *, seed: int, repeat: int) -> np.ndarray:
    """Orders a user's ratings at random: the first n adapt, the last ones test.

    Args:
        user_id: whose.
        count: number of the user's ratings.
        seed: of the evaluation.
        repeat: number of the split.

    Returns:
        A permutation of range(count), the same on every machine.
    """
    key = (seed, repeat, zlib.crc32(user_id.encode("utf-8")))
    return np.random.default_rng(key).permutation(count)


def evaluate_network(
    network: PrivateNetwork,
    ratings: PersonalRatings,
    *,
    num_images: int,
    num_reserved: int,
    repeats: int,
    seed: int,
) -> list[UserResult]:
    """Measures adaptation of the whole network for every user and repeat.

    Args:
        network: adapts and scores; it forgets one user before the next.
        ratings: of unseen users.
        num_images: as in `evaluate_scope`.
        num_reserved: as in `evaluate_scope`.
        repeats: splits per user.
        seed: of the splits.

    Returns:
        One result per user and repeat, on the splits of `evaluate_scope`.

    Raises:
        InputError: A user has too few ratings to test on.
    """
    results = []
    for user, own in _testable(ratings, num_images, num_reserved):
        config = network.prior.config
        image = load_images(own.paths, config.image_size, network.prior.keep_aspect)
        network.forget()
        prior = network.score(image)
        for repeat in range(repeats):
            order = split(user, len(own), seed=seed, repeat=repeat)
            support, tested = order[:num_images], order[num_reserved:]
            network.adapt(image[support], own.ratings[support])
            scores = network.score(image[tested])
            results.append(
                UserResult(
                    user,
                    repeat,
                    num_images,
                    prior_srocc=srocc(prior[tested], own.ratings[tested]),
                    srocc=srocc(scores, own.ratings[tested]),
                )
            )
    return results


def _testable(
    ratings: PersonalRatings, num_images: int, num_reserved: int
) -> Iterator[tuple[str, PersonalRatings]]:
    """Gives each user with their ratings, after checking that they suffice."""
    if not 2 <= num_images <= num_reserved:
        raise InputError(
            "num_images must be at least 2 and at most num_reserved. "
            f"Got {num_images} and {num_reserved}."
        )
    for user in ratings.user_ids():
        own = ratings.of_user(user)
        if len(own) < num_reserved + 2:
            raise InputError(
                f"A user needs {num_reserved} images to adapt to and two to test on. "
                f"Got {len(own)} ratings of user {user!r}."
            )
        yield user, own


def evaluate_scope(
    personal: PersonalScore,
    ratings: PersonalRatings,
    embeddings: dict[str, np.ndarray],
    method: InnerLoop | RidgeFit,
    *,
    num_images: int,
    num_reserved: int,
    repeats: int,
    seed: int,
) -> list[UserResult]:
    """Measures adaptation behind the embedding for every user and repeat.

    Args:
        personal: the scope's score.
        ratings: of unseen users.
        embeddings: image -> embedding [D], for every rated image.
        method: the inner loop, or ridge.
        num_images: n.
        num_reserved: images of each user that are never tested, at least `num_images`;
            the same number for all n gives all n the same test images.
        repeats: splits per user.
        seed: of the splits.

    Returns:
        One result per user and repeat.

    Raises:
        InputError: A user has too few ratings to test on.
    """
    cases = []
    for user, own in _testable(ratings, num_images, num_reserved):
        embedding = np.stack([embeddings[image] for image in own.images])
        for repeat in range(repeats):
            order = split(user, len(own), seed=seed, repeat=repeat)
            cases.append((user, repeat, order, embedding, own.ratings))
    supports = [
        (embedding[order[:num_images]], rating[order[:num_images]])
        for _, _, order, embedding, rating in cases
    ]
    weights = adapt_by(personal, supports, method)
    start = personal.prior_weights
    results = []
    for (user, repeat, order, embedding, rating), row in zip(cases, weights):
        tested = order[num_reserved:]
        prior, own = score_users(personal, np.stack([start, row]), embedding[tested])
        results.append(
            UserResult(
                user,
                repeat,
                num_images,
                prior_srocc=srocc(prior, rating[tested]),
                srocc=srocc(own, rating[tested]),
            )
        )
    return results


MIN_TESTED = 2
"""Images without which a user's ranking cannot be measured."""


def with_enough_ratings(ratings: PersonalRatings, num_reserved: int) -> PersonalRatings:
    """Keeps the users who have rated enough to be adapted to and tested.

    Args:
        ratings: of unseen users.
        num_reserved: the largest n.

    Returns:
        The ratings of those with at least `num_reserved` + 2.

    Raises:
        InputError: There is no such user.
    """
    counts = {user: len(ratings.of_user(user)) for user in ratings.user_ids()}
    enough = {u for u, count in counts.items() if count >= num_reserved + MIN_TESTED}
    if not enough:
        raise InputError(
            f"A user needs {num_reserved} ratings to adapt to and {MIN_TESTED} more to "
            f"test on. Got {max(counts.values())} at most, of {len(counts)} users. "
            "Pass a smaller --num_images, or more ratings."
        )
    return ratings.select([user in enough for user in ratings.users])


def measure_system(
    system: PersonalSystem,
    ratings: PersonalRatings,
    repeats: Mapping[int, int],
    *,
    seed: int,
    num_reserved: int | None = None,
    seconds: dict[int, list[float]] | None = None,
) -> list[Result]:
    """Measures one system on every user, n and repeat.

    Args:
        system: fitted, and prepared for these ratings.
        ratings: of unseen users who have rated enough, see `with_enough_ratings`.
        repeats: n -> number of splits.
        seed: of the splits; the same for all systems.
        num_reserved: images of each user that are never tested, so that all n are
            tested on the same images; None for the published protocol, in which each n
            is tested on all others.
        seconds: n -> how long each adaptation took; filled where it is given.

    Returns:
        Results by n, then user, then repeat.
    """
    found: dict[int, list[Result]] = {num_images: [] for num_images in repeats}
    for user in ratings.user_ids():
        own = ratings.of_user(user)
        images = np.array(own.images)
        prior = system.prior().predict(own.images)
        for num_images, count in repeats.items():
            for repeat in range(count):
                order = split(user, len(own), seed=seed, repeat=repeat)
                support = own.select(order[:num_images])
                tested = order[num_reserved or num_images :]
                start = time.perf_counter()
                model = system.adapt(support)
                if seconds is not None:
                    elapsed = time.perf_counter() - start
                    seconds.setdefault(num_images, []).append(elapsed)
                scores = model.predict(images[tested].tolist())
                found[num_images].append(
                    Result(
                        system=system.name,
                        num_images=num_images,
                        repeat=repeat,
                        user_id=user,
                        srocc=srocc(scores, own.ratings[tested]),
                        prior_srocc=srocc(prior[tested], own.ratings[tested]),
                        num_tested=len(tested),
                        num_weights=model.num_weights,
                    )
                )
    return [result for results in found.values() for result in results]
