import json

import numpy as np
import pytest
import safetensors.numpy
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.models.backbones import alexnet, pretrained, resnet18


def resnet18_shapes():
    """Names and shapes of torchvision.models.resnet18().state_dict()."""
    shapes = {"conv1.weight": (64, 3, 7, 7), **norm_shapes("bn1", 64)}
    previous = 64
    for stage, width in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            name = f"layer{stage}.{block}"
            shapes[f"{name}.conv1.weight"] = (width, previous, 3, 3)
            shapes.update(norm_shapes(f"{name}.bn1", width))
            shapes[f"{name}.conv2.weight"] = (width, width, 3, 3)
            shapes.update(norm_shapes(f"{name}.bn2", width))
            if previous != width:
                shapes[f"{name}.downsample.0.weight"] = (width, previous, 1, 1)
                shapes.update(norm_shapes(f"{name}.downsample.1", width))
            previous = width
    return {**shapes, "fc.weight": (1000, 512), "fc.bias": (1000,)}


def norm_shapes(name, width):
    parts = ("weight", "bias", "running_mean", "running_var")
    return {
        **{f"{name}.{part}": (width,) for part in parts},
        f"{name}.num_batches_tracked": (),
    }


def alexnet_shapes():
    """Names and shapes of torchvision.models.alexnet().state_dict()."""
    shapes = {
        "features.0": (64, 3, 11, 11),
        "features.3": (192, 64, 5, 5),
        "features.6": (384, 192, 3, 3),
        "features.8": (256, 384, 3, 3),
        "features.10": (256, 256, 3, 3),
        "classifier.1": (4096, 9216),
        "classifier.4": (4096, 4096),
        "classifier.6": (1000, 4096),
    }
    return {
        f"{name}.{part}": shape if part == "weight" else shape[:1]
        for name, shape in shapes.items()
        for part in ("weight", "bias")
    }


def random_state(shapes, seed=0):
    generator = np.random.default_rng(seed)
    return {
        name: np.array(7)
        if not shape
        else generator.uniform(0.1, 1, shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def num_parameters(shapes):
    return sum(
        int(np.prod(shape))
        for name, shape in shapes.items()
        if name.rpartition(".")[2] in ("weight", "bias")
    )


@pytest.fixture(scope="module")
def state():
    return random_state(resnet18_shapes())


@pytest.fixture(scope="module")
def logits():
    return resnet18.build(image_size=32, features="logits")


@pytest.fixture(scope="module")
def pooled():
    return resnet18.build(image_size=32)


def saved(tmp_path, state):
    path = tmp_path / "state.safetensors"
    safetensors.numpy.save_file(state, path)
    return path


def test_the_state_dicts_of_these_tests_have_the_published_sizes():
    assert num_parameters(resnet18_shapes()) == 11_689_512
    assert num_parameters(alexnet_shapes()) == 61_100_840


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_every_tensor_lands_in_its_place(tmp_path, state, logits, suffix):
    path = tmp_path / f"state{suffix}"
    if suffix == ".npz":
        np.savez(path, **state)
    else:
        safetensors.numpy.save_file(state, path)
    pretrained.load_torch(logits, path)
    conv = logits.get_layer("layer3.0.conv1").kernel.numpy()  # HWIO
    torch_conv = state["layer3.0.conv1.weight"]  # OIHW
    assert conv[2, 0, 5, 7] == torch_conv[7, 5, 2, 0]
    norm = logits.get_layer("layer2.0.downsample.1").get_weights()
    parts = ("weight", "bias", "running_mean", "running_var")
    for value, part in zip(norm, parts):
        np.testing.assert_array_equal(value, state[f"layer2.0.downsample.1.{part}"])
    kernel, bias = logits.get_layer("fc").get_weights()
    np.testing.assert_array_equal(kernel, state["fc.weight"].T)
    np.testing.assert_array_equal(bias, state["fc.bias"])


def test_no_tensor_is_left_over_or_used_twice(logits):
    places = pretrained.torch_places(logits)
    counted = [n for n in resnet18_shapes() if not n.endswith("num_batches_tracked")]
    assert sorted(places) == sorted(counted)
    assert len({id(variable) for variable in places.values()}) == len(logits.variables)


def test_alexnets_names_and_shapes_are_torchvisions():
    model = alexnet.build(image_size=63, features="logits")
    shapes = {
        name: pretrained.torch_shape(tuple(variable.shape))
        for name, variable in pretrained.torch_places(model).items()
    }
    assert shapes == alexnet_shapes()


def test_the_classifier_is_passed_over_where_features_are_pooled(
    tmp_path, state, pooled
):
    pretrained.load_torch(pooled, saved(tmp_path, state), ignored=["fc"])
    np.testing.assert_array_equal(
        pooled.get_layer("bn1").moving_mean, state["bn1.running_mean"]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda state: [state.pop(n) for n in list(state) if "layer1" in n],
            r"Got 20 missing \(layer1.0.conv1.weight, .*, layer1.0.bn1.bias, ...\)",
        ),
        (
            lambda state: state.update({"layer5.weight": np.ones(3, np.float32)}),
            r"Got 1 unexpected \(layer5.weight\)\. Make one",
        ),
        (
            lambda state: state.update({"bn1.bias": np.ones(63, np.float32)}),
            r"Got 1 of another shape \(bn1.bias \[63\] where \[64\] is needed\)",
        ),
    ],
)
def test_a_state_dict_that_does_not_fit_is_refused_and_changes_nothing(
    tmp_path, state, pooled, change, message
):
    before = pooled.get_weights()
    state = random_state(resnet18_shapes(), seed=5)
    change(state)
    with pytest.raises(InputError, match=message):
        pretrained.load_torch(pooled, saved(tmp_path, state), ignored=["fc"])
    for old, new in zip(before, pooled.get_weights()):
        np.testing.assert_array_equal(old, new)


