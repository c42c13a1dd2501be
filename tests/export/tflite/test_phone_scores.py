"""What phone files must have in common with Keras: scores, and adaptation."""

import functools

import numpy as np
import pytest
from phone_table import (
    LOOP,
    PLACES,
    SIZE,
    STARS,
    TABLE,
    make_export,
    operators,
    runtimes,
)

from export.tflite import save
from export.tflite.phone_export import FORMATS, PhoneExport
from export.tflite.phone_runtime import PhoneFile
from export.tflite.phone_scores import difference, network_scores, phone_scores
from piaa_tf.adaptation.adapt import adapt_supports, score_users
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.contract.manifest import Adaptation
from piaa_tf.data.decode import resize
from piaa_tf.models.config import BlgPiaaConfig
from piaa_tf.models.prior import build_prior

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
def test_from_photos_to_scores_on_the_phone(runtime, every_format, images):
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
def test_photos_of_any_size_become_the_square_of_training(
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
