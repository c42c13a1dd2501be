"""What is exported to a phone: whose model, in which formats, and what describes it."""

from __future__ import annotations

import dataclasses

import numpy as np

from export.tflite.phone_functions import PhoneFunctions
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.contract.manifest import Adaptation, Manifest
from piaa_tf.contract.signatures import (
    PHONE_FILES,
    Signature,
    phone_signatures,
)
from piaa_tf.errors import InputError
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import TRAITS, RatingRange

FORMATS = {
    "fp32": "float32",
    "fp16": "float16",
    "dynamic_int8": "dynamic_int8",
    "full_int8": "int8",
    "on_phone": "float16",
}
"""Every format, and the precision of the network in it."""


def files_of(format_name: str) -> dict[str, str]:
    """Names the files of a format, and the precision of each.

    >>> files_of("fp16")
    {'score.tflite': 'float16', 'resize.tflite': 'float32'}
    """
    files = {"resize.tflite": "float32"}
    if format_name == "on_phone":
        files = {"head.tflite": "float32", **files}
    network = "embed.tflite" if format_name == "on_phone" else "score.tflite"
    return {network: FORMATS[format_name], **files}


@dataclasses.dataclass(frozen=True, eq=False)
class PhoneExport:
    """What is exported to a phone.

    Attributes:
        prior: the prior.
        scope: which weights are the user's.
        rating_range: of ratings and scores.
        adaptation: the inner loop of `on_phone`, which leaves the network unchanged.
        user_id: whose model it is; empty for the prior's.
        user_weights: the user's, float32 [P]; None for the prior's.
        user_network: the user's own network, with scope `all`.
        adapted_by: how the taste was adapted, in words.
    """

    prior: Prior
    scope: str
    rating_range: RatingRange
    adaptation: Adaptation
    user_id: str = ""
    user_weights: np.ndarray | None = None
    user_network: Prior | None = None
    adapted_by: str = ""

    def functions(self, format_name: str) -> PhoneFunctions:
        """Returns the functions behind a format's files: the user's or everybody's.

        Raises:
            InputError: The prior has no such scope, or the weights do not fit it.
        """
        is_own = format_name != "on_phone"
        network = (self.user_network if is_own else None) or self.prior
        personal = personal_score(network, self.scope, self.rating_range)
        weights = personal.prior_weights
        if is_own and self.user_weights is not None:
            weights = np.asarray(self.user_weights, np.float32)
        if weights.shape != personal.prior_weights.shape:
            raise InputError(
                f"A taste of scope {self.scope!r} has {personal.prior_weights.size} "
                f"weights under this prior. Got {weights.size}. "
                "Adapt again with piaa-adapt."
            )
        if not np.isfinite(weights).all():
            raise InputError(
                "Weights of a taste must be finite. Got others of user "
                f"{self.user_id!r}. Adapt again with a lower --rate."
            )
        return PhoneFunctions(
            network, personal, weights, self.rating_range, self.adaptation
        )

    def manifest(self, format_name: str) -> Manifest:
        """Describes a format, except for its files."""
        config = self.prior.config
        tasks = getattr(config, "tasks", ())
        bin_scores = config.bin_scores if "distribution" in tasks else ()
        is_own = format_name != "on_phone" and self.user_weights is not None
        personal = personal_score(self.prior, self.scope, self.rating_range)
        return Manifest(
            form=f"tflite_{format_name}",
            precision=FORMATS[format_name],
            prior_kind=self.prior.kind,
            prior_config=dataclasses.asdict(config),
            prior_checksum=self.prior.checksum(),
            prior_metrics=self.prior.metrics,
            scope=self.scope,
            adapted_by=self.adapted_by if is_own else "",
            rating_range=self.rating_range,
            num_users=int(is_own),
            user_id=self.user_id if is_own else "",
            image_size=config.image_size,
            keep_aspect=self.prior.keep_aspect,
            embedding_size=self.prior.one_image().output_shape["embedding"][-1],
            num_weights=personal.prior_weights.size,
            bin_scores=tuple(float(score) for score in bin_scores),
            traits=TRAITS if "traits" in tasks else (),
            adaptation=self.adaptation,
            signatures=tuple(
                signature.name
                for file in files_of(format_name)
                for signature in PHONE_FILES[file]
            ),
            files={},
        )


def signatures_of(file: str, manifest: Manifest) -> dict[str, Signature]:
    """Returns the signatures of a file, as its prior has them."""
    return phone_signatures(
        file,
        has_distribution=bool(manifest.bin_scores),
        has_traits=bool(manifest.traits),
    )


def sizes_of(manifest: Manifest) -> dict[str, int]:
    """Returns the numbers behind the letters of the shapes on a phone."""
    return {**manifest.sizes, "batch": 1, "N": manifest.adaptation.max_support}