def test_a_classifier_nobody_asked_to_pass_over_is_unexpected(tmp_path, state, pooled):
    with pytest.raises(InputError, match=r"2 unexpected \(fc.bias, fc.weight\)"):
        pretrained.load_torch(pooled, saved(tmp_path, state))


def test_half_precision_tensors_become_float32():
    assert pretrained.to_keras(np.ones([2, 3], np.float16)).dtype == np.float32


@pytest.mark.parametrize("load", [pretrained.load_torch, pretrained.load_keras])
def test_a_file_that_is_not_there_is_refused(tmp_path, pooled, load):
    with pytest.raises(InputError, match=r"weights must be .* a file. Got .*none\.npz"):
        load(pooled, tmp_path / "none.npz")


def test_another_kind_of_file_is_refused_with_the_way_to_make_one(tmp_path, pooled):
    (tmp_path / "resnet18.onnx").write_bytes(b"")
    with pytest.raises(InputError, match=r"Got .*\.onnx\. Make one .*torch\.save"):
        pretrained.load_torch(pooled, tmp_path / "resnet18.onnx")


def test_a_file_of_pytorch_that_is_none_is_refused(tmp_path, pooled):
    (tmp_path / "resnet18.pth").write_bytes(b"")
    with pytest.raises(InputError, match=r"\.pth must be a whole file of torch\.save"):
        pretrained.load_torch(pooled, tmp_path / "resnet18.pth")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
@pytest.mark.parametrize("content", [b"", b"no weights at all"])
def test_a_broken_file_is_refused(tmp_path, pooled, suffix, content):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken.* must be a readable .* Got"):
        pretrained.load_torch(pooled, path)


def test_a_bare_npy_array_under_the_name_npz_is_refused(tmp_path, pooled):
    with (tmp_path / "bare.npz").open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(InputError, match="must be a readable"):
        pretrained.load_torch(pooled, tmp_path / "bare.npz")


def test_numbers_that_numpy_lacks_are_refused(tmp_path, pooled):
    entry = {"dtype": "F8_E4M3", "shape": [3], "data_offsets": [0, 3]}
    header = json.dumps({"bn1.bias": entry}).encode()
    path = tmp_path / "eight_bits.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(3))
    with pytest.raises(InputError, match=r"must be a readable \.safetensors file"):
        pretrained.load_torch(pooled, path)


def small_model(units=3):
    inputs = tf.keras.Input([2])
    hidden = tf.keras.layers.BatchNormalization(name="norm")(inputs)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(units, name="out")(hidden))


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5"])
def test_keras_files_of_both_forms_load(tmp_path, name):
    source, target = small_model(), small_model()
    source.set_weights([w + 0.5 for w in source.get_weights()])
    source.save_weights(tmp_path / name)
    pretrained.load_keras(target, tmp_path / name)
    for old, new in zip(source.get_weights(), target.get_weights()):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5"])
def test_a_keras_file_of_another_network_is_refused(tmp_path, name):
    small_model(units=4).save_weights(tmp_path / name)
    with pytest.raises(InputError, match=r"must hold exactly the weights of .* Got"):
        pretrained.load_keras(small_model(), tmp_path / name)


def test_a_keras_file_of_another_format_is_refused(tmp_path):
    (tmp_path / "w.npz").write_bytes(b"")
    with pytest.raises(InputError, match=r"must be a Keras \.h5 file. Got"):
        pretrained.load_keras(small_model(), tmp_path / "w.npz")


def test_a_broken_keras_file_is_refused(tmp_path):
    (tmp_path / "w.h5").write_bytes(b"no weights at all")
    with pytest.raises(InputError, match="must be an HDF5 file"):
        pretrained.load_keras(small_model(), tmp_path / "w.h5")


def test_a_failed_download_says_where_to_put_the_file():
    with (
        pytest.raises(
            InputError,
            match=r"needs net_notop\.h5 or the .* at ~/\.keras/models/net_notop\.h5",
        ),
        pretrained.explained_download("net"),
    ):
        # The words of keras.utils.get_file.
        raise Exception("URL fetch failure on https://a.b/c/net_notop.h5: None -- [-2]")


def test_other_errors_while_downloading_go_their_way():
    with (
        pytest.raises(ZeroDivisionError),
        pretrained.explained_download("net"),
    ):
        raise ZeroDivisionError
