import dataclasses
import functools

import numpy as np
import pytest
import safetensors.numpy
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.models.backbones import pretrained
from piaa_tf.models.backbones.catalog import BACKBONES, build_backbone
from piaa_tf.models.layers.dropout import dropout_key


def first_and_slow(quick, slow):
    """Some backbones at once, others, large ones, in the slow tests."""
    return [*quick, *(pytest.param(name, marks=pytest.mark.slow) for name in slow)]


QUICK = ("mobilenet_v3_small", "resnet18", "compact")
LARGE = tuple(name for name in BACKBONES if name not in QUICK)


def least_size(name):
    return max(BACKBONES[name].min_image_size, 48)


def photos(num, size, seed=0):
    values = np.random.default_rng(seed).uniform(0, 255, (num, size, size, 3))
    return tf.constant(values, tf.float32)


@pytest.fixture(scope="module")
def built():
    """Builds a backbone once, for tests that leave its weights as they were."""
    return functools.cache(
        lambda name: build_backbone(name, image_size=least_size(name))
    )


@pytest.fixture
def mixed_bfloat16():
    before = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    tf.keras.mixed_precision.set_global_policy(before)


@pytest.mark.parametrize("name", first_and_slow(QUICK, LARGE))
def test_every_backbone_keeps_the_promises(name, built):
    size = least_size(name)
    first, second = built(name), build_backbone(name, image_size=size)
    assert first.name == name
    assert (first.input_names, first.output_names) == (["image"], ["features"])
    assert first.input_shape == (None, size, size, 3)
    assert first.output_shape == (None, BACKBONES[name].feature_size)
    variables = [variable.name for variable in first.weights]
    assert variables == [variable.name for variable in second.weights]
    assert len(set(variables)) == len(variables)
    second.set_weights(first.get_weights())
    images = photos(2, size)
    np.testing.assert_array_equal(first(images), second(images))


@pytest.mark.parametrize(
    "name", first_and_slow(["resnet18"], ["alexnet", "vgg16", "densenet121"])
)
def test_logits_are_a_thousand_and_have_no_softmax(name):
    size = 224 if name == "vgg16" else least_size(name)
    logits = build_backbone(name, image_size=size, features="logits")
    assert logits.output_shape == (None, 1000)
    assert abs(float(tf.reduce_sum(logits(photos(1, size)))) - 1) > 1e-3


@pytest.mark.parametrize(
    "name", first_and_slow(["resnet18", "compact"], ["densenet121"])
)
def test_mixed_precision_computes_in_bfloat16_and_gives_float32(name, mixed_bfloat16):
    size = least_size(name)
    model = build_backbone(name, image_size=size)
    computed = {layer.compute_dtype for layer in model.layers if layer.weights}
    assert computed == {"bfloat16"}
    features = model(photos(2, size))
    assert features.dtype == tf.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize(
    "name", first_and_slow(["compact"], ["alexnet", "efficientnet_v2_b0"])
)
def test_a_training_step_repeats_itself_under_one_key(name, built):
    model, weights = built(name), built(name).get_weights()

    def trained(key):
        with dropout_key(key):
            return model(photos(2, least_size(name)), training=True).numpy()

    first, second = trained([1, 2]), trained([1, 2])
    model.set_weights(weights)
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)


def test_preprocessing_is_inside_and_happens_once(built):
    model = built("mobilenet_v3_small")
    scaled = tf.keras.Model(model.input, model.get_layer("standardize").output)
    np.testing.assert_allclose(scaled(tf.fill([1, 48, 48, 3], 51.0)), 51 / 127.5 - 1)
    again = [
        layer
        for layer in model.layers
        if isinstance(layer, (tf.keras.layers.Rescaling, tf.keras.layers.Normalization))
    ]
    assert len(again) == 1


@pytest.mark.slow
def test_efficientnet_preprocesses_as_keras_does_inside(built):
    ours = built("efficientnet_v2_b0")
    theirs = tf.keras.applications.EfficientNetV2B0(
        include_top=False, pooling="avg", weights=None, input_shape=(48, 48, 3)
    )
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(photos(2, 48)), theirs(photos(2, 48)), atol=1e-4)


def test_a_keras_file_of_the_published_network_loads(tmp_path):
    published = tf.keras.applications.MobileNetV3Small(
        include_top=False,
        pooling="avg",
        weights=None,
        include_preprocessing=False,
        input_shape=(32, 32, 3),
    )
    published.save_weights(tmp_path / "notop.h5")
    model = build_backbone(
        "mobilenet_v3_small", image_size=32, weights=str(tmp_path / "notop.h5")
    )
    images = photos(2, 32)
    np.testing.assert_allclose(
        model(images), published(images / 127.5 - 1), rtol=1e-4, atol=1e-6
    )


