"""One table of priors and scopes: what phone files must have in common with Keras."""

import functools
import shutil

import numpy as np
import pytest
import tensorflow as tf

from export.tflite import save
from export.tflite.phone_export import (
    FORMATS,
    PhoneExport,
    files_of,
    signatures_of,
    sizes_of,
)
from export.tflite.phone_runtime import RUNTIMES, PhoneFile, installed_runtimes
from export.tflite.phone_scores import difference, network_scores, phone_scores
from piaa_tf.adaptation.adapt import InnerLoop, adapt_supports, score_users
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.contract.manifest import Adaptation, Manifest
from piaa_tf.data.decode import resize
from piaa_tf.data.images import load_images
from piaa_tf.errors import InputError
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
# In stars: largest and mean error of a score, and least SROCC with Keras' order.
TOLERANCES = {
    "fp32": (1e-5, 1e-5, 0.999),
    "fp16": (5e-3, 2e-3, 0.99),
    "dynamic_int8": (5e-2, 2e-2, 0.95),
    "full_int8": (1e-1, 4e-2, 0.9),
    "on_phone": (5e-3, 2e-3, 0.99),
}
WEIGHT_TOLERANCE = 1e-4
SCORE_TOLERANCE = 1e-5

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


def keras_scores(export, image):
    """The library's own way, without any part of the export."""
    network = export.user_network or export.prior
    personal = personal_score(network, export.scope, STARS)
    embedding = network.one_image().predict(image, verbose=0)["embedding"]
    return score_users(personal, export.user_weights[np.newaxis], embedding)[0]


@functools.cache
def adapted_supports(name):
    """Support sets of different sizes, and the weights that the library gives them."""
    export = make_export(name)
    personal = personal_score(export.prior, export.scope, STARS)
    generator = np.random.default_rng(7)
    width = export.manifest("on_phone").embedding_size
    supports = [
        (
            generator.normal(size=[count, width]).astype(np.float32),
            generator.integers(1, 6, count).astype(np.float32),
        )
        for count in (1, 10, PLACES, 3)
    ]
    return supports, adapt_supports(personal, supports, LOOP)


def operators(path):
    """Names of a file's operators, and of its custom ones."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    codes = flatbuffer_utils.read_model(str(path)).operatorCodes
    names = {v: k for k, v in vars(schema.BuiltinOperator).items()}
    builtin = {names[max(c.builtinCode, c.deprecatedBuiltinCode)] for c in codes}
    return builtin, [c.customCode for c in codes if c.customCode]


@pytest.fixture(scope="module")
def images(tiny_gallery):
    paths = sorted((tiny_gallery / "photos").rglob("*.jpg"))[:20]
    return load_images(paths, SIZE)


@pytest.fixture(scope="module")
def own_files(tmp_path_factory):
    """Anna's fp32 files by the table's names, each written once."""
    folders = {}

    def files(name):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp("own") / "phone"
            save.save_phone_files(make_export(name), ["fp32"], folders[name])
        return folders[name] / "fp32"

    return files


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    """head.tflite by the table's names, each converted once."""
    paths = {}

    def head(name):
        if name not in paths:
            folder = tmp_path_factory.mktemp("head")
            save.save_graph(
                make_export(name), "on_phone", "head.tflite", folder / "graph"
            )
            paths[name] = folder / "head.tflite"
            paths[name].write_bytes(save.convert(folder / "graph", "float32"))
        return paths[name]

    return head


@pytest.fixture(scope="module")
def every_format(tmp_path_factory, images):
    """One user's files in every format."""
    out = tmp_path_factory.mktemp("every") / "phone"
    export = make_export("vector fusion")
    save.save_phone_files(export, list(FORMATS), out, representative=images)
    return out


@runtimes
@pytest.mark.parametrize("name", TABLE)
def test_own_scores_are_those_of_keras(name, runtime, own_files, images):
    export = make_export(name)
    expected = keras_scores(export, images)
    scores = phone_scores(own_files(name), images, export.user_weights, runtime)
    np.testing.assert_allclose(scores, expected, atol=SCORE_TOLERANCE)
    others = keras_scores(make_export(name, "bert"), images)
    assert np.abs(scores - others).max() > 0.05


def test_files_are_compared_with_keras(images):
    export = make_export("network all")
    np.testing.assert_allclose(
        network_scores(export, images),
        keras_scores(export, images),
        atol=SCORE_TOLERANCE,
    )


@runtimes
@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_stays_within_its_tolerance(
    format_name, runtime, every_format, images
):
    export = make_export("vector fusion")
    scores = phone_scores(
        every_format / format_name, images, export.user_weights, runtime
    )
    found = difference(scores, keras_scores(export, images))
    largest, mean, least_srocc = TOLERANCES[format_name]
    assert found["max_error"] <= largest
    assert found["mean_error"] <= mean
    assert found["srocc"] >= least_srocc


