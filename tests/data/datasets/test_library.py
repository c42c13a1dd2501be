import io

import pytest
from PIL import Image, PngImagePlugin

from piaa_tf.data.datasets import library
from piaa_tf.data.datasets.published import Request
from piaa_tf.data.samples import PersonalRatings, SampleError
from piaa_tf.data.stars import stars_of
from piaa_tf.errors import InputError

PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:{prefix}="http://ns.adobe.com/xap/1.0/"
 xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
 MicrosoftPhoto:Rating="75"{attribute}>{element}</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def xmp(rating=None, *, is_element=False, prefix="xmp"):
    """XMP as photo managers write it, with another program's rating beside it."""
    tag = f"{prefix}:Rating"
    text = PACKET.format(
        prefix=prefix,
        attribute=f' {tag}="{rating}"' if rating is not None and not is_element else "",
        element=f"<{tag}>{rating}</{tag}>" if is_element else "",
    )
    return text.encode("utf-8")


def photo(packet=None, kind="JPEG"):
    buffer = io.BytesIO()
    image = Image.new("RGB", [8, 8], "gray")
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", (packet or b"").decode("utf-8"))
        image.save(buffer, kind, pnginfo=info)
    elif kind == "WEBP":
        image.save(buffer, kind, xmp=packet or b"")
    else:
        image.save(buffer, kind)
    content = buffer.getvalue()
    if kind == "JPEG" and packet is not None:
        body = b"http://ns.adobe.com/xap/1.0/\0" + packet
        segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
        content = content[:2] + segment + content[2:]
    return content


def load(root, **options):
    return library.load(Request(PersonalRatings, root, "test", **options))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("is_element", [False, True])
def test_stars_are_read_from_every_kind_of_photo(put, kind, is_element):
    path = put("a.jpg", photo(xmp(4, is_element=is_element), kind))
    assert stars_of(path) == 4


@pytest.mark.parametrize("name", ["a.xmp", "a.XMP", "a.jpg.xmp"])
def test_a_sidecar_stands_above_what_is_embedded(put, name):
    path = put("a.jpg", photo(xmp(2)))
    put(name, xmp(5))
    assert stars_of(path) == 5


def test_a_sidecar_without_a_rating_leaves_the_embedded_one(put):
    path = put("a.jpg", photo(xmp(2)))
    put("a.xmp", xmp())
    assert stars_of(path) == 2


def test_a_sidecar_that_takes_the_stars_away_counts(put):
    path = put("a.jpg", photo(xmp(2)))
    put("a.xmp", xmp(0))
    assert stars_of(path) is None


@pytest.mark.parametrize(
    ("packet", "stars"),
    [
        (None, None),
        (xmp(), None),  # MicrosoftPhoto:Rating 75 beside it is none of ours
        (xmp(0), None),
        (xmp(-1), -1),
        (xmp("4.0"), 4),
        (xmp(3, prefix="xap"), 3),
        (xmp(3) + b"\0" * 9, 3),
    ],
)
def test_what_a_rating_means(put, packet, stars):
    assert stars_of(put("a.jpg", photo(packet))) == stars


@pytest.mark.parametrize("rating", [6, 75, "good", ""])
def test_a_rating_that_is_none_is_refused_with_its_file(put, rating):
    with pytest.raises(InputError, match=r"a\.jpg: xmp:Rating must be -1 to 5"):
        stars_of(put("a.jpg", photo(xmp(rating))))


def test_broken_xmp_is_refused_with_its_file(put):
    path = put("a.jpg", photo())
    put("a.xmp", "<x:xmpmeta")
    with pytest.raises(InputError, match=r"a\.xmp must have sound XMP"):
        stars_of(path)


def test_a_library_gives_what_is_rated(put, tmp_path, logged):
    put("2023/a.jpg", photo(xmp(4)))
    put("2024/b.jpg", photo(xmp(-1)))
    put("2024/c.jpg", photo())
    samples = load(tmp_path)
    assert samples.images == ("2023/a.jpg", "2024/b.jpg")
    assert samples.users == ("me", "me")
    assert samples.ratings.tolist() == [4, 1]
    assert "library: 2 photos rated, 1 of them rejects that count as 1; 1 unrated" in (
        logged
    )


def test_a_library_without_stars_is_refused(put, tmp_path):
    put("a.jpg", photo())
    with pytest.raises(InputError, match=r"Got none of 1\. Write the stars"):
        load(tmp_path)


def test_a_table_stands_above_xmp(put, tmp_path):
    put("a.jpg", photo(xmp(4)))
    put("b.jpg", photo(xmp(4)))
    put("c.jpg", photo(xmp(4)))
    put(
        "ratings.csv",
        "\ufeffpath,rating,pick,trip\r\na.jpg,2,1,Rome\r\n./b.jpg,,,\r\nc.jpg,0,0,\r\n",
    )
    samples = load(tmp_path)
    assert (samples.images, samples.ratings.tolist()) == (("a.jpg",), [2])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.jpg,6", r"line 3, column rating: A rating must be 1 to 5"),
        ("b.jpg,3", r"line 3, column path: An image is rated once"),
        ("gone.jpg,3", r"line 3: each image must lie in"),
    ],
)
def test_a_wrong_row_is_refused(put, tmp_path, row, message):
    put("a.jpg", photo())
    put("b.jpg", photo())
    put("ratings.csv", f"path,rating\nb.jpg,4\n{row}\n")
    with pytest.raises((SampleError, InputError), match=message):
        load(tmp_path)
