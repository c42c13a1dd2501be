"""Asks users for ratings: which photos of an album each should rate next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from absl import logging

from piaa_tf.adaptation.active.selection import choose_next, pool_size
from piaa_tf.adaptation.predict import predict
from piaa_tf.adaptation.ridge import STRENGTH
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.files.progress import OnProgress
from piaa_tf.models.prior import Prior


def suggest_photos(
    prior: Prior,
    personal: PersonalScore,
    photos: Path,
    images: Sequence[str],
    rated: Mapping[str, Sequence[str]],
    *,
    method: str,
    count: int,
    strength: float = STRENGTH,
    seed: int = 0,
    progress: OnProgress | None = None,
) -> dict[str, list[str]]:
    """Chooses photos for each user.

    Of a large album only a random part is considered, `selection.pool_size` photos,
    besides what was rated.

    Args:
        prior: the prior.
        personal: the score of the scope that will be adapted.
        photos: the folder of the images.
        images: of the album, relative to it.
        rated: what each user has rated already, of these images or others there.
        method: one of `selection.METHODS`.
        count: photos per user.
        strength: of ridge, for the method `variance`.
        seed: of the random part, and of the method `random`.
        progress: called with how many photos have been embedded.

    Returns:
        `count` images for each user, the most informative first.

    Raises:
        InputError: A user has rated nearly everything, or an image is broken.
    """
    pool = _pool(images, max(count, pool_size(personal.prior_weights.size)), seed)
    known = {image for own in rated.values() for image in own}
    needed = sorted({*pool, *known})
    paths = [photos / image for image in needed]
    embedding = predict(prior, paths, progress=progress)["embedding"]
    row = {image: i for i, image in enumerate(needed)}
    suggested = {}
    for user, own in rated.items():
        candidates = [image for image in pool if image not in set(own)]
        considered = [*own, *candidates]
        chosen = choose_next(
            method,
            personal,
            embedding[[row[image] for image in considered]],
            rated=range(len(own)),
            count=count,
            strength=strength,
            seed=seed,
        )
        suggested[user] = [considered[i] for i in chosen]
    return suggested


def _pool(images: Sequence[str], size: int, seed: int) -> list[str]:
    """Draws what is considered of a large album; of a small one it is everything."""
    if len(images) <= size:
        return list(images)
    generator = np.random.default_rng(seed)
    logging.info("choosing among %d of %d photos", size, len(images))
    return sorted(generator.choice(list(images), size, replace=False).tolist())
