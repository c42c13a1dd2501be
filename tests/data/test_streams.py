import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from piaa_tf.data import images, streams
from piaa_tf.data.streams import PixelCache, training_stream
from piaa_tf.errors import InputError

COUNT = 10


@pytest.fixture
def paths(tmp_path):
    """Images of one colour each, which is their place times ten."""
    paths = [tmp_path / f"{i}.png" for i in range(COUNT)]
    for i, path in enumerate(paths):
        Image.new("RGB", [4, 4], (10 * i,) * 3).save(path)
    return paths


@pytest.fixture
def gradient(tmp_path):
    """One image whose red says the column and whose green says the row."""
    rows, columns = np.mgrid[:8, :8].astype(np.uint8)
    pixels = np.stack([columns, rows, 0 * rows], axis=-1)
    Image.fromarray(pixels).save(tmp_path / "gradient.png")
    return tmp_path / "gradient.png"


def stream(paths, targets=None, **options):
    targets = np.arange(len(paths)) if targets is None else targets
    options = {"batch_size": 5, "image_size": 4, "seed": 3, **options}
    return training_stream(paths, targets, **options)


def taken(dataset, steps):
    """(images, targets) of some steps, each with the steps in front."""
    batches = list(dataset.take(steps).as_numpy_iterator())
    return tuple(np.stack(part) for part in zip(*batches))


def test_batches_are_float_pixels_of_a_fixed_shape(paths):
    image, target = stream(paths).element_spec
    assert image == tf.TensorSpec([5, 4, 4, 3], tf.float32)
    assert target == tf.TensorSpec([5], tf.int64)


def test_targets_stay_with_their_images(paths):
    image, target = taken(stream(paths, batch_size=3), 20)
    np.testing.assert_array_equal(image[..., 0, 0, 0], 10 * target)


def test_targets_may_be_a_structure(paths):
    targets = {"score": np.arange(10.0), "traits": np.arange(50).reshape(10, 5)}
    _, drawn = next(iter(stream(paths, targets)))
    np.testing.assert_array_equal(drawn["traits"][:, 0], 5 * drawn["score"])


def test_two_epochs_cover_the_same_set_in_different_orders(paths):
    _, target = taken(stream(paths), 4)
    first, second = target.reshape(2, COUNT)
    assert sorted(first) == sorted(second) == list(range(COUNT))
    assert first.tolist() != second.tolist()


@pytest.mark.parametrize("count", [*range(1, 20), 1000])
def test_an_epoch_of_any_length_takes_each_sample_once(count):
    positions = tf.range(2 * count, 3 * count, dtype=tf.int64)
    drawn = streams.samples_at(positions, count, seed=0)
    assert sorted(drawn.numpy()) == list(range(count))


