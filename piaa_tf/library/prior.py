"""A prior, and what it can do: the first object of the library."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from piaa_tf.adaptation.active.suggest import suggest_photos
from piaa_tf.adaptation.ridge import STRENGTH, RidgeFit
from piaa_tf.adaptation.scopes import default_scope, personal_score
from piaa_tf.adaptation.users import adapt_tastes
from piaa_tf.data.folder import DEFAULT_RANGE
from piaa_tf.data.own_ratings import ME
from piaa_tf.data.photo import Photo
from piaa_tf.errors import InputError
from piaa_tf.explain.portrait import Portrait, estimate_portrait
from piaa_tf.files.progress import OnProgress
from piaa_tf.library.albums import PhotoPath, Photos, open_album
from piaa_tf.library.arguments import Range, as_range, check_type
from piaa_tf.library.explanation import Explanation
from piaa_tf.library.methods import adaptation_method
from piaa_tf.library.ranking import Ranking
from piaa_tf.library.rated import Ratings, as_ratings
from piaa_tf.library.tastes import Tastes, generic_tastes
from piaa_tf.models import prior as trained_prior


class Prior:
    """A trained network that knows what people like in general.

    `load_prior` loads one; `train_multitask`, `train_generic` and `meta_train` train
    one. `adapt` learns what a person likes and returns `Tastes`. Both classes rank,
    score and explain: here by general taste, there by a person's.

    Attributes:
        trained: the network, its config and how it was trained.
    """

    def __init__(self, trained: trained_prior.Prior) -> None:
        """Takes a network as the training functions return it."""
        check_type("trained", trained, trained_prior.Prior, "a prior of piaa_tf.models")
        self.trained = trained

    def __repr__(self) -> str:
        """Names the kind, the backbone and the size of its input."""
        config = self.trained.config
        network = f"{config.backbone}, {config.image_size} pixels"
        return f"<Prior {self.trained.kind}, {network}>"

    @property
    def metrics(self) -> Mapping[str, float]:
        """What was measured after training, name -> number."""
        return self.trained.metrics

    def adapt(
        self,
        ratings: Ratings,
        photos: PhotoPath = ".",
        *,
        user_id: str | None = None,
        scope: str | None = None,
        method: str = "adam",
        steps: int | None = None,
        rate: float | None = None,
        strength: float | None = None,
        rating_range: Range = DEFAULT_RANGE,
        scratch: PhotoPath | None = None,
        progress: OnProgress | None = None,
    ) -> Tastes:
        """Learns people's tastes from their ratings; ten of each are a good start.

        Args:
            ratings: a CSV file with the columns user_id,image,rating; rows (image,
                rating), (user_id, image, rating) or dicts of these; or columns of
                these, such as a data frame.
            photos: the folder that the images are relative to.
            user_id: if the ratings name users, whose to learn from; by default
                everybody's. If they do not, whose they are; by default "me".
            scope: which weights are the user's: fusion (the default if the prior
                predicts traits), head (the default otherwise), or all, a network of
                their own.
            method: adam, the papers' inner loop, or ridge, a closed form for fusion
                and head.
            steps: of adam; by default the scope's.
            rate: of adam; by default the scope's.
            strength: of ridge, how firmly it holds to the prior; by default 10.
            rating_range: the worst and the best rating there is.
            scratch: folder that holds networks of scope all until the tastes are saved
                or deleted; None for the system's temporary folder.
            progress: called with how much is done: photos, or users with scope all.

        Returns:
            The tastes, in memory; `Tastes.save` keeps them.

        Raises:
            InputError: The ratings are not sound or cannot teach a taste, an image is
                broken, or scope, method and numbers do not fit.
        """
        check_type("user_id", user_id, (str, type(None)), "a text, or None")
        check_type("photos", photos, (str, os.PathLike), "the path of a folder")
        rated = as_ratings(
            ratings, photos, user_id=user_id, rating_range=as_range(rating_range)
        )
        scope = scope or default_scope(self.trained)
        chosen = adaptation_method(
            method, scope, steps=steps, rate=rate, strength=strength
        )
        counts = len(rated.user_ids()), len(rated)
        logging.info("users %d, ratings %d, scope %s, %s", *counts, scope, chosen)
        adapted = adapt_tastes(
            self.trained, scope, rated, chosen, scratch=scratch, progress=progress
        )
        return Tastes(self, adapted)

    def rank(
        self,
        photos: Photos,
        *,
        rating_range: Range = DEFAULT_RANGE,
        skip_broken: bool = False,
        progress: OnProgress | None = None,
    ) -> Ranking:
        """Ranks an album by general taste; `Tastes.rank` goes by a person's.

        Args:
            photos: a folder, with its sub-folders, or paths of files.
            rating_range: the range of the scores.
            skip_broken: whether unreadable photos are left out, and listed in
                `Ranking.skipped`, instead of stopping.
            progress: called with how many photos have been scored.

        Returns:
            The ranking.

        Raises:
            InputError: There is no photo, or one cannot be read.
        """
        return self.generic_tastes(rating_range).rank(
            photos, user_id="", skip_broken=skip_broken, progress=progress
        )

    def score(
        self,
        photos: Iterable[Photo],
        *,
        rating_range: Range = DEFAULT_RANGE,
        progress: OnProgress | None = None,
    ) -> np.ndarray:
        """Scores photos by general taste; `Tastes.score` goes by a person's.

        Args:
            photos: N paths, bytes, images of Pillow or uint8 arrays, mixed if need be.
            rating_range: the range of the scores.
            progress: as in `rank`.

        Returns:
            float32 [N], in the order of the photos.

        Raises:
            InputError: An entry is not a photo, or cannot be read.
        """
        return self.generic_tastes(rating_range).score(
            photos, user_id="", progress=progress
        )

    def explain(
        self,
        photo: Photo,
        *,
        method: str = "integrated",
        rating_range: Range = DEFAULT_RANGE,
    ) -> Explanation:
        """Shows where in a photo the generic score comes from.

        Args:
            photo: in any form, as in `score`.
            method: as in `Tastes.explain`.
            rating_range: the range of the score.

        Returns:
            The explanation, with a map of the photo.

        Raises:
            InputError: The method is unknown, or the photo cannot be read.
        """
        return self.generic_tastes(rating_range).explain(
            photo, user_id="", method=method
        )

    def suggest(
        self,
        photos: Photos,
        count: int = 10,
        *,
        rated: Iterable[PhotoPath] = (),
        method: str = "variance",
        scope: str | None = None,
        strength: float | None = None,
        rating_range: Range = DEFAULT_RANGE,
        seed: int = 0,
        progress: OnProgress | None = None,
    ) -> list[str]:
        """Suggests which photos of an album a person should rate first, or next.

        Args:
            photos: a folder, with its sub-folders, or paths of files.
            count: how many to name.
            rated: those rated already, relative to the folder.
            method: variance (what makes the person's scores most certain), k_centre
                (what is farthest from all rated), or random.
            scope: the weights that will be adapted; as in `adapt`.
            strength: of ridge, for the method variance; by default 10.
            rating_range: the range of the ratings.
            seed: of the part of a large album that is considered, and of random.
            progress: called with how many photos have been embedded.

        Returns:
            Names of photos, the most informative first.

        Raises:
            InputError: There are too few photos, one cannot be read, or the method or
                the scope is unknown.
        """
        if isinstance(rated, (str, bytes)) or not isinstance(rated, Iterable):
            raise InputError(
                f"rated must be a list of photos. Got {rated!r:.80}. "
                "Put a single one into a list."
            )
        suggested = self.suggest_each(
            photos,
            count,
            {ME: [Path(image).as_posix() for image in rated]},
            method=method,
            scope=scope,
            strength=strength,
            rating_range=rating_range,
            seed=seed,
            progress=progress,
        )
        return suggested[ME]

    def suggest_each(
        self,
        photos: Photos,
        count: int,
        rated: Mapping[str, Iterable[str]],
        *,
        method: str = "variance",
        scope: str | None = None,
        strength: float | None = None,
        rating_range: Range = DEFAULT_RANGE,
        seed: int = 0,
        progress: OnProgress | None = None,
    ) -> dict[str, list[str]]:
        """Suggests which photos of an album each of several people should rate next.

        Args:
            photos: as in `suggest`.
            count: how many to name for each.
            rated: what each has rated, relative to the folder.
            method: as in `suggest`, like all that follows.
            scope: the weights that will be adapted.
            strength: of ridge.
            rating_range: the range of the ratings.
            seed: of what is random.
            progress: called with how many photos have been embedded.

        Returns:
            Names of photos for each, the most informative first.

        Raises:
            InputError: As in `suggest`.
        """
        check_type("count", count, int, "a number of photos")
        album = open_album(photos)
        return suggest_photos(
            self.trained,
            personal_score(
                self.trained,
                scope or default_scope(self.trained),
                as_range(rating_range),
            ),
            album.folder,
            album.images,
            {user: list(own) for user, own in rated.items()},
            method=method,
            count=count,
            strength=RidgeFit(STRENGTH if strength is None else strength).strength,
            seed=seed,
            progress=progress,
        )

    def portrait(self, photos: Photos, *, skip_broken: bool = False) -> Portrait:
        """Estimates the Big Five of a person from the photos they like.

        Args:
            photos: a folder, with its sub-folders, or paths of files.
            skip_broken: whether unreadable photos are left out instead of stopping.

        Returns:
            Means and spreads of the five traits.

        Raises:
            InputError: The prior predicts no traits, or a photo cannot be read.
        """
        album = open_album(photos, skip_broken=skip_broken)
        return estimate_portrait(self.trained, album.paths)

    def generic_tastes(
        self, rating_range: Range = DEFAULT_RANGE, *, scope: str | None = None
    ) -> Tastes:
        """Returns tastes without users, by which every score is the prior's.

        Args:
            rating_range: the range of the scores.
            scope: which weights would be a user's, in an export; as in `adapt`.

        Raises:
            InputError: The prior predicts no scores, or has no such scope.
        """
        return generic_tastes(self, as_range(rating_range), scope)

    def export(
        self,
        base_dir: PhotoPath,
        tastes: Tastes | None = None,
        *,
        rating_range: Range = DEFAULT_RANGE,
        scope: str | None = None,
        **options: Any,
    ) -> Path:
        """Writes a version for TensorFlow Serving, with users in it or without.

        Args:
            base_dir: folder of the versions, as a model server reads it.
            tastes: users who are served by their own taste; None for nobody.
            rating_range: of ratings and scores, if there are no tastes.
            scope: fusion or head, of adaptation in the graph if there are no tastes.
            **options: as in `Tastes.export`.

        Returns:
            The version's folder.

        Raises:
            InputError: As in `Tastes.export`.
        """
        tastes = tastes or self.generic_tastes(rating_range, scope=scope)
        check_type("tastes", tastes, Tastes, "tastes, as adapt returns them")
        return tastes.export(base_dir, **options)

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Writes a folder that `load_prior` reads; it replaces an earlier one."""
        trained_prior.save_prior(self.trained, directory)
