"""The signatures that are served, their tensors, and the limits of both.

It imports no TensorFlow, so that exports and a client on another machine can both use
it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from piaa_tf.ratings import TRAITS

CONTRACT_VERSION = 1
"""Increased when a client of an older contract would misread an export."""

PRIMARY_SIGNATURE = "score"
"""What an export answers to a request that names no signature."""

SERVING_DEFAULT = "serving_default"
"""The key of TensorFlow Serving under which it is found then."""

IMAGE_FORMATS = ("JPEG", "PNG")
"""What a served graph decodes; a client turns other files, and EXIF, into these."""

MAX_IMAGE_PIXELS = 89_478_485
"""Larger images are not decoded (Pillow's limit too): `image_ok` is false."""


@dataclass(frozen=True)
class ServedTensor:
    """An input or output of a signature.

    Attributes:
        name: its key.
        dtype: TensorFlow's name of the type.
        shape: numbers, and letters for sizes: `batch` and, within a request, `N` rated
            and `M` other images are the client's; `bins` of the distribution, `D` of
            an embedding, `P` weights of a user, `H` and `W` of the network's image
            are the export's (`manifest.Manifest.sizes`).
    """

    name: str
    dtype: Literal["string", "float32", "int32", "uint8", "bool"]
    shape: tuple[str | int, ...]


@dataclass(frozen=True)
class Signature:
    """One thing that can be asked of an export; a row of the batch is a request.

    A row's outputs depend on the row's inputs alone, so that a server may put the
    requests of different users into one batch.

    Attributes:
        name: its key.
        inputs: all of them must be sent.
        outputs: the answer. Every float that comes from an image whose
            `image_ok` is false is NaN; where `known_user` is false, the score is the
            prior's; where `support_ok` is false, the weights are.
        needs: "traits" if only a prior that predicts them has the signature.
    """

    name: str
    inputs: tuple[ServedTensor, ...]
    outputs: tuple[ServedTensor, ...]
    needs: Literal["", "traits"] = ""


_IMAGE = ServedTensor("image_bytes", "string", ("batch",))
_USER = ServedTensor("user_id", "string", ("batch",))
_SCORE = ServedTensor("score", "float32", ("batch",))
_KNOWN_USER = ServedTensor("known_user", "bool", ("batch",))
_IMAGE_OK = ServedTensor("image_ok", "bool", ("batch",))
_EMBEDDING = ServedTensor("embedding", "float32", ("batch", "D"))
_USER_WEIGHTS = ServedTensor("user_weights", "float32", ("batch", "P"))
_SUPPORT_OK = ServedTensor("support_ok", "bool", ("batch",))
_SUPPORT_RATING = ServedTensor("support_rating", "float32", ("batch", "N"))
_SUPPORT_COUNT = ServedTensor("support_count", "int32", ("batch",))
_DISTRIBUTION = ServedTensor("distribution", "float32", ("batch", "bins"))

SIGNATURES = {
    signature.name: signature
    for signature in (
        Signature("score", (_IMAGE, _USER), (_SCORE, _KNOWN_USER, _IMAGE_OK)),
        Signature(
            "generic",
            (_IMAGE,),
            (
                _DISTRIBUTION,
                ServedTensor("mean_score", "float32", ("batch",)),
                _IMAGE_OK,
            ),
        ),
        Signature(
            "personality",
            (_IMAGE,),
            (ServedTensor("traits", "float32", ("batch", len(TRAITS))), _IMAGE_OK),
            needs="traits",
        ),
        Signature("embed", (_IMAGE,), (_EMBEDDING, _IMAGE_OK)),
        Signature("score_embedding", (_EMBEDDING, _USER), (_SCORE, _KNOWN_USER)),
        Signature(
            "adapt",
            (
                ServedTensor("support_embedding", "float32", ("batch", "N", "D")),
                _SUPPORT_RATING,
                _SUPPORT_COUNT,
            ),
            (_USER_WEIGHTS, _SUPPORT_OK),
        ),
        Signature("score_with_weights", (_EMBEDDING, _USER_WEIGHTS), (_SCORE,)),
        Signature(
            "adapt_and_score",
            (
                ServedTensor("support_image_bytes", "string", ("batch", "N")),
                _SUPPORT_RATING,
                _SUPPORT_COUNT,
                ServedTensor("image_bytes", "string", ("batch", "M")),
            ),
            (
                ServedTensor("score", "float32", ("batch", "M")),
                ServedTensor("image_ok", "bool", ("batch", "M")),
                _USER_WEIGHTS,
                _SUPPORT_OK,
            ),
        ),
        Signature(
            "explain",
            (_IMAGE, _USER),
            (
                ServedTensor("saliency", "float32", ("batch", "H", "W")),
                _IMAGE_OK,
            ),
        ),
    )
}
"""Every signature by its name.

Scores and `mean_score` are in the export's rating range; an unknown user's score is the
`mean_score`. `support_ok` needs 1 <= `support_count` <= N (at most the manifest's
`max_support`), and of the rows that count: ratings in the rating range, finite
embeddings or readable images. What lies beyond the count is ignored.
"""


def served_signatures(
    *, has_distribution: bool, has_traits: bool
) -> dict[str, Signature]:
    """Returns the signatures of an export whose prior predicts these.

    >>> served = served_signatures(has_distribution=False, has_traits=False)
    >>> [output.name for output in served["generic"].outputs]
    ['mean_score', 'image_ok']
    >>> "personality" in served
    False

    Args:
        has_distribution: whether the prior predicts a distribution of scores.
        has_traits: whether it predicts traits.
    """
    served = {}
    for name, signature in SIGNATURES.items():
        if signature.needs == "traits" and not has_traits:
            continue
        outputs = tuple(
            output
            for output in signature.outputs
            if has_distribution or output is not _DISTRIBUTION
        )
        served[name] = Signature(name, signature.inputs, outputs, signature.needs)
    return served


_PHONE_IMAGE = ServedTensor("image", "float32", ("batch", "H", "W", 3))

PHONE_FILES = {
    "resize.tflite": (
        Signature(
            "resize",
            (ServedTensor("pixels", "uint8", ("batch", "height", "width", 3)),),
            (_PHONE_IMAGE,),
        ),
    ),
    "score.tflite": (
        Signature(
            "score",
            (_PHONE_IMAGE,),
            (
                _SCORE,
                _DISTRIBUTION,
                ServedTensor("traits", "float32", ("batch", len(TRAITS))),
            ),
        ),
    ),
    "embed.tflite": (Signature("embed", (_PHONE_IMAGE,), (_EMBEDDING,)),),
    "head.tflite": (
        SIGNATURES["adapt"],
        Signature("score", (_EMBEDDING, _USER_WEIGHTS), (_SCORE,)),
    ),
}
"""The files for a phone and the signatures of each; the batch is always 1.

`pixels` are a decoded photo of any size, upright, RGB; `image` is the square that
the network sees, 0..255. `N` is the manifest's `max_support`. Of `score.tflite`, which
is one user's, `distribution` and `traits` are there where the prior predicts them.
"""


def phone_signatures(
    file: str, *, has_distribution: bool, has_traits: bool
) -> dict[str, Signature]:
    """Returns the signatures of a phone's file whose prior predicts these.

    >>> bare = phone_signatures(
    ...     "score.tflite", has_distribution=False, has_traits=False
    ... )
    >>> [output.name for output in bare["score"].outputs]
    ['score']

    Args:
        file: a key of `PHONE_FILES`.
        has_distribution: whether the prior predicts a distribution of scores.
        has_traits: whether it predicts traits.
    """
    has = {"distribution": has_distribution, "traits": has_traits}
    return {
        signature.name: replace(
            signature,
            outputs=tuple(t for t in signature.outputs if has.get(t.name, True)),
        )
        for signature in PHONE_FILES[file]
    }