def test_compacts_own_file_loads(tmp_path, built):
    source = built("compact")
    source.save_weights(tmp_path / "compact.h5")
    loaded = build_backbone("compact", image_size=64, weights=tmp_path / "compact.h5")
    for old, new in zip(source.get_weights(), loaded.get_weights()):
        np.testing.assert_array_equal(old, new)


def test_a_torchvision_file_loads_with_and_without_its_classifier(tmp_path):
    source = build_backbone("resnet18", image_size=32, features="logits")
    state = {
        name: np.ascontiguousarray(np.transpose(v, {4: (3, 2, 0, 1)}.get(v.ndim)))
        for name, v in (
            (name, variable.numpy())
            for name, variable in pretrained.torch_places(source).items()
        )
    }
    path = tmp_path / "resnet18.safetensors"
    safetensors.numpy.save_file(state, path)
    images = photos(2, 32)
    pooled = build_backbone("resnet18", image_size=32, weights=path)
    logits = build_backbone("resnet18", image_size=32, features="logits", weights=path)
    np.testing.assert_array_equal(logits(images), source(images))
    np.testing.assert_allclose(
        pooled(images) @ state["fc.weight"].T + state["fc.bias"],
        source(images),
        atol=1e-4,
    )


@pytest.mark.parametrize("name", ["compact", "mobilenet_v3_small"])
def test_every_batch_norm_is_synchronized_if_asked(name):
    norms = [
        layer.synchronized
        for layer in build_backbone(name, image_size=48, sync_batch_norm=True).layers
        if isinstance(layer, tf.keras.layers.BatchNormalization)
    ]
    assert norms
    assert all(norms)


def test_two_replicas_have_the_batch_statistics_of_one_with_all_images(two_devices):
    images = photos(8, 48)
    alone = build_backbone("compact", image_size=48, sync_batch_norm=True)
    with two_devices.scope():
        mirrored = build_backbone("compact", image_size=48, sync_batch_norm=True)
    mirrored.set_weights(alone.get_weights())

    halves = two_devices.experimental_distribute_values_from_function(
        lambda context: images[4 * context.replica_id_in_sync_group :][:4]
    )
    features = two_devices.run(
        tf.function(lambda half: mirrored(half, training=True)), [halves]
    )
    expected = alone(images, training=True)

    together = tf.concat(two_devices.experimental_local_results(features), axis=0)
    np.testing.assert_allclose(together, expected, atol=1e-4)
    for one, two in zip(alone.get_weights(), mirrored.get_weights()):
        np.testing.assert_allclose(two, one, atol=1e-5)
    norm = alone.get_layer("stem_norm")
    assert np.abs(norm.moving_mean).max() > 1e-3, "the statistics have moved"


def test_a_failed_download_is_explained(monkeypatch):
    def offline(**_):
        raise Exception(
            "URL fetch failure on https://storage.googleapis.com/v3_notop.h5: None"
        )

    spec = dataclasses.replace(BACKBONES["mobilenet_v3_small"], builder=offline)
    monkeypatch.setitem(BACKBONES, "mobilenet_v3_small", spec)
    with pytest.raises(InputError, match=r"~/\.keras/models/v3_notop\.h5"):
        build_backbone("mobilenet_v3_small", image_size=32, weights="imagenet")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "resnet50"}, r"backbone must be one of .*resnet18.* Got 'resnet50'"),
        ({"name": "resnet18", "features": "fc"}, r"'pooled' or 'logits'. Got 'fc'"),
        ({"name": "compact", "features": "logits"}, "needs an ImageNet classifier"),
        ({"name": "inception_v3"}, r"inception_v3 needs image_size >= 75. Got 64"),
        ({"name": "vgg16", "features": "logits"}, r"only at image_size=224.* Got 64"),
        ({"name": "compact", "weights": "imagenet"}, "do not exist. Pass weights=None"),
        (
            {"name": "resnet18", "weights": "imagenet"},
            r"Pass weights=PATH .* torch\.save.*resnet18",
        ),
        (
            {"name": "compact", "weights": "/nowhere/compact.h5"},
            "weights must be None, 'imagenet' or a file",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        build_backbone(image_size=64, **arguments)
