import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from piaa_tf.data import decode, pack
from piaa_tf.data.folder import list_photos
from piaa_tf.data.images import image_batches, load_images
from piaa_tf.data.samples import PersonalRatings, SampleError
from piaa_tf.data.shards import shards_of, stamp
from piaa_tf.data.streams import PixelCache
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange


@pytest.fixture
def photos(tmp_path):
    """Five smooth photos of 40 x 30, one on its side, below a folder."""
    rows, columns = np.mgrid[:30, :40]
    for number in range(5):
        red = (columns * 6) % 256
        green = (rows * 8) % 256
        pixels = np.stack([red, green, 0 * red + 40 * number], axis=-1)
        path = tmp_path / "photos" / f"{number % 2}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[0x0112] = 6 if number == 4 else 1
        Image.fromarray(pixels.astype(np.uint8)).save(path, quality=98, exif=exif)
    return tmp_path / "photos"


def paths_of(photos):
    return {name: photos / name for name in list_photos(photos)}


def pack_into(photos, out, **options):
    return pack.pack(paths_of(photos), out, **{"side": 0, **options})


def test_packed_photos_look_like_the_files(photos, tmp_path):
    out = tmp_path / "packed"
    assert pack_into(photos, out, images_per_shard=2) == {}
    assert len(list(out.glob("*.tfrecord"))) == 3
    assert list_photos(out) == list_photos(photos)
    for name in list_photos(photos):
        single, packed = (decode.read_image(root / name) for root in (photos, out))
        assert packed.shape == single.shape
        assert np.abs(packed.astype(int) - single).mean() < 2


def test_a_stamp_tells_of_a_file_or_of_the_shards_it_is_in(photos, tmp_path):
    out = tmp_path / "packed"
    pack_into(photos, out)
    assert stamp(photos / "0" / "4.jpg")[0] == (photos / "0" / "4.jpg").stat().st_size
    shards = (out / "shards.json").stat()
    assert stamp(out / "0" / "4.jpg") == (shards.st_size, shards.st_mtime_ns)
    with pytest.raises(FileNotFoundError, match=r"9\.jpg"):
        stamp(photos / "0" / "9.jpg")


def test_the_shorter_side_is_shrunk_and_nothing_enlarged(photos, tmp_path):
    pack_into(photos, tmp_path / "small", side=15)
    pack_into(photos, tmp_path / "same", side=300)
    assert decode.read_image(tmp_path / "small" / "1" / "1.jpg").shape == (15, 20, 3)
    # Number 4 stands upright.
    assert decode.read_image(tmp_path / "small" / "0" / "4.jpg").shape == (20, 15, 3)
    assert decode.read_image(tmp_path / "same" / "1" / "1.jpg").shape == (30, 40, 3)


def test_shrinking_is_the_one_resize():
    pixels = np.random.default_rng(0).integers(0, 256, [12, 12, 3], dtype=np.uint8)
    expected = np.rint(decode.resize(pixels, 5)).astype(np.uint8)
    np.testing.assert_array_equal(decode.shrink(pixels, 5), expected)
    assert decode.shrink(pixels, 0) is pixels


def test_every_consumer_reads_from_shards(photos, tmp_path):
    out = tmp_path / "packed"
    pack_into(photos, out)
    paths = [out / name for name in list_photos(out)]
    loaded = load_images(paths, 8)
    np.testing.assert_allclose(
        loaded, load_images(list(paths_of(photos).values()), 8), atol=12
    )
    batches = np.concatenate(list(image_batches(paths, 8, 2)))
    np.testing.assert_array_equal(batches, loaded)
    cached = PixelCache(paths, 8).pixels(np.arange(5))
    np.testing.assert_array_equal(cached, np.rint(loaded))


def test_samples_check_themselves_against_shards(photos, tmp_path):
    out = tmp_path / "packed"
    pack_into(photos, out)
    samples = PersonalRatings(out, ["1/1.jpg"], ["u"], [3], RatingRange(1, 5))
    assert decode.read_image(samples.paths[0]).shape == (30, 40, 3)
    with pytest.raises(SampleError, match=r"Got '1/9\.jpg', which is not there"):
        PersonalRatings(out, ["1/9.jpg"], ["u"], [3], RatingRange(1, 5))


def test_a_photo_that_no_shard_has_is_named(photos, tmp_path):
    pack_into(photos, tmp_path / "packed")
    with pytest.raises(InputError, match=r"packed/none\.jpg must exist"):
        decode.read_image(tmp_path / "packed" / "none.jpg")


def test_shards_are_plain_tfrecords(photos, tmp_path):
    out = tmp_path / "packed"
    pack_into(photos, out)
    records = tf.data.TFRecordDataset(str(out / "00000.tfrecord"))
    features = [
        tf.train.Example.FromString(r.numpy()).features.feature for r in records
    ]
    names = [f["image/filename"].bytes_list.value[0].decode() for f in features]
    assert names == list_photos(photos)
    jpeg = features[0]["image/encoded"].bytes_list.value[0]
    assert tf.io.decode_jpeg(jpeg).shape == (30, 40, 3)


def test_an_interrupted_packing_goes_on_at_the_missing_shard(
    photos, tmp_path, monkeypatch
):
    out = tmp_path / "packed"
    with monkeypatch.context() as patch:
        write = pack._write_shard

        def stop(shard, *arguments):
            if shard.name == "00001.tfrecord":
                raise KeyboardInterrupt
            write(shard, *arguments)

        patch.setattr(pack, "_write_shard", stop)
        with pytest.raises(KeyboardInterrupt):
            pack_into(photos, out, images_per_shard=2)
    assert shards_of(out) is None
    first = (out / "00000.tfrecord").stat().st_mtime_ns
    pack_into(photos, out, images_per_shard=2)
    assert (out / "00000.tfrecord").stat().st_mtime_ns == first
    assert list_photos(out) == list_photos(photos)


def test_broken_photos_are_left_out_and_named_also_when_called_again(photos, tmp_path):
    (photos / "0" / "2.jpg").write_bytes(b"no photo")
    for _ in range(2):
        broken = pack_into(photos, tmp_path / "packed", images_per_shard=2)
        assert list(broken) == ["0/2.jpg"]
        assert "must be a whole photo (JPEG" in broken["0/2.jpg"]
    assert len(list_photos(tmp_path / "packed")) == 4


def test_nothing_but_broken_photos_is_refused(tmp_path, put):
    with pytest.raises(InputError, match=r"Got none of 1, the first: .*a\.jpg must be"):
        pack.pack({"a.jpg": put("a.jpg", b"x")}, tmp_path / "packed", side=0)


def test_another_size_in_the_same_folder_is_refused(photos, tmp_path):
    pack_into(photos, tmp_path / "packed", side=15)
    with pytest.raises(InputError, match=r"packed alike\. Got another side"):
        pack_into(photos, tmp_path / "packed", side=20)


def test_a_folder_of_something_else_is_refused(photos):
    with pytest.raises(InputError, match="which holds something else"):
        pack_into(photos, photos)


def test_a_shard_that_got_lost_is_named(photos, tmp_path):
    out = tmp_path / "packed"
    pack_into(photos, out, images_per_shard=2)
    (out / "00002.tfrecord").unlink()
    (out / "shards.json").write_text(json.dumps({"num_shards": 3}))
    with pytest.raises(InputError, match=r"must hold 3 shards\. Got no 00002"):
        list_photos(out)
