"""Two logical CPU devices for all tests, and small things on disk that many share."""

import fcntl
import os

import pytest

import piaa_tf  # noqa: F401 - before TensorFlow, whose Keras it chooses

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# There are no doctests in them, and several modules of one name.
collect_ignore_glob = ["*conftest.py"]


def pytest_configure():
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    tf.get_logger().setLevel("ERROR")


@pytest.fixture
def two_devices():
    """A strategy of two replicas on the two logical CPUs."""
    import tensorflow as tf

    # Two such strategies in one process collide on the default's collective keys.
    return tf.distribute.MirroredStrategy(
        ["/CPU:0", "/CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice()
    )


@pytest.fixture
def logged(monkeypatch):
    """What is logged, as lines."""
    from absl import logging

    lines = []
    for level in ("info", "warning"):
        monkeypatch.setattr(logging, level, lambda text, *a: lines.append(text % a))
    return lines


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Makes a folder once for all processes of a run; tests only read it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Each process has a folder of its own in that of the run.
        root = root.parent

    def folder_of(name, make):
        folder = root / "made_once" / name
        folder.parent.mkdir(exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                make(folder)
        return folder

    return folder_of


@pytest.fixture(scope="session")
def tiny_gallery(made_once):
    """A gallery of a few photos on disk; tests only read it."""

    def make(folder):
        from piaa_tf.data.gallery import GalleryConfig, SplitSizes, write_gallery

        sizes = SplitSizes(12, 3, 4, 3, 16, 20)
        config = GalleryConfig(image_size=48, train=sizes, validation=sizes, test=sizes)
        write_gallery(folder, config, num_processes=1)

    return made_once("gallery", make)


@pytest.fixture(scope="session")
def tiny_prior(made_once):
    """An untrained PA_IAA prior on disk, which tests only read.

    Adaptation does not mind that nobody trained it.
    """

    def make(folder):
        import tensorflow as tf

        from piaa_tf.models.config import PaIaaConfig
        from piaa_tf.models.prior import build_prior, save_prior

        tf.keras.utils.set_random_seed(1)
        config = PaIaaConfig(backbone="compact", image_size=48, head_sizes=(8,))
        save_prior(build_prior("pa_iaa", config), folder)

    return made_once("prior", make)
