import io
import warnings

import numpy as np
import pytest
from PIL import Image, ImageFile

from piaa_tf.data.decode import read_image, resize
from piaa_tf.errors import InputError

WIDTH, HEIGHT = 6, 4


@pytest.fixture
def colours():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, [HEIGHT, WIDTH, 3], dtype=np.uint8)


@pytest.fixture
def saved(tmp_path):
    def save(pixels, name="image.png", mode=None, **options):
        path = tmp_path / name
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        (image if mode is None else image.convert(mode)).save(path, **options)
        return path

    return save


def oriented(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def noise_jpeg():
    pixels = np.random.default_rng(1).integers(0, 256, [64, 64, 3], dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "options"), [("a.png", {}), ("a.webp", {"lossless": True})]
)
def test_lossless_colours_come_back_exactly(saved, colours, name, options):
    image = read_image(saved(colours, name, **options))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, colours)


def test_jpeg_colours_come_back_nearly(saved):
    flat = np.full([16, 16, 3], [200, 40, 90], np.uint8)
    image = read_image(saved(flat, "a.jpg", quality=95))
    np.testing.assert_allclose(image.astype(int), flat, atol=3)


def test_the_end_of_the_name_does_not_matter(saved, colours):
    path = saved(colours, "a.jpg", format="PNG")
    np.testing.assert_array_equal(read_image(path), colours)


@pytest.mark.parametrize(
    ("orientation", "stored_as"),
    [
        (1, lambda upright: upright),
        (2, lambda upright: upright[:, ::-1]),
        (3, lambda upright: upright[::-1, ::-1]),
        (4, lambda upright: upright[::-1]),
        (5, lambda upright: upright.transpose(1, 0, 2)),
        # Stored a quarter turn to the left, shown a quarter turn to the right.
        (6, np.rot90),
        (7, lambda upright: upright[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda upright: np.rot90(upright, -1)),
        (9, lambda upright: upright),
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_the_camera_orientation_is_undone(saved, colours, orientation, stored_as, name):
    stored = np.ascontiguousarray(stored_as(colours))
    options = {"lossless": True} if name == "a.webp" else {}
    path = saved(stored, name, exif=oriented(orientation), **options)
    np.testing.assert_array_equal(read_image(path), colours)


def test_a_jpeg_is_turned_upright(saved):
    left_half_white = np.zeros([16, 32, 3], np.uint8)
    left_half_white[:, :16] = 255
    path = saved(left_half_white, "a.jpg", exif=oriented(6))
    upright = read_image(path)
    assert upright.shape == (32, 16, 3)
    assert upright[:12].min() > 240
    assert upright[20:].max() < 15


def test_a_16_bit_grey_image_is_turned_upright_as_well(saved):
    pixels = np.arange(6, dtype=np.uint16).reshape(2, 3) * 256
    image = read_image(saved(pixels, exif=oriented(3)))
    np.testing.assert_array_equal(image[..., 0], pixels[::-1, ::-1] // 256)


def test_broken_orientation_does_not_hide_a_whole_photo(saved, colours):
    path = saved(colours, "a.webp", lossless=True, exif=b"Exif\0\0no TIFF header")
    np.testing.assert_array_equal(read_image(path), colours)


def test_grey_becomes_three_equal_channels(saved):
    grey = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
    expected = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    np.testing.assert_array_equal(read_image(saved(grey)), expected)


def test_16_bit_grey_keeps_its_high_byte(saved):
    pixels = np.array([[0, 255, 256], [0x1234, 0xFF00, 0xFFFF]], np.uint16)
    image = read_image(saved(pixels))
    np.testing.assert_array_equal(image[..., 2], [[0, 0, 1], [0x12, 0xFF, 0xFF]])


def test_black_and_white_reaches_both_ends(saved):
    image = read_image(saved(np.array([[0, 255]], np.uint8), mode="1"))
    np.testing.assert_array_equal(image[0, :, 0], [0, 255])


def test_cmyk_becomes_rgb(saved):
    # No ink at all, full cyan, full black.
    cmyk = np.zeros([16, 48, 4], np.uint8)
    cmyk[:, 16:32, 0] = 255
    cmyk[:, 32:, 3] = 255
    image = read_image(saved(Image.fromarray(cmyk, "CMYK"), "a.jpg", quality=100))
    centres = image[8, [8, 24, 40]].astype(int)
    expected = [[255] * 3, [0, 255, 255], [0] * 3]
    np.testing.assert_allclose(centres, expected, atol=6)


def test_transparency_lies_on_white(saved):
    rgba = np.zeros([1, 3, 4], np.uint8)
    rgba[0, :, 0] = 100
    rgba[0, :, 3] = [0, 51, 255]
    image = read_image(saved(rgba))
    share = 51 / 255
    expected = [255, 100 * share + 255 * (1 - share), 100]
    np.testing.assert_allclose(image[0, :, 0].astype(int), expected, atol=1)


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_transparent_grey_lies_on_white(saved, name):
    grey_alpha = np.array([[[7, 0], [7, 255]]], np.uint8)
    options = {"lossless": True} if name == "a.webp" else {}
    image = read_image(saved(Image.fromarray(grey_alpha, "LA"), name, **options))
    assert image[0, :, 0].tolist() == [255, 7]


@pytest.mark.parametrize("mode", ["L", "P", "1"])
def test_a_transparent_colour_becomes_white(saved, mode):
    image = Image.new(mode, [2, 1])
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 255, 255])
    path = saved(image, transparency=0)
    assert read_image(path).tolist() == [[[255] * 3] * 2]


def test_a_palette_becomes_its_colours(saved):
    image = Image.new("P", [2, 1])
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([1, 0])
    assert read_image(saved(image)).tolist() == [[[40, 50, 60], [10, 20, 30]]]


def test_the_first_frame_of_an_animation_is_read(saved, colours):
    frames = [Image.fromarray(colours), Image.fromarray(255 - colours)]
    path = saved(
        frames[0],
        "a.webp",
        save_all=True,
        append_images=frames[1:],
        lossless=True,
    )
    np.testing.assert_array_equal(read_image(path), colours)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.jpg", b"a letter, not a photo"),
        ("empty.jpg", b""),
        ("cut.jpg", noise_jpeg()[:-500]),
        ("head.jpg", noise_jpeg()[:100]),
        ("corrupt.jpg", noise_jpeg()[:2] + b"\0" * 400 + noise_jpeg()[402:]),
        ("cut.png", b"\x89PNG\r\n\x1a\n"),
        ("short.png", b"\x89PNG\r\n\x1a\n\0\0\0\x04IHDR\0\0\0\1\0\0\0\0"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name} must be a (whole )?photo"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg"])
