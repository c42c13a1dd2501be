"""Tastes of any number of people under one prior, and what they can do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from absl import logging

from piaa_tf.adaptation import taste
from piaa_tf.adaptation.scopes import default_scope, personal_score
from piaa_tf.adaptation.scoring import UserScorer
from piaa_tf.data.photo import Photo, as_photos
from piaa_tf.errors import InputError
from piaa_tf.files.progress import OnProgress
from piaa_tf.library.albums import Photos, open_album
from piaa_tf.library.arguments import check_type
from piaa_tf.library.explanation import Explanation, explain_photo
from piaa_tf.library.ranking import Ranking, rank_album
from piaa_tf.ratings import RatingRange

if TYPE_CHECKING:
    from piaa_tf.library.phone import PhoneFormat
    from piaa_tf.library.prior import Prior


class Tastes:
    """What people like, learned from their ratings.

    `Prior.adapt` learns tastes, `load_tastes` loads them. A user who has none here gets
    the prior's scores, and a warning is logged.

    Attributes:
        prior: the prior that they were adapted from.
        adapted: the users and their weights.
    """

    def __init__(self, prior: Prior, adapted: taste.Tastes) -> None:
        """Joins weights to their prior.

        Raises:
            InputError: They were adapted from another prior.
        """
        adapted.check_prior(prior.trained.checksum())
        self.prior = prior
        self.adapted = adapted

    def __repr__(self) -> str:
        """Names the users and the scope."""
        return f"<Tastes of {self.some_users()}, scope {self.adapted.scope}>"

    @property
    def user_ids(self) -> tuple[str, ...]:
        """Whose tastes they are."""
        return self.adapted.user_ids

    @property
    def rating_range(self) -> RatingRange:
        """The range in which these users rate and are scored."""
        return self.adapted.rating_range

    def rank(
        self,
        photos: Photos,
        *,
        user_id: str | None = None,
        skip_broken: bool = False,
        progress: OnProgress | None = None,
    ) -> Ranking:
        """Ranks an album by one user's taste.

        Args:
            photos: a folder, with its sub-folders, or paths of files.
            user_id: whose taste; may be left out if there is only one user.
            skip_broken: whether unreadable photos are left out, and listed in
                `Ranking.skipped`, instead of stopping.
            progress: called with how many photos have been scored.

        Returns:
            The ranking, the user's score beside the generic one.

        Raises:
            InputError: There is no photo, or one cannot be read.
        """
        user_id = self._only_user(user_id)
        album = open_album(photos, skip_broken=skip_broken)
        scorer = self.scorer(user_id)
        return rank_album(scorer, album, user_id=user_id, progress=progress)

    def score(
        self,
        photos: Iterable[Photo],
        *,
        user_id: str | None = None,
        progress: OnProgress | None = None,
    ) -> np.ndarray:
        """Scores photos by one user's taste.

        Args:
            photos: N paths, bytes, images of Pillow or uint8 arrays, mixed if need be.
            user_id: as in `rank`.
            progress: as in `rank`.

        Returns:
            float32 [N], in the order of the photos and in the user's rating range.

        Raises:
            InputError: An entry is not a photo, or cannot be read.
        """
        user_id = self._only_user(user_id)
        checked = as_photos(photos)
        if not checked:
            return np.zeros(0, np.float32)
        return self.scorer(user_id).score(checked, progress=progress)[0]

    def explain(
        self, photo: Photo, *, user_id: str | None = None, method: str = "integrated"
    ) -> Explanation:
        """Shows where in a photo one user's score comes from.

        Args:
            photo: in any form, as in `score`.
            user_id: as in `rank`; "" for the prior's score.
            method: integrated (shares of what the photo scores above its mean colour),
                smooth (gradients averaged over noise), or plain (the gradient).

        Returns:
            The explanation, with a map of the photo.

        Raises:
            InputError: The method is unknown, or the photo cannot be read.
        """
        user_id = self._only_user(user_id)
        scorer = self.scorer(user_id)
        return explain_photo(
            self.prior.trained, scorer, photo, user_id=user_id, method=method
        )

    def scorer(self, user_id: str) -> UserScorer:
        """Returns one user's scorer, which also takes pixels in memory.

        Args:
            user_id: whose; a user without a taste gets the prior's scores.

        Returns:
            The scorer.
        """
        scorer = UserScorer(
            self.prior.trained, self.adapted, user_id, self.rating_range
        )
        if user_id and not scorer.is_known_user:
            logging.warning(
                "no taste of user %r is known: the scores are the prior's", user_id
            )
        return scorer

    def merged(self, newer: Tastes) -> Tastes:
        """Returns these tastes with newer ones added; the same user is replaced.

        Raises:
            InputError: Prior, scope, rating range or method differ.
        """
        check_type("newer", newer, Tastes, "tastes")
        return Tastes(self.prior, self.adapted.merged(newer.adapted))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a file that `load_tastes` reads; it replaces an earlier one."""
        self.adapted.save(path)

    def export(
        self,
        base_dir: str | os.PathLike[str],
        *,
        forget: Sequence[str] = (),
        version: int = 0,
        keep: int = 0,
        served_from: str = "",
        steps: int | None = None,
        rate: float | None = None,
        max_support: int = 100,
    ) -> Path:
        """Writes a version for TensorFlow Serving, with all users in it.

        Args:
            base_dir: folder of the versions, as a model server reads it.
            forget: users to leave out.
            version: its number, 0 for the next one.
            keep: how many versions to keep; 0 for all.
            served_from: for the list of users' models of scope all: where the server
                sees `base_dir`, if elsewhere.
            steps: of adam in the graph; by default the scope's.
            rate: of adam in the graph; by default the scope's.
            max_support: the most ratings that a request may adapt to.

        Returns:
            The version's folder; with scope all, the list of users' models.

        Raises:
            InputError: A number does not fit, an unknown user is to be forgotten, or a
                version cannot be written.
        """
        # Imported here because an export loads much that few need.
        from export.saved_model.publish import publish
        from piaa_tf.library.served import served_export

        export = served_export(self, steps=steps, rate=rate, max_support=max_support)
        return publish(
            export,
            self.adapted if self.user_ids else None,
            base_dir,
            forget=forget,
            version=version,
            keep=keep,
            served_from=served_from,
        )

    def export_tflite(
        self,
        out: str | os.PathLike[str],
        *,
        user_id: str | None = None,
        formats: Sequence[str] = ("fp16",),
        photos: Photos | None = None,
        num_photos: int = 100,
        steps: int | None = None,
        rate: float | None = None,
        max_support: int = 100,
    ) -> list[PhoneFormat]:
        """Writes one user's scores as files for a phone, or what adapts there.

        Args:
            out: folder of the formats' folders.
            user_id: as in `rank`; "" for the prior's scores.
            formats: any of fp32, fp16 (half the size), dynamic_int8, full_int8 (needs
                photos) and on_phone (adapts on the phone; the same for every user).
            photos: representative ones, a folder or files: full_int8 is calibrated on
                them, and every format is compared with TensorFlow on them.
            num_photos: how many of them at most, evenly spread.
            steps: of adam in on_phone; by default the scope's.
            rate: of adam in on_phone; by default the scope's.
            max_support: the most ratings that on_phone adapts to.

        Returns:
            What was written, in the order of the formats.

        Raises:
            InputError: A format is unknown or needs photos, the user has no taste, or
                a photo cannot be read.
        """
        # Imported here because the converter and its runtime are large.
        from piaa_tf.library.phone import write_phone_files

        return write_phone_files(
            self,
            out,
            user_id=self._only_user(user_id),
            formats=formats,
            photos=photos,
            num_photos=num_photos,
            steps=steps,
            rate=rate,
            max_support=max_support,
        )

    def some_users(self) -> str:
        """Names the users, or of many the first five."""
        more = len(self.user_ids) - 5
        named = ", ".join(self.user_ids[:5]) or "nobody"
        return named + (f" and {more} more" if more > 0 else "")

    def _only_user(self, user_id: str | None) -> str:
        if user_id is not None:
            check_type("user_id", user_id, str, "a text")
            return user_id
        if len(self.user_ids) != 1:
            raise InputError(
                "user_id must say whose taste. Got none; there are "
                f"{self.some_users()}."
            )
        return self.user_ids[0]


def generic_tastes(
    prior: Prior, rating_range: RatingRange, scope: str | None = None
) -> Tastes:
    """Returns tastes without users: every score is the prior's.

    Args:
        prior: the prior.
        rating_range: the range of the scores.
        scope: which weights would be a user's; None for the prior's default.

    Returns:
        Tastes without users.

    Raises:
        InputError: The prior predicts no scores, or has no such scope.
    """
    scope = scope or default_scope(prior.trained)
    personal = personal_score(prior.trained, scope, rating_range)
    adapted = taste.Tastes(
        user_ids=(),
        weights=np.zeros([0, personal.prior_weights.size], np.float32),
        num_ratings=np.zeros(0, np.int64),
        scope=scope,
        adapted_by="",
        rating_range=rating_range,
        prior_checksum=prior.trained.checksum(),
    )
    return Tastes(prior, adapted)
