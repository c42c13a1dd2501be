import shutil

import pytest

import piaa_tf


@pytest.fixture(scope="session")
def album(tiny_gallery, tmp_path_factory):
    """A folder of six photos, of which anna rated three and bert two."""
    folder = tmp_path_factory.mktemp("library") / "album"
    folder.mkdir()
    for i, source in enumerate(sorted((tiny_gallery / "photos").rglob("*.jpg"))[:6]):
        shutil.copy(source, folder / f"{i}.jpg")
    return folder


@pytest.fixture(scope="session")
def rows():
    """What anna and bert made of them."""
    return [
        ("anna", "0.jpg", 1),
        ("anna", "1.jpg", 5),
        ("anna", "2.jpg", 4),
        ("bert", "0.jpg", 5),
        ("bert", "3.jpg", 2),
    ]


@pytest.fixture(scope="session")
def prior(tiny_prior):
    return piaa_tf.load_prior(tiny_prior)


@pytest.fixture(scope="session")
def tastes(prior, album, rows):
    return prior.adapt(rows, album, steps=5, rate=0.01)
