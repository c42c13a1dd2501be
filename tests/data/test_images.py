import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from piaa_tf.data import images
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

COUNT = 7


@pytest.fixture
def paths(tmp_path):
    """Images of one colour each, which is their place times ten."""
    paths = [tmp_path / f"{i}.png" for i in range(COUNT)]
    for i, path in enumerate(paths):
        Image.new("RGB", [5 + i, 4], (10 * i,) * 3).save(path)
    return paths


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_text("no image")
    return path


def test_loaded_images_stand_in_the_order_of_their_paths(paths):
    loaded = images.load_images(paths, 3)
    assert loaded.shape == (COUNT, 3, 3, 3)
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded[:, 2, 1, 0], 10 * np.arange(COUNT))


def test_loading_no_images_gives_none():
    assert images.load_images([], 3).shape == (0, 3, 3, 3)


@pytest.mark.parametrize("keep_aspect", [False, True])
def test_loading_reads_and_resizes_each_alone(tmp_path, keep_aspect):
    pixels = np.random.default_rng(0).integers(0, 256, [9, 5, 3], dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    loaded = images.load_images([tmp_path / "a.png"], 4, keep_aspect)
    expected = images.resize(pixels, 4, keep_aspect)
    np.testing.assert_array_equal(loaded[0], expected)


def test_loading_names_the_broken_image(paths, broken):
    with pytest.raises(InputError, match=r"broken\.jpg must be a whole"):
        images.load_images([*paths, broken], 3)


def test_batches_hold_what_loading_gives(paths):
    batches = list(images.image_batches(paths, 3, batch_size=3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(batches), images.load_images(paths, 3))


def test_batches_know_their_shape_and_number(paths):
    batches = images.image_batches(paths, 3, batch_size=3)
    assert batches.element_spec == tf.TensorSpec([None, 3, 3, 3], tf.float32)
    assert batches.cardinality() == 3


def iterated(dataset):
    return list(dataset)


def predicted(dataset):
    pixels = tf.keras.Input([3, 3, 3], name="image")
    pooled = tf.keras.layers.GlobalAveragePooling2D(name="mean")(pixels)
    return tf.keras.Model(pixels, pooled).predict(dataset, verbose=0)


def traced(dataset):
    iterator = iter(dataset)

    @tf.function
    def add():
        total = 0.0
        for _ in tf.range(COUNT):
            total += tf.reduce_sum(next(iterator))
        return total

    return add()


def distributed(dataset):
    devices = tf.config.list_logical_devices("CPU")
    strategy = tf.distribute.MirroredStrategy(
        [device.name for device in devices],
        cross_device_ops=tf.distribute.ReductionToOneDevice(),
    )
    return list(strategy.experimental_distribute_dataset(dataset))


@pytest.mark.parametrize("consume", [iterated, predicted, traced, distributed])
def test_a_broken_image_in_a_dataset_is_an_input_error(paths, broken, consume):
    batches = images.image_batches([*paths, broken], 3, batch_size=2)
    whole = "must be a whole JPEG, PNG or WebP image"
    with pytest.raises(InputError, match=whole) as caught, images.input_errors():
        consume(batches)
    with pytest.raises(InputError, match=whole) as direct:
        images.read_image(broken)
    assert str(caught.value) == str(direct.value)
    assert isinstance(caught.value.__cause__, tf.errors.OpError)


def test_other_errors_of_tensorflow_pass_unchanged():
    refused = pytest.raises(
        tf.errors.InvalidArgumentError, match="tensor with 3 values"
    )
    with refused, images.input_errors():
        tf.reshape(tf.zeros([3]), [2])


def test_an_input_error_passes_unchanged():
    with pytest.raises(InputError, match=r"^said directly$"), images.input_errors():
        raise InputError("said directly")


def test_broken_images_are_found_once_and_in_order(paths, broken):
    assert images.find_broken([broken, *paths, broken]) == [broken]


def test_samples_of_broken_images_are_dropped(tmp_path, paths, broken):
    samples = PersonalRatings(
        tmp_path,
        ["0.png", "broken.jpg", "1.png", "broken.jpg"],
        ["u", "u", "v", "v"],
        [1, 2, 3, 4],
        RatingRange(1, 5),
    )
    kept, names = images.drop_broken(samples)
    assert names == ["broken.jpg"]
    assert kept.images == ("0.png", "1.png")
    assert kept.ratings.tolist() == [1, 3]


def test_sound_samples_are_kept_whole(tmp_path, paths):
    samples = PersonalRatings(tmp_path, ["0.png"], ["u"], [1], RatingRange(1, 5))
    assert images.drop_broken(samples) == (samples, [])


def test_a_set_of_broken_images_alone_is_refused(tmp_path, broken):
    samples = PersonalRatings(tmp_path, ["broken.jpg"], ["u"], [1], RatingRange(1, 5))
    with pytest.raises(InputError, match=r"needs images that can be read\. Got none"):
        images.drop_broken(samples)