def test_a_file_that_ends_before_its_pixels_is_refused(saved, name):
    pixels = np.random.default_rng(2).integers(0, 256, [32, 32, 3], dtype=np.uint8)
    path = saved(pixels, name)
    content = path.read_bytes()
    for tenths in range(10):
        path.write_bytes(content[: len(content) * tenths // 10])
        with pytest.raises(InputError, match=r"must be a (whole )?photo"):
            read_image(path)


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 and so on")
    with pytest.raises(InputError, match="Got: something else"):
        read_image(tmp_path / "a.pdf")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.jpg must exist. Got a missing"):
        read_image(tmp_path / "none.jpg")


def test_pillows_limit_is_the_processs_and_not_heeded(saved, colours, monkeypatch):
    path = saved(colours)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(read_image(path), colours)


def test_reading_leaves_pillow_as_it_was(saved, colours):
    read_image(saved(colours))
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def bilinear(image, size):
    """Half-pixel centres, edges repeated, no antialiasing."""
    height, width, _ = image.shape
    resized = np.empty([size, size, 3])
    for row in range(size):
        for column in range(size):
            y = (row + 0.5) * height / size - 0.5
            x = (column + 0.5) * width / size - 0.5
            top, left = int(np.floor(y)), int(np.floor(x))
            value = np.zeros(3)
            for i, wy in ((top, 1 - (y - top)), (top + 1, y - top)):
                for j, wx in ((left, 1 - (x - left)), (left + 1, x - left)):
                    i_in, j_in = np.clip(i, 0, height - 1), np.clip(j, 0, width - 1)
                    value += wy * wx * image[i_in, j_in]
            resized[row, column] = value
    return resized


@pytest.mark.parametrize("size", [2, 3, 5, 9])
def test_resizing_is_bilinear_without_antialiasing(colours, size):
    resized = resize(colours, size)
    assert resized.dtype == np.float32
    np.testing.assert_allclose(resized, bilinear(colours, size), atol=1e-3)


def test_resizing_equals_the_layer_that_is_exported(colours):
    import tensorflow as tf

    expected = tf.image.resize(colours, [5, 5], method="bilinear", antialias=False)
    np.testing.assert_array_equal(resize(colours, 5), expected)


def test_resizing_to_the_same_size_changes_nothing(colours):
    square = colours[:, :HEIGHT]
    np.testing.assert_array_equal(resize(square, HEIGHT), square)


@pytest.mark.parametrize("turn", [False, True], ids=["wide", "high"])
def test_keeping_the_aspect_cuts_out_the_centre(colours, turn):
    image = colours.transpose(1, 0, 2) if turn else colours
    centre = colours[:, 1:5].transpose(1, 0, 2) if turn else colours[:, 1:5]
    np.testing.assert_array_equal(resize(image, 4, keep_aspect=True), centre)
