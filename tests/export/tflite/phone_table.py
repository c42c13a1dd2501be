"""One table of priors and scopes, and the phone exports that tests make of it."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from export.tflite.phone_export import PhoneExport
from export.tflite.phone_runtime import RUNTIMES, installed_runtimes
from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.contract.manifest import Adaptation
from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
from piaa_tf.models.prior import build_prior
from piaa_tf.ratings import RatingRange

SIZE = 48
PLACES = 12
STARS = RatingRange(1, 5)
LOOP = InnerLoop(steps=20, rate=0.01)

# Name: kind of the prior, what its config changes, scope.
TABLE = {
    "vector fusion": ("pa_iaa", {}, "fusion"),
    "vector head": ("pa_iaa", {}, "head"),
    "vector all": ("pa_iaa", {}, "all"),
    "network fusion": ("pa_iaa", {"fusion": "network"}, "fusion"),
    "network all": ("pa_iaa", {"fusion": "network"}, "all"),
    "scores alone head": ("pa_iaa", {"tasks": ("distribution",)}, "head"),
    "blg sigmoid head": ("blg_piaa", {}, "head"),
    "blg linear all": ("blg_piaa", {"link": "linear"}, "all"),
}

runtimes = pytest.mark.parametrize(
    "runtime",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                name not in installed_runtimes(), reason=f"{name} is not installed"
            ),
        )
        for name in RUNTIMES
    ],
)


@functools.cache
def make_prior(name, seed=5):
    kind, changes, _ = TABLE[name]
    tf.keras.utils.set_random_seed(seed)
    shared = {"backbone": "compact", "image_size": SIZE, "head_sizes": (7,)}
    if kind == "blg_piaa":
        return build_prior(kind, BlgPiaaConfig(**shared, **changes))
    return build_prior(kind, PaIaaConfig(**shared, fusion_sizes=(6, 4), **changes))


@functools.cache
def make_export(name, user="anna"):
    """A prior, and weights far from it that are this user's alone."""
    scope = TABLE[name][-1]
    prior = make_prior(name)
    start = personal_score(prior, scope, STARS).prior_weights
    seed = sum(user.encode())
    weights = start + np.random.default_rng(seed).normal(0, 0.5, start.shape)
    return PhoneExport(
        prior,
        scope,
        STARS,
        Adaptation(LOOP.steps, LOOP.rate, PLACES),
        user_id=user,
        user_weights=weights.astype(np.float32),
        user_network=make_prior(name, seed) if scope == "all" else None,
        adapted_by="a test",
    )


def operators(path):
    """Names of a file's operators, and of its custom ones."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    codes = flatbuffer_utils.read_model(str(path)).operatorCodes
    names = {v: k for k, v in vars(schema.BuiltinOperator).items()}
    builtin = {names[max(c.builtinCode, c.deprecatedBuiltinCode)] for c in codes}
    return builtin, [c.customCode for c in codes if c.customCode]
