import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.models.blg_piaa import BlgPiaaConfig
from piaa_tf.models.pa_iaa import PaIaaConfig
from piaa_tf.models.prior import (
    assign_weights,
    build_prior,
    config_from_dict,
    load_prior,
    named_weights,
    save_prior,
)

SIZE = 48


def number_weights(prior):
    """Gives every number of every variable a value of its own."""
    start = 0
    values = {}
    for name, value in prior.weights().items():
        values[name] = (start + np.arange(value.size)).reshape(value.shape) / 1e5
        start += value.size
    assign_weights(prior.model, {k: v.astype("f4") for k, v in values.items()})
    return prior


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    prior = number_weights(
        build_prior(
            "pa_iaa",
            PaIaaConfig(backbone="compact", image_size=SIZE, head_sizes=(6,)),
            training={"seed": 3, "keep_aspect": True},
        )
    )
    directory = tmp_path_factory.mktemp("run") / "prior"
    save_prior(prior, directory)
    return prior, directory


@pytest.fixture
def copy(saved, tmp_path):
    shutil.copytree(saved[1], tmp_path / "prior")
    return tmp_path / "prior"


def test_a_prior_comes_back_whole(saved):
    prior, directory = saved
    loaded = load_prior(directory)
    assert (loaded.kind, loaded.config) == (prior.kind, prior.config)
    assert loaded.training == {"seed": 3, "keep_aspect": True}
    assert loaded.keep_aspect
    assert loaded.checksum() == prior.checksum()
    for name, value in prior.weights().items():
        np.testing.assert_array_equal(loaded.weights()[name], value)


def test_saving_replaces_an_earlier_prior_and_leaves_nothing_else(copy):
    prior = build_prior(
        "blg_piaa", BlgPiaaConfig(backbone="compact", image_size=SIZE, head_sizes=())
    )
    save_prior(prior, copy)
    assert load_prior(copy).kind == "blg_piaa"
    assert sorted(p.name for p in copy.parent.iterdir()) == ["prior"]


def test_the_checksum_tells_weights_and_configs_apart(saved):
    prior, directory = saved
    other = load_prior(directory)
    values = other.weights()
    values["traits/bias:0"] = values["traits/bias:0"] + 1e-3
    assign_weights(other.model, values)
    assert other.checksum() != prior.checksum()


def test_one_set_of_weights_serves_both_streams():
    prior = build_prior(
        "pa_iaa", PaIaaConfig(backbone="compact", image_size=SIZE, head_sizes=())
    )
    names = [v.name for v in prior.model.variables]
    assert len(names) == len(set(names))
    backbone = {v.ref() for v in prior.model.get_layer("compact").variables}
    heads = [v for v in prior.model.variables if v.ref() not in backbone]
    # Two linear outputs, each a kernel and a bias, beside the one backbone.
    assert len(heads) == 4


def test_one_image_sees_what_the_siamese_network_sees():
    prior = build_prior(
        "pa_iaa", PaIaaConfig(backbone="compact", image_size=SIZE, head_sizes=(6,))
    )
    generator = np.random.default_rng(0)
    a, p = generator.uniform(0, 255, [2, 3, SIZE, SIZE, 3]).astype("f4")
    both = prior.model({"aesthetics_image": a, "personality_image": p})
    one = prior.one_image()
    np.testing.assert_allclose(both["distribution"], one(a)["distribution"], atol=1e-6)
    np.testing.assert_allclose(both["traits"], one(p)["traits"], atol=1e-6)
    np.testing.assert_allclose(
        tf.reduce_sum(both["distribution"], axis=1), np.ones(3), atol=1e-6
    )
    assert np.abs(both["traits"]).max() < 1


def test_a_folder_that_is_no_prior_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"A prior is a folder with config.json"):
        load_prior(tmp_path)


def edit_config(directory, **changes):
    path = directory / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_another_format_or_kind_is_refused(copy):
    edit_config(copy, kind="ouija")
    with pytest.raises(InputError, match="Got format 1, kind 'ouija'"):
        load_prior(copy)


def test_an_unknown_config_key_is_refused(copy):
    edit_config(copy, model={"backbone": "compact", "colour": "red"})
    with pytest.raises(InputError, match=r"Got \['colour'\]"):
        load_prior(copy)


def test_weights_of_another_shape_are_refused_by_name(copy):
    described = json.loads((copy / "config.json").read_text())["model"]
    edit_config(copy, model={**described, "head_sizes": [9]})
    with pytest.raises(InputError, match="aesthetics_trunk_dense1/kernel:0 of shape"):
        load_prior(copy)


def test_broken_weights_are_refused(copy):
    (copy / "weights.npz").write_bytes(b"PK not really")
    with pytest.raises(InputError, match="must hold this prior's weights"):
        load_prior(copy)


def test_changed_weights_are_refused(copy):
    with np.load(copy / "weights.npz") as file:
        values = dict(file)
    values["traits/bias:0"] += 1
    np.savez(copy / "weights.npz", **values)
    with pytest.raises(InputError, match="must have the checksum"):
        load_prior(copy)


def test_missing_and_unexpected_weights_are_counted(saved):
    prior, _ = saved
    values = prior.weights()
    values["surprise:0"] = values.pop("traits/bias:0")
    with pytest.raises(InputError, match=r"Got 2 .*missing traits/bias:0; unexpected"):
        assign_weights(prior.model, values)


def test_variables_of_one_name_are_refused():
    image = tf.keras.Input([2])
    parts = [
        tf.keras.Sequential([tf.keras.layers.Dense(1, name="same")]) for _ in range(2)
    ]
    model = tf.keras.Model(image, [part(image) for part in parts])
    with pytest.raises(ValueError, match="needs its own name"):
        named_weights(model)


@pytest.mark.parametrize(
    ("config_class", "values", "message"),
    [
        (PaIaaConfig, {"tasks": ["taste"]}, "tasks must be some of"),
        (PaIaaConfig, {"tasks": []}, "tasks must be some of"),
        (PaIaaConfig, {"fusion": "maybe"}, "Got 'maybe'"),
        (PaIaaConfig, {"bin_scores": [3, 2]}, "two or more rising numbers"),
        (BlgPiaaConfig, {"link": "chain"}, "Got 'chain'"),
    ],
)
def test_impossible_configs_are_refused(config_class, values, message):
    with pytest.raises(InputError, match=message):
        config_from_dict(config_class, values)


def test_a_backbone_may_start_as_another_priors(saved):
    prior, directory = saved
    config = BlgPiaaConfig(backbone="compact", image_size=SIZE, head_sizes=())
    started = build_prior("blg_piaa", config, weights=str(directory))
    for name, value in named_weights(prior.model.get_layer("compact")).items():
        np.testing.assert_array_equal(started.weights()[name], value)


def test_a_prior_of_another_backbone_is_no_start(saved):
    config = BlgPiaaConfig(backbone="resnet18", image_size=64, head_sizes=())
    with pytest.raises(InputError, match=r"must have the backbone resnet18\. Got comp"):
        build_prior("blg_piaa", config, weights=str(saved[1]))
