import io
import os
import struct
import sys

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from piaa_tf.photos import opening
from piaa_tf.photos.opening import UnreadableError, opened
from piaa_tf.photos.seen import seen_pixels

NOISE = np.random.default_rng(0).integers(0, 256, [48, 64, 3], dtype=np.uint8)
SMOOTH = np.linspace(0, 255, 48 * 64 * 3).reshape(48, 64, 3).astype(np.uint8)


def encoded(pixels, kind, **options):
    opening._heif()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def read(source, min_side=0, name=""):
    with opened(source, name) as image:
        return seen_pixels(image, min_side)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_what_loses_nothing_comes_back_exactly(kind):
    np.testing.assert_array_equal(read(encoded(NOISE, kind)), NOISE)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "HEIF", "AVIF", "GIF"])
def test_what_loses_a_little_comes_back_nearly(kind):
    far = np.abs(read(encoded(SMOOTH, kind)).astype(int) - SMOOTH)
    assert far.mean() < 8


def test_sixteen_bits_become_their_high_byte():
    deep = (np.arange(48 * 64).reshape(48, 64) * 21).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(deep).save(buffer, "TIFF")
    np.testing.assert_array_equal(read(buffer.getvalue())[..., 0], deep >> 8)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "MPO", "WEBP"])
def test_of_several_images_the_first_is_the_photo(kind):
    first, second = (
        Image.new("RGB", (32, 24), "red"),
        Image.new("RGB", (32, 24), "blue"),
    )
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=[second])
    pixels = read(buffer.getvalue()).astype(int)
    assert np.abs(pixels - [255, 0, 0]).max() <= 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF"])
def test_a_photo_that_is_cut_off_is_refused(kind):
    content = encoded(NOISE, kind)
    with pytest.raises(UnreadableError, match="beach must be a whole photo") as caught:
        read(content[: len(content) // 2], name="beach")
    assert caught.value.kind in ("broken", "no photo")


def test_an_empty_file_is_refused():
    with pytest.raises(UnreadableError, match=r"Got an empty file\. Replace") as caught:
        read(b"")
    assert caught.value.kind == "empty"


def test_what_is_no_photo_is_refused():
    with pytest.raises(UnreadableError, match="Got: something else") as caught:
        read(b"%PDF-1.7 and so on")
    assert caught.value.kind == "no photo"


def test_a_missing_file_is_refused(tmp_path):
    (tmp_path / "a.jpg").symlink_to(tmp_path / "gone.jpg")
    with pytest.raises(UnreadableError, match=r"must exist\. Got a missing") as caught:
        read(tmp_path / "a.jpg")
    assert caught.value.kind == "missing"


def test_a_file_without_permission_is_refused(tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(UnreadableError, match=r"permission denied\. Change") as caught:
        read(tmp_path / "a.jpg")
    assert caught.value.kind == "without permission"


def forged(width, height):
    """A bitmap whose header says a size, without the pixels."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def test_a_photo_beyond_any_camera_is_refused_by_its_header():
    with pytest.raises(UnreadableError, match=r"250 megapixels\. Got 20000 x 12501"):
        read(forged(20000, 12501))


def test_a_photo_of_a_large_camera_is_opened_and_pillows_limit_stays():
    limit = Image.MAX_IMAGE_PIXELS
    with opened(forged(20000, 12500)) as image:
        assert image.size == (20000, 12500)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_png_with_a_megabyte_of_text_is_whole():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "y" * 3_000_000, zip=True)
    np.testing.assert_array_equal(read(encoded(NOISE, "PNG", pnginfo=text)), NOISE)


def test_heic_without_its_package_names_the_package(monkeypatch):
    content = encoded(SMOOTH, "HEIF")
    monkeypatch.setattr(opening, "_heif", lambda: False)
    monkeypatch.setattr(opening, "_is_known", lambda name: name == "JPEG")
    with pytest.raises(UnreadableError, match="pip install pillow-heif") as caught:
        read(content)
    assert (caught.value.kind, caught.value.remedy) == ("HEIC", "install pillow-heif")


def test_a_raw_file_without_its_package_names_the_package(tmp_path, monkeypatch):
    (tmp_path / "a.NEF").write_bytes(b"raw")
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(UnreadableError, match=r"pip install rawpy\.") as caught:
        read(tmp_path / "a.NEF")
    assert (caught.value.kind, caught.value.remedy) == ("raw", "install rawpy")


def test_a_jpeg_is_decoded_at_a_fraction_that_leaves_enough():
    large = np.repeat(np.repeat(SMOOTH, 20, axis=0), 20, axis=1)  # 960 x 1280
    content = encoded(large, "JPEG", quality=95)
    assert read(content).shape == (960, 1280, 3)
    assert read(content, min_side=240).shape == (240, 320, 3)
    assert read(content, min_side=241).shape == (480, 640, 3)
    assert read(content, min_side=2000).shape == (960, 1280, 3)


def test_a_fraction_is_turned_upright_too():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(np.zeros([400, 800, 3], np.uint8), "JPEG", exif=exif)
    assert read(content, min_side=100).shape == (200, 100, 3)


def test_a_name_that_is_not_unicode_is_read(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")
    with open(path, "wb") as file:
        file.write(encoded(NOISE, "PNG"))
    np.testing.assert_array_equal(read(path), NOISE)
