"""Writes one SavedModel: prior, users, every signature of the contract.

What TensorFlow Serving loads, what `tf.saved_model.load` loads, and what describes it:

    saved_model.pb  variables/  assets/user_ids.txt
    assets.extra/tf_serving_warmup_requests
    manifest.json
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from export.saved_model.served_prior import ServedPrior
from export.saved_model.user_table import (
    IDS_NAME,
    PRIOR_LINE,
    UserRows,
    UserTable,
    stacked,
    write_ids,
)
from export.saved_model.warm_up import warm_up_inputs, write_warm_up
from piaa_tf.adaptation.scopes import PersonalScore, personal_score
from piaa_tf.contract.manifest import (
    MANIFEST_NAME,
    Adaptation,
    Manifest,
    checksums,
)
from piaa_tf.contract.signatures import (
    PRIMARY_SIGNATURE,
    SERVING_DEFAULT,
    served_signatures,
)
from piaa_tf.contract.user_ids import user_signature
from piaa_tf.errors import InputError
from piaa_tf.models.prior import Prior
from piaa_tf.ratings import TRAITS, RatingRange
from piaa_tf.tensorflow_log import tensorflow_notes_hidden

MAX_SIGNATURES_PER_USER = 32
"""Each is another copy of the network's graph, with a warm-up request."""


@dataclasses.dataclass(frozen=True, eq=False)
class Export:
    """What is exported.

    Attributes:
        prior: the prior.
        scope: which weights are the users'.
        rating_range: of ratings and scores.
        adaptation: the inner loop inside the graph.
        adapted_by: how the tastes were adapted, in words.
        precision: of the backbone, in words: that of the policy it was built under.
        one_signature_per_user: whether each user gets a signature of their own too.
    """

    prior: Prior
    scope: str
    rating_range: RatingRange
    adaptation: Adaptation
    adapted_by: str = ""
    precision: str = "float32"
    one_signature_per_user: bool = False

    def personal(self) -> PersonalScore:
        """Returns the users' part of the prior."""
        return personal_score(self.prior, self.scope, self.rating_range)

    def manifest(self, rows: UserRows) -> Manifest:
        """Describes the export, except for its files."""
        config = self.prior.config
        tasks = getattr(config, "tasks", ())
        bin_scores = config.bin_scores if "distribution" in tasks else ()
        traits = TRAITS if "traits" in tasks else ()
        served = served_signatures(
            has_distribution=bool(bin_scores), has_traits=bool(traits)
        )
        own = rows.user_ids if self.one_signature_per_user else ()
        outputs = self.prior.one_image().output_shape
        return Manifest(
            form="saved_model",
            precision=self.precision,
            prior_kind=self.prior.kind,
            prior_config=dataclasses.asdict(config),
            prior_checksum=self.prior.checksum(),
            prior_metrics=self.prior.metrics,
            scope=self.scope,
            adapted_by=self.adapted_by,
            rating_range=self.rating_range,
            num_users=len(rows.user_ids),
            user_id="",
            image_size=config.image_size,
            keep_aspect=self.prior.keep_aspect,
            embedding_size=outputs["embedding"][-1],
            num_weights=rows.weights.shape[1],
            bin_scores=tuple(float(score) for score in bin_scores),
            traits=traits,
            adaptation=self.adaptation,
            signatures=(*served, *map(user_signature, own)),
            files={},
        )


def save_export(
    export: Export, rows: UserRows, directory: str | os.PathLike[str]
) -> None:
    """Writes a SavedModel with everything beside it.

    Args:
        export: what.
        rows: the users; there may be none.
        directory: an empty folder.

    Raises:
        InputError: The prior has no such scope, the weights are of another size, or
            there are too many users for a signature each.
    """
    personal = export.personal()
    _check_rows(export, personal, rows)
    manifest = export.manifest(rows)
    with tempfile.TemporaryDirectory() as scratch:
        ids = Path(scratch) / IDS_NAME
        write_ids(ids, rows.user_ids)
        table = UserTable(ids, stacked(personal.prior_weights, rows))
        served = ServedPrior(
            export.prior, personal, table, export.rating_range, export.adaptation
        )
        contract = manifest.served()
        functions = served.functions(contract, manifest.sizes)
        if export.one_signature_per_user:
            for user in rows.user_ids:
                functions[user_signature(user)] = served.function_of_user(
                    user, contract[PRIMARY_SIGNATURE], manifest.sizes
                )
        functions[SERVING_DEFAULT] = functions[PRIMARY_SIGNATURE]
        with tensorflow_notes_hidden():
            tf.saved_model.save(served, os.fspath(directory), signatures=functions)
    describe(manifest, rows.user_ids, directory)


def _check_rows(export: Export, personal: PersonalScore, rows: UserRows) -> None:
    wanted, found = personal.prior_weights.size, rows.weights.shape[1]
    if found != wanted:
        raise InputError(
            f"Tastes of scope {export.scope!r} have {wanted} weights under this prior. "
            f"Got {found}. Adapt again with piaa-adapt."
        )
    if export.one_signature_per_user and len(rows.user_ids) > MAX_SIGNATURES_PER_USER:
        raise InputError(
            f"one_signature_per_user serves at most {MAX_SIGNATURES_PER_USER} users. "
            f"Got {len(rows.user_ids)}. Leave it out: `score` serves any number."
        )


def describe(
    manifest: Manifest, user_ids: Sequence[str], directory: str | os.PathLike[str]
) -> None:
    """Writes what lies beside a SavedModel: warm-up requests, then the manifest.

    Args:
        manifest: of the export, still without its `files`.
        user_ids: the users, in the order of their rows.
        directory: of the SavedModel.
    """
    # The user on the last line of the ids: if known, the file is whole.
    last = [PRIOR_LINE, *user_ids][-1]
    contract = manifest.served()
    requests = [(SERVING_DEFAULT, contract[PRIMARY_SIGNATURE])]
    requests += contract.items()
    warm_up = [(key, warm_up_inputs(s, manifest, last)) for key, s in requests]
    photo = {"image_bytes": warm_up[0][1]["image_bytes"]}
    own = [key for key in manifest.signatures if key not in contract]
    write_warm_up(directory, [*warm_up, *((key, photo) for key in own)])
    counted = dataclasses.replace(manifest, files=checksums(directory))
    counted.save(Path(directory) / MANIFEST_NAME)