@runtimes
def test_what_the_prior_predicts_is_beside_the_score(runtime, every_format, images):
    score = PhoneFile(every_format / "fp32" / "score.tflite", runtime=runtime)
    answer = score("score", image=images[:1])
    predicted = make_export("vector fusion").prior.one_image()(images[:1])
    for name in ("distribution", "traits"):
        np.testing.assert_allclose(answer[name], predicted[name], atol=1e-5)


@runtimes
@pytest.mark.parametrize("name", TABLE)
def test_a_phone_adapts_as_the_library_does(name, runtime, heads):
    export = make_export(name)
    personal = personal_score(export.prior, export.scope, STARS)
    head = PhoneFile(heads(name), runtime=runtime)
    for (embedding, rating), expected in zip(*adapted_supports(name)):
        count = len(rating)
        # What lies beyond the count is not looked at.
        room = [0, PLACES - count]
        adapted = head(
            "adapt",
            support_embedding=np.pad(embedding, [room, [0, 0]])[np.newaxis],
            support_rating=np.pad(rating, room, constant_values=np.nan)[np.newaxis],
            support_count=np.array([count], np.int32),
        )
        assert adapted["support_ok"].tolist() == [True]
        assert np.abs(expected - personal.prior_weights).max() > 0.02
        np.testing.assert_allclose(
            adapted["user_weights"][0], expected, atol=WEIGHT_TOLERANCE
        )
        weights = expected[np.newaxis]
        score = head("score", embedding=embedding[:1], user_weights=weights)["score"]
        np.testing.assert_allclose(
            score,
            score_users(personal, weights, embedding[:1])[0],
            atol=SCORE_TOLERANCE,
        )


@runtimes
@pytest.mark.parametrize(
    ("count", "change"),
    [
        (0, {}),
        (-1, {}),
        (PLACES + 1, {}),
        (3, {"support_rating": np.nan}),
        (3, {"support_rating": 5.5}),
        (3, {"support_embedding": np.inf}),
    ],
)
def test_bad_ratings_leave_the_priors_weights(count, change, runtime, heads):
    export = make_export("vector head")
    head = PhoneFile(heads("vector head"), runtime=runtime)
    width = export.manifest("on_phone").embedding_size
    inputs = {
        "support_embedding": np.ones([1, PLACES, width], np.float32),
        "support_rating": np.full([1, PLACES], 3, np.float32),
        "support_count": np.array([3], np.int32),
    }
    before = head("adapt", **inputs)
    bad = {**inputs, "support_count": np.array([count], np.int32)}
    for name, value in change.items():
        bad[name] = bad[name].copy()
        bad[name][0, 1] = value
    answer = head("adapt", **bad)
    assert answer["support_ok"].tolist() == [False]
    start = personal_score(export.prior, "head", STARS).prior_weights
    np.testing.assert_array_equal(answer["user_weights"][0], start)
    after = head("adapt", **inputs)
    assert after["support_ok"].tolist() == [True]
    np.testing.assert_array_equal(after["user_weights"], before["user_weights"])


@runtimes
def test_from_photographs_to_scores_on_the_phone(runtime, every_format, images):
    export = make_export("vector fusion")
    folder = every_format / "on_phone"
    embed = PhoneFile(folder / "embed.tflite", runtime=runtime)
    head = PhoneFile(folder / "head.tflite", runtime=runtime)
    rating = np.random.default_rng(1).integers(1, 6, 10).astype(np.float32)
    embeddings = [embed("embed", image=image[np.newaxis]) for image in images]
    embeddings = np.concatenate([answer["embedding"] for answer in embeddings])
    support = np.zeros([1, PLACES, embeddings.shape[1]], np.float32)
    support[0, :10] = embeddings[:10]
    adapted = head(
        "adapt",
        support_embedding=support,
        support_rating=np.pad(rating, [0, PLACES - 10])[np.newaxis],
        support_count=np.array([10], np.int32),
    )
    weights = adapted["user_weights"]
    scores = [
        head("score", embedding=row[np.newaxis], user_weights=weights)["score"][0]
        for row in embeddings
    ]
    exact = export.prior.one_image()(images)["embedding"].numpy()
    personal = personal_score(export.prior, "fusion", STARS)
    taste = adapt_supports(personal, [(exact[:10], rating)], LOOP)
    largest, _, _ = TOLERANCES["on_phone"]
    np.testing.assert_allclose(
        scores, score_users(personal, taste, exact)[0], atol=largest
    )