def test_orders_are_those_of_index_shuffle():
    positions = tf.constant([0, 6, 7, 13, 14], tf.int64)
    drawn = streams.samples_at(positions, 7, seed=5)
    expected = [
        tf.random.experimental.index_shuffle(p % 7, tf.stack([5, p // 7]), 6)
        for p in positions.numpy()
    ]
    assert drawn.numpy().tolist() == [int(sample) for sample in expected]


def test_an_epoch_may_end_within_a_batch(paths):
    _, target = taken(stream(paths, batch_size=4), 5)
    first, second = target.reshape(2, COUNT)
    assert sorted(first) == sorted(second) == list(range(COUNT))


def test_a_batch_may_be_larger_than_the_set(paths):
    _, target = taken(stream(paths, batch_size=2 * COUNT), 1)
    assert sorted(target[0]) == sorted([*range(COUNT)] * 2)


@pytest.mark.parametrize("cache_bytes", [0, 300, 10**6])
def test_a_stream_that_starts_later_is_the_rest(paths, gradient, cache_bytes):
    options = {"image_size": 3, "resize_size": 6, "batch_size": 4}
    options["cache_bytes"] = cache_bytes
    both = [*paths, gradient]
    whole = taken(stream(both, **options), 12)
    rest = taken(stream(both, first_step=5, **options), 7)
    for before, after in zip(whole, rest):
        np.testing.assert_array_equal(before[5:], after)


@pytest.mark.parametrize("count", [2, 5])
def test_shards_side_by_side_are_the_undivided_stream(paths, gradient, count):
    options = {"image_size": 3, "resize_size": 6, "first_step": 2}
    both = [*paths, gradient]
    whole = taken(stream(both, batch_size=10, **options), 4)
    shards = [
        taken(stream(both, batch_size=10 // count, shard=(i, count), **options), 4)
        for i in range(count)
    ]
    for undivided, slices in zip(whole, zip(*shards)):
        np.testing.assert_array_equal(undivided, np.concatenate(slices, axis=1))


def test_seeds_give_different_orders(paths):
    _, one = taken(stream(paths, seed=1), 2)
    _, other = taken(stream(paths, seed=2), 2)
    assert one.tolist() != other.tolist()


def test_all_cuts_stay_inside_and_all_places_occur(gradient):
    image, _ = taken(
        stream([gradient], image_size=6, resize_size=8, batch_size=100, flip=False), 3
    )
    corners = image.reshape(-1, 6, 6, 3)[:, 0, 0, :2].astype(int)
    assert set(map(tuple, corners)) == {(x, y) for x in range(3) for y in range(3)}
    spans = image.reshape(-1, 6, 6, 3)[:, 5, 5, :2] - corners
    np.testing.assert_array_equal(spans, 5)


def test_about_half_of_the_images_are_mirrored(gradient):
    image, _ = taken(stream([gradient], image_size=8, batch_size=100), 5)
    left_column = image[..., 0, 0, 0].ravel()
    assert set(left_column) == {0, 7}
    mirrored = np.mean(left_column == 7)
    # Four standard deviations of the mean of 500 fair coins.
    assert abs(mirrored - 0.5) < 4 * 0.5 / np.sqrt(500)


def test_mirroring_moves_no_rows(gradient):
    image, _ = taken(stream([gradient], image_size=8, batch_size=20), 1)
    np.testing.assert_array_equal(image[0, :, :, 0, 1], np.tile(np.arange(8), (20, 1)))


def test_without_flip_nothing_is_mirrored(gradient):
    image, _ = taken(stream([gradient], image_size=8, batch_size=50, flip=False), 1)
    np.testing.assert_array_equal(image[0, :, 0, 0, 0], 0)


def test_the_aspect_can_be_kept(tmp_path):
    wide = np.zeros([4, 8, 3], np.uint8)
    wide[:, 2:6] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    kept, _ = taken(stream([tmp_path / "wide.png"], keep_aspect=True), 1)
    squeezed, _ = taken(stream([tmp_path / "wide.png"]), 1)
    assert (kept == 200).all()
    assert not (squeezed == 200).all()


def test_a_broken_image_is_an_input_error(paths, tmp_path):
    (tmp_path / "broken.jpg").write_text("no image")
    batches = stream([*paths, tmp_path / "broken.jpg"])
    with pytest.raises(InputError, match=r"broken\.jpg must"), images.input_errors():
        taken(batches, 3)


def colours(cache, samples):
    return [int(pixels[0, 0, 0]) for pixels in cache.pixels(np.array(samples))]


def test_a_kept_image_is_read_from_disk_once(paths):
    cache = PixelCache(paths, 4)
    assert colours(cache, [3]) == [30]
    paths[3].unlink()
    assert colours(cache, [3]) == [30]


def test_an_image_that_stands_twice_is_kept_once(paths):
    cache = PixelCache([paths[0], paths[1], paths[0]], 4, max_bytes=2 * 4 * 4 * 3)
    colours(cache, [0, 1, 2])
    paths[0].unlink()
    paths[1].unlink()
    assert colours(cache, [0, 1, 2]) == [0, 10, 0]


def test_images_beyond_the_memory_are_read_again(paths):
    cache = PixelCache(paths, 4, max_bytes=2 * 4 * 4 * 3)
    assert colours(cache, [0, 1, 2]) == [0, 10, 20]
    for path in paths:
        path.unlink()
    assert colours(cache, [1]) == [10]
    with pytest.raises(InputError, match=r"2\.png must exist"):
        colours(cache, [1, 2])


def test_cached_pixels_are_rounded_rather_than_cut(tmp_path):
    image = Image.new("RGB", [2, 1])
    image.putdata([(0, 0, 0), (3, 3, 3)])
    image.save(tmp_path / "a.png")
    # Bilinear at half-pixel centres: 0, 0.75, 2.25, 3.
    expected = np.rint([0, 0.75, 2.25, 3])
    (pixels,) = PixelCache([tmp_path / "a.png"], 4).pixels(np.array([0]))
    np.testing.assert_array_equal(pixels[0, :, 0], expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, r"batch_size must be >= 1\. Got 0"),
        ({"image_size": 0}, r"image_size must be >= 1 .* Got 0 and 0"),
        ({"resize_size": 3}, r"at most resize_size\. Got 4 and 3"),
        ({"first_step": -1}, r"first_step must be >= 0\. Got -1"),
        ({"shard": (2, 2)}, r"0 <= index < count\. Got \(2, 2\)"),
        ({"targets": np.zeros(3)}, r"the 10 images\. Got the shape \(3,\)"),
        ({"targets": [1.0] * 10}, r"the 10 images\. Got the shape \(\)"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(paths, options, message):
    with pytest.raises(InputError, match=message):
        stream(paths, **options)


def test_a_stream_of_no_images_is_refused():
    with pytest.raises(InputError, match=r"at least one image\. Got none"):
        stream([])
