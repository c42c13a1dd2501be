"""A typed client of a model server that serves an export: TensorFlow Serving, or ours.

    from serving.client import Client, Connection

    with Client(Connection("localhost:8500"), "aesthetics") as client:
        scores = client.score([Path("beach.jpg").read_bytes()], "anna")

Each method is a signature of the contract and takes any number of rows, which go out as
requests of a few at a time, several under way. `uploads` makes bytes that a server can
read of any photo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from piaa_tf.contract.user_ids import check_user_ids
from piaa_tf.errors import InputError
from serving.client.agreement import ModelMetadata
from serving.client.connection import Connection
from serving.client.model_calls import ModelCalls
from serving.client.request_limits import RequestLimits
from serving.client.requests import Row
from serving.client.results import (
    RESULTS,
    AdaptedScores,
    AdaptedWeights,
    Embeddings,
    EmbeddingScores,
    Generic,
    Personality,
    Saliency,
    Scores,
    WeightScores,
    joined,
)
from serving.client.support import check_support, problem_of


class Client:
    """Asks one model of one server; may be shared by threads.

    Every method may raise `InputError`: the server cannot be reached or does not
    answer as it must (`CallError`), serves another contract, or an argument is wrong.
    """

    def __init__(
        self,
        connection: Connection,
        model_name: str,
        *,
        model_version: int = 0,
        model_label: str = "",
        limits: RequestLimits | None = None,
    ) -> None:
        """Makes no call yet.

        Args:
            connection: where the server is.
            model_name: of the model.
            model_version: its version; 0 for the newest that is loaded.
            model_label: a label of the server's config, such as stable, instead.
            limits: how much is sent at once, and how long an answer may take.
        """
        self._calls = ModelCalls(
            connection,
            model_name,
            model_version=model_version,
            model_label=model_label,
            limits=limits or RequestLimits(),
        )

    def __enter__(self) -> Client:
        """Returns the client; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the client."""
        self.close()

    def close(self) -> None:
        """Ends the connection, and what is under way."""
        self._calls.close()

    def served(self) -> ModelMetadata:
        """Returns what the server says of the model; asks once."""
        return self._calls.served()

    def wait_until_served(self, wait_s: float) -> ModelMetadata:
        """Waits for a server that is starting, or a model that it is loading.

        Args:
            wait_s: for how long.
        """
        return self._calls.wait_until_served(wait_s)

    def score(self, images: Sequence[bytes], user_id: str | Sequence[str]) -> Scores:
        """Scores photos by the taste of one user, or of one user each.

        Args:
            images: [batch] contents of JPEG or PNG files.
            user_id: one, or [batch]; an unknown user gets the prior's scores.
        """
        return self._all("score", _with_user(_images(images), user_id))

    def generic(self, images: Sequence[bytes]) -> Generic:
        """Scores photos as people in general would.

        Args:
            images: [batch] contents of JPEG or PNG files.
        """
        return self._all("generic", _images(images))

    def personality(self, images: Sequence[bytes]) -> Personality:
        """Predicts the traits of those who like a photo.

        Args:
            images: [batch] contents of JPEG or PNG files.
        """
        return self._all("personality", _images(images))

    def embed(self, images: Sequence[bytes]) -> Embeddings:
        """Embeds photos, to be scored or adapted to without sending them again.

        Args:
            images: [batch] contents of JPEG or PNG files.
        """
        return self._all("embed", _images(images))

    def explain(
        self, images: Sequence[bytes], user_id: str | Sequence[str]
    ) -> Saliency:
        """Computes how much the user's score depends on each pixel.

        Args:
            images: [batch] contents of JPEG or PNG files.
            user_id: one, or [batch].
        """
        return self._all("explain", _with_user(_images(images), user_id))

    def score_embedding(
        self, embedding: np.ndarray, user_id: str | Sequence[str]
    ) -> EmbeddingScores:
        """Scores photos that were embedded before.

        Args:
            embedding: [batch, D].
            user_id: one, or [batch].
        """
        rows = _rows(embedding=_table(embedding, "embedding"))
        return self._all("score_embedding", _with_user(rows, user_id))

    def adapt(self, embedding: np.ndarray, ratings: Sequence[float]) -> AdaptedWeights:
        """Adapts a user's weights to ratings; the server stores nothing.

        Args:
            embedding: [N, D] of the rated photos.
            ratings: [N] in the export's rating range.
        """
        embedding = _table(embedding, "embedding")
        sent = check_support(len(embedding), ratings)
        row = {
            "support_embedding": embedding,
            "support_rating": sent,
            "support_count": len(sent),
        }
        answer = self._calls.one("adapt", row)
        is_readable = np.isfinite(embedding).all(axis=1)
        return AdaptedWeights(
            answer["user_weights"],
            problem_of(bool(answer["support_ok"]), sent, is_readable),
        )

    def score_with_weights(
        self, embedding: np.ndarray, user_weights: np.ndarray
    ) -> WeightScores:
        """Scores embedded photos by weights that `adapt` returned.

        Args:
            embedding: [batch, D].
            user_weights: [P] of one user, or [batch, P].
        """
        embedding = _table(embedding, "embedding")
        weights = np.asarray(user_weights, np.float32)
        if weights.ndim == 1:
            weights = np.broadcast_to(weights, [len(embedding), len(weights)])
        _check_length("user_weights", len(weights), len(embedding))
        rows = _rows(embedding=embedding, user_weights=_table(weights, "user_weights"))
        return self._all("score_with_weights", rows)

    def adapt_and_score(
        self,
        support_images: Sequence[bytes],
        ratings: Sequence[float],
        images: Sequence[bytes],
    ) -> AdaptedScores:
        """Adapts to a user's rated photos and scores others, in one request.

        More photos than fit into a request are for `embed`, `adapt` and
        `score_with_weights`, which give the same.

        Args:
            support_images: [N] contents of JPEG or PNG files.
            ratings: [N] in the export's rating range.
            images: [M] contents of JPEG or PNG files.
        """
        sent = check_support(len(support_images), ratings)
        if not len(images):
            raise InputError("At least one photo must be given. Got none.")
        row = {
            "support_image_bytes": list(support_images),
            "support_rating": sent,
            "support_count": len(sent),
            "image_bytes": list(images),
        }
        answer = self._calls.one("adapt_and_score", row)
        return AdaptedScores(
            answer["score"],
            answer["image_ok"],
            answer["user_weights"],
            problem_of(bool(answer["support_ok"]), sent),
        )

    def stream(self, name: str, rows: Iterable[Row]) -> Iterator[Any]:
        """Asks a signature for any number of rows, without holding all of them.

        Args:
            name: a key of `results.RESULTS`.
            rows: the inputs of each; read a few requests ahead.

        Yields:
            Results of that kind, each with the next few rows.
        """
        for answer in self._calls.stream(name, rows):
            yield RESULTS[name](**answer)

    def _all(self, name: str, rows: Iterable[Row]) -> Any:
        results = list(self.stream(name, rows))
        if not results:
            raise InputError(f"{name} needs at least one photo. Got none.")
        return joined(results)


def _rows(**columns: Iterable[Any]) -> Iterator[Row]:
    return (dict(zip(columns, values)) for values in zip(*columns.values()))


def _images(images: Sequence[bytes]) -> Iterator[Row]:
    if isinstance(images, bytes):
        raise InputError(
            "Photos must be a list of bytes. Got the bytes of one. Put it in a list."
        )
    return _rows(image_bytes=images)


def _with_user(rows: Iterable[Row], user_id: str | Sequence[str]) -> list[Row]:
    rows = list(rows)
    user_ids = [user_id] * len(rows) if isinstance(user_id, str) else list(user_id)
    _check_length("user_id", len(user_ids), len(rows))
    # An empty id is fine: it stands for the prior.
    check_user_ids([user for user in dict.fromkeys(user_ids) if user])
    return [{**row, "user_id": user.encode()} for row, user in zip(rows, user_ids)]


def _check_length(name: str, length: int, wanted: int) -> None:
    if length != wanted:
        raise InputError(
            f"There must be one {name} for each photo. Got {length} for {wanted}."
        )


def _table(values: Any, name: str) -> np.ndarray:
    table = np.asarray(values, np.float32)
    if table.ndim != 2:
        raise InputError(
            f"{name} must have a row for each photo. Got the shape {list(table.shape)}."
        )
    return table