@runtimes
@pytest.mark.parametrize("keep_aspect", [False, True])
def test_photographs_of_any_size_become_the_square_of_training(
    keep_aspect, runtime, tmp_path
):
    prior = build_prior(
        "blg_piaa",
        BlgPiaaConfig(backbone="compact", image_size=SIZE, head_sizes=()),
        training={"keep_aspect": keep_aspect},
    )
    export = PhoneExport(prior, "head", STARS, Adaptation(1, 0.1, 1))
    save.save_graph(export, "fp32", "resize.tflite", tmp_path / "graph")
    path = tmp_path / "resize.tflite"
    path.write_bytes(save.convert(tmp_path / "graph", "float32"))
    assert not operators(path)[1]
    file = PhoneFile(path, runtime=runtime)
    generator = np.random.default_rng(2)
    for height, width in ((31, 90), (200, 150), (SIZE, SIZE), (31, 90), (1, 1)):
        pixels = generator.integers(0, 256, [height, width, 3], dtype=np.uint8)
        square = file("resize", pixels=pixels[np.newaxis])["image"][0]
        np.testing.assert_allclose(square, resize(pixels, SIZE, keep_aspect), atol=1e-2)


def test_every_file_has_tflites_own_operators_alone(every_format, own_files, heads):
    paths = [
        *every_format.rglob("*.tflite"),
        *(own_files(name) / "score.tflite" for name in TABLE),
        *map(heads, TABLE),
    ]
    assert len(paths) == 5 * 2 + 1 + 2 * len(TABLE)
    for path in paths:
        builtin, custom = operators(path)
        assert builtin, path
        assert custom == [], path
    assert "WHILE" in operators(heads("network all"))[0]


@pytest.mark.parametrize("format_name", FORMATS)
def test_files_take_and_give_what_the_contract_says(format_name, every_format):
    folder = every_format / format_name
    manifest = Manifest.load(folder / "manifest.json")
    sizes = {**sizes_of(manifest), "height": 1, "width": 1}
    names = []
    for file in files_of(format_name):
        interpreter = tf.lite.Interpreter(str(folder / file))
        for name, signature in signatures_of(file, manifest).items():
            names.append(name)
            runner = interpreter.get_signature_runner(name)
            for tensors, details in (
                (signature.inputs, runner.get_input_details()),
                (signature.outputs, runner.get_output_details()),
            ):
                assert {t.name for t in tensors} == set(details)
                for tensor in tensors:
                    found = details[tensor.name]
                    assert found["dtype"] == np.dtype(tensor.dtype)
                    wanted = [sizes.get(size, size) for size in tensor.shape]
                    assert found["shape"].tolist() == wanted
    assert manifest.signatures == tuple(names)


def test_the_manifest_says_whose_the_files_are(every_format, tmp_path):
    moved = shutil.copytree(every_format, tmp_path / "moved")
    own = Manifest.load(moved / "full_int8" / "manifest.json")
    own.check_files(moved / "full_int8")
    assert (own.form, own.precision) == ("tflite_full_int8", "int8")
    assert (own.user_id, own.num_users, own.adapted_by) == ("anna", 1, "a test")
    assert own.prior_checksum == make_export("vector fusion").prior.checksum()
    assert own.rating_range == STARS
    assert own.bin_scores == tuple(range(1, 11))
    everybody = Manifest.load(moved / "on_phone" / "manifest.json")
    assert (everybody.user_id, everybody.num_users) == ("", 0)
    assert everybody.adaptation == Adaptation(LOOP.steps, LOOP.rate, PLACES)


def test_sizes_shrink_with_the_precision(every_format):
    size = {
        name: (every_format / name / "score.tflite").stat().st_size
        for name in FORMATS
        if name != "on_phone"
    }
    assert size["fp16"] < 0.55 * size["fp32"]
    assert size["dynamic_int8"] < 0.35 * size["fp32"]
    assert size["full_int8"] < 0.35 * size["fp32"]


def test_without_a_taste_the_prior_is_exported():
    export = make_export("vector head")
    bare = PhoneExport(export.prior, "head", STARS, export.adaptation)
    start = personal_score(export.prior, "head", STARS).prior_weights
    np.testing.assert_array_equal(bare.functions("fp32").user_weights, start)
    assert bare.manifest("fp32").user_id == ""


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.zeros(4), "has 5 weights.*Got 4"), (np.full(5, np.nan), "must be finite")],
)
def test_weights_that_do_not_fit_write_nothing(weights, message, tmp_path):
    export = make_export("vector fusion")
    wrong = PhoneExport(
        export.prior, "fusion", STARS, export.adaptation, "anna", weights
    )
    (tmp_path / "fp32").mkdir()
    (tmp_path / "fp32" / "earlier").touch()
    with pytest.raises(InputError, match=message):
        save.save_phone_files(wrong, ["fp32"], tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["fp32", "earlier"]


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        (["fp32", "int4"], "formats must be some of .*Got int4"),
        ([], "Got none"),
        (["full_int8"], "needs representative photographs"),
    ],
)
def test_formats_that_cannot_be_are_refused(formats, message, tmp_path):
    with pytest.raises(InputError, match=message):
        save.save_phone_files(make_export("vector fusion"), formats, tmp_path)
    assert not list(tmp_path.iterdir())
