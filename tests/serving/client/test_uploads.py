import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageCms
from profiles import PROPHOTO, matrix_profile

from piaa_tf.data.decode import read_image
from serving.client.uploads import upload_bytes


@pytest.fixture
def colours():
    # Smooth, so that JPEG at its best changes little.
    ramp = np.linspace(0, 255, 24 * 16).reshape(24, 16)
    return np.stack([ramp, ramp[::-1], ramp[:, ::-1]], -1).astype(np.uint8)


@pytest.fixture
def saved(tmp_path, colours):
    def save(name, mode="RGB", **options):
        path = tmp_path / name
        Image.fromarray(colours).convert(mode).save(path, **options)
        return path

    return save


def turned(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.jpg", "RGB"),
        ("a.jpg", "L"),
        ("a.png", "RGB"),
        ("a.png", "RGBA"),
        ("a.png", "P"),
    ],
)
def test_what_a_graph_reads_goes_out_byte_for_byte(saved, name, mode):
    path = saved(name, mode)
    assert upload_bytes(path) == path.read_bytes()


def test_a_profile_of_srgb_changes_nothing(saved):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved("a.jpg", icc_profile=profile)
    assert upload_bytes(path) == path.read_bytes()


def test_upright_by_exif_is_left_alone(saved):
    path = saved("a.jpg", exif=turned(1))
    assert upload_bytes(path) == path.read_bytes()


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.jpg", "RGB", {"exif": turned(6)}),
        ("a.jpg", "RGB", {"exif": turned(3)}),
        ("a.png", "RGB", {"exif": turned(8)}),
        ("a.jpg", "CMYK", {}),
        ("a.webp", "RGB", {"lossless": True}),
        ("a.webp", "RGBA", {"lossless": True, "exif": turned(5)}),
        ("a.tiff", "RGB", {}),
        ("a.gif", "RGB", {}),
        ("a.avif", "RGB", {}),
        ("a.png", "RGB", {"icc_profile": matrix_profile(PROPHOTO, 1.8)}),
        ("a.jpg", "RGB", {"icc_profile": matrix_profile(PROPHOTO, 1.8)}),
        ("not-by-its-name.jpg", "RGB", {"format": "WEBP"}),
    ],
)
def test_what_a_graph_cannot_read_is_sent_with_the_pixels_of_training(
    saved, name, mode, options
):
    path = saved(name, mode, **options)
    sent = upload_bytes(path)
    assert sent != path.read_bytes()
    in_graph = tf.io.decode_png(sent, channels=3).numpy()
    np.testing.assert_array_equal(in_graph, read_image(path))


def test_jpeg_is_nearly_that(saved):
    path = saved("a.webp", exif=turned(6))
    sent = upload_bytes(path, "jpeg")
    with Image.open(io.BytesIO(sent), formats=["JPEG"]) as image:
        difference = np.asarray(image).astype(int) - read_image(path)
    assert np.abs(difference).mean() < 2


def test_a_cut_photo_is_the_servers_to_judge(saved, tmp_path):
    whole = saved("a.jpg").read_bytes()
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole[:-20])
    assert upload_bytes(cut) == cut.read_bytes()


@pytest.mark.parametrize("kind", ["missing", "text", "empty", "cut", "folder"])
def test_no_photo_is_sent_as_nothing_and_named(saved, tmp_path, caplog, kind):
    path = tmp_path / "odd.jpg"
    if kind == "text":
        path.write_text("no photo at all")
    elif kind == "empty":
        path.touch()
    elif kind == "cut":
        whole = saved("a.webp", lossless=True).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "folder":
        path.mkdir()
    with caplog.at_level("WARNING"):
        assert upload_bytes(path) == b""
    assert f"{path} must " in caplog.text


def test_too_many_pixels_are_not_sent(saved, caplog, monkeypatch):
    monkeypatch.setattr("serving.client.uploads.MAX_IMAGE_PIXELS", 24 * 16 - 1)
    with caplog.at_level("WARNING"):
        assert upload_bytes(saved("a.jpg")) == b""
    assert "16 x 24 are more pixels than a server reads" in caplog.text
