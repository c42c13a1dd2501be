"""Phone files that many tests ask, each written once."""

import pytest
from phone_table import SIZE, make_export

from export.tflite import save
from export.tflite.phone_export import FORMATS
from piaa_tf.data.images import load_images


@pytest.fixture(scope="session")
def images(tiny_gallery):
    paths = sorted((tiny_gallery / "photos").rglob("*.jpg"))[:20]
    return load_images(paths, SIZE)


@pytest.fixture(scope="session")
def own_files(tmp_path_factory):
    """Anna's fp32 files by the table's names, each written once."""
    folders = {}

    def files(name):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp("own") / "phone"
            save.save_phone_files(make_export(name), ["fp32"], folders[name])
        return folders[name] / "fp32"

    return files


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def every_format(tmp_path_factory, images):
    """One user's files in every format."""
    out = tmp_path_factory.mktemp("every") / "phone"
    export = make_export("vector fusion")
    save.save_phone_files(export, list(FORMATS), out, representative=images)
    return out
