import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms
from profiles import PROPHOTO, SRGB, linear, matrix_profile

from piaa_tf.photos import colour
from piaa_tf.photos.opening import opened
from piaa_tf.photos.seen import seen_pixels

# Colours inside sRGB, none at its edge: a wide profile holds them all.
COLOURS = np.random.default_rng(0).integers(30, 226, [24, 32, 3]).astype(np.uint8)


def wide(pixels):
    """The same colours, written as ProPhoto RGB of gamma 1.8."""
    light = linear(pixels) @ (np.linalg.inv(PROPHOTO) @ SRGB).T
    return np.rint(255 * light.clip(0, 1) ** (1 / 1.8)).astype(np.uint8)


def encoded(pixels, kind="PNG", **options):
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def read(content, min_side=0):
    with opened(content) as image:
        return seen_pixels(image, min_side)


def with_chunks(png, *chunks):
    """Puts chunks behind the header of a PNG."""
    added = b"".join(
        struct.pack(">I", len(data))
        + name
        + data
        + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return png[:33] + added + png[33:]


@pytest.fixture(autouse=True)
def _no_remembered_profiles():
    colour._transform.cache_clear()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_wide_gamut_photo_gets_the_colours_of_its_profile(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    profile = matrix_profile(PROPHOTO, 1.8)
    content = encoded(wide(COLOURS), kind, icc_profile=profile, **options)
    far = np.abs(read(content).astype(int) - COLOURS)
    assert far.mean() < 1
    assert far.max() <= 4
    assert np.abs(wide(COLOURS).astype(int) - COLOURS).mean() > 10


def test_srgb_with_a_profile_of_its_own_stays_to_the_bit():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(COLOURS, icc_profile=profile)
    np.testing.assert_array_equal(read(content), COLOURS)
    with opened(content) as image:
        assert not colour.is_other_than_srgb(image)


def test_transparency_is_kept_apart_from_colours():
    rgba = np.dstack([wide(COLOURS), np.full(COLOURS.shape[:2], 255, np.uint8)])
    rgba[0, 0, 3] = 0
    pixels = read(encoded(rgba, icc_profile=matrix_profile(PROPHOTO, 1.8)))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert np.abs(pixels[1:].astype(int) - COLOURS[1:]).max() <= 4


def test_a_palette_gets_the_colours_of_its_profile():
    flat = np.zeros([8, 8, 3], np.uint8) + np.array([200, 120, 60], np.uint8)
    palette = Image.fromarray(wide(flat)).convert("P", palette=Image.Palette.ADAPTIVE)
    pixels = read(encoded(palette, icc_profile=matrix_profile(PROPHOTO, 1.8)))
    assert np.abs(pixels.astype(int) - flat).max() <= 4


def test_a_broken_profile_is_told_once_and_the_colours_stay(caplog):
    content = encoded(COLOURS, icc_profile=b"no profile" * 20)
    for _ in range(3):
        np.testing.assert_array_equal(read(content), COLOURS)
    assert [r.getMessage()[:16] for r in caplog.records] == ["A colour profile"]


def test_a_profile_of_another_colour_space_is_told_and_the_colours_stay(caplog):
    grey = encoded(
        Image.fromarray(COLOURS[..., 0]), icc_profile=matrix_profile(SRGB, 2)
    )
    np.testing.assert_array_equal(read(grey)[..., 1], COLOURS[..., 0])
    assert "of RGB, not of L" in caplog.text


def test_the_gamma_of_a_png_is_applied_where_no_profile_is():
    grey = np.arange(256, dtype=np.uint8)[np.newaxis, :, np.newaxis].repeat(3, axis=2)
    content = with_chunks(encoded(grey), (b"gAMA", struct.pack(">I", 100_000)))
    # Linear light: 128 of 255 is as bright as 188 of sRGB.
    assert read(content)[0, 128].tolist() == [188] * 3
    light = linear(read(content)[0, :, 0])
    np.testing.assert_allclose(light, np.arange(256) / 255, atol=0.005)


def test_the_primaries_of_a_png_are_applied_where_no_profile_is():
    # Adobe RGB: a green farther out than sRGB's.
    points = [31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000]
    chunks = [
        (b"gAMA", struct.pack(">I", 45455)),
        (b"cHRM", struct.pack(">8I", *points)),
    ]
    flat = np.zeros([4, 4, 3], np.uint8) + np.array([100, 180, 100], np.uint8)
    seen = read(with_chunks(encoded(flat), *chunks)).astype(int)[0, 0]
    assert seen[1] == pytest.approx(180, abs=2)
    assert seen[0] < 70
    assert seen[2] == pytest.approx(100, abs=8)


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"gAMA", struct.pack(">I", 45455))],
        [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))],
    ],
)
def test_a_png_that_says_srgb_stays_to_the_bit(chunks):
    content = with_chunks(encoded(COLOURS), *chunks)
    np.testing.assert_array_equal(read(content), COLOURS)


def test_a_header_tells_whether_colours_will_change():
    for content, other in [
        (encoded(COLOURS), False),
        (encoded(COLOURS, icc_profile=matrix_profile(PROPHOTO, 1.8)), True),
        (encoded(COLOURS, icc_profile=b"broken" * 30), False),
        (with_chunks(encoded(COLOURS), (b"gAMA", struct.pack(">I", 100_000))), True),
    ]:
        with opened(content) as image:
            assert colour.is_other_than_srgb(image) == other
