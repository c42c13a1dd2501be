import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export.saved_model import image_bytes
from export.saved_model.image_bytes import decode_images
from piaa_tf.data.decode import resize
from piaa_tf.photos.seen import seen_pixels


@pytest.fixture(scope="module")
def photo(tiny_gallery):
    path = min((tiny_gallery / "photos").rglob("*.jpg"))
    with Image.open(path) as image:
        return image.convert("RGB").resize((61, 40))


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def see_through(image):
    alpha = np.linspace(0, 255, image.width * image.height).astype(np.uint8)
    image = image.copy()
    image.putalpha(Image.fromarray(alpha.reshape(image.height, image.width)))
    return image


def sixteen_bits(image):
    grey = np.asarray(image.convert("L")).astype(np.uint16)
    return Image.fromarray(grey * 256 + 255 - grey)


FILES = {
    "jpeg": lambda image: encoded(image, "JPEG"),
    "progressive": lambda image: encoded(image, "JPEG", progressive=True),
    "full colour": lambda image: encoded(image, "JPEG", subsampling=0, quality=97),
    "grey jpeg": lambda image: encoded(image.convert("L"), "JPEG"),
    "cmyk": lambda image: encoded(image.convert("CMYK"), "JPEG"),
    "png": lambda image: encoded(image, "PNG"),
    "grey png": lambda image: encoded(image.convert("L"), "PNG"),
    "grey with alpha": lambda image: encoded(see_through(image.convert("L")), "PNG"),
    "alpha": lambda image: encoded(see_through(image), "PNG"),
    "palette": lambda image: encoded(image.convert("P"), "PNG"),
    "16 colours": lambda image: encoded(image.quantize(16), "PNG", bits=4),
    "see-through colour": lambda image: encoded(
        image.quantize(16), "PNG", bits=4, transparency=1
    ),
    "black and white": lambda image: encoded(image.convert("1"), "PNG"),
    "16 bits": lambda image: encoded(sixteen_bits(image), "PNG"),
}


@pytest.mark.parametrize("keep_aspect", [False, True])
def test_the_graph_reads_what_training_reads(photo, keep_aspect):
    contents = [make(photo) for make in FILES.values()]
    image, is_ok = decode_images(tf.constant(contents), 24, keep_aspect)
    assert is_ok.numpy().all()
    for name, content, square in zip(FILES, contents, image.numpy()):
        expected = resize(seen_pixels(Image.open(io.BytesIO(content))), 24, keep_aspect)
        np.testing.assert_allclose(square, expected, atol=1e-3, err_msg=name)


def test_what_cannot_be_read_does_not_disturb_its_neighbours(photo):
    whole = encoded(photo, "JPEG")
    png = encoded(photo, "PNG")
    broken = [
        b"",
        b"no photo",
        whole[: len(whole) // 2],
        png[: len(png) // 2],
        png[:20],
        encoded(photo, "WEBP"),
        encoded(photo, "GIF"),
        encoded(photo, "BMP"),
    ]
    contents = [whole, *(content for bad in broken for content in (bad, whole))]
    image, is_ok = decode_images(tf.constant(contents), 16, False)
    expected = [i % 2 == 0 for i in range(len(contents))]
    assert is_ok.numpy().tolist() == expected
    alone, _ = decode_images(tf.constant([whole]), 16, False)
    for square, sound in zip(image.numpy(), expected):
        np.testing.assert_array_equal(square, alone[0] if sound else 0 * alone[0])


@pytest.mark.parametrize("contents", [[], [b"bad"], [b"bad", b"worse"]])
def test_batches_without_a_photo_are_answered(contents):
    image, is_ok = decode_images(tf.constant(contents, tf.string), 16, False)
    assert image.shape == (len(contents), 16, 16, 3)
    assert not is_ok.numpy().any()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_photos_larger_than_is_safe_are_not_decoded(monkeypatch, photo, kind):
    content = tf.constant([encoded(photo, kind)])
    for limit, fits in ((61 * 40, True), (61 * 40 - 1, False)):
        monkeypatch.setattr(image_bytes, "MAX_IMAGE_PIXELS", limit)
        assert decode_images(content, 16, False)[1].numpy().tolist() == [fits]
