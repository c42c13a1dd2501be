import subprocess
import sys

import pytest

from piaa_tf.data.own_ratings import read_own_ratings
from piaa_tf.errors import InputError
from piaa_tf.ratings import RatingRange

PHOTOS = ["IMG_1.JPG", "IMG_2.jpg", "sub/IMG_1.jpg", "été.jpg", "a.png", "b.png"]
PLAIN = "user_id,image,rating\nanna,a.png,5\nanna,IMG_1.JPG,1.5\nbert,a.png,2\n"


@pytest.fixture
def album(tmp_path):
    for name in PHOTOS:
        path = tmp_path / "album" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "album"


@pytest.fixture
def read(album, tmp_path):
    def read(content, **options):
        path = tmp_path / "ratings.csv"
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return read_own_ratings(path, album, **options)

    return read


def rows(own):
    samples = own.samples
    return list(zip(samples.users, samples.images, samples.ratings.tolist()))


def test_the_plain_form_is_read(read):
    assert rows(read(PLAIN)) == [
        ("anna", "a.png", 5.0),
        ("anna", "IMG_1.JPG", 1.5),
        ("bert", "a.png", 2.0),
    ]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", ";").replace("1.5", "1,5"),
        "sep=;\n" + PLAIN.replace(",", ";"),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("user_id,image,rating", "User ID,File name,Stars"),
        PLAIN.replace("user_id,image,rating", "RATER,Photo,Score"),
        PLAIN.replace("\n", "\n\n"),
        "\n".join(line + ",a remark" for line in PLAIN.splitlines()),
        PLAIN.split("\n", 1)[1],
        PLAIN.replace("1.5", '"1,5"'),
    ],
)
def test_other_forms_say_the_same(read, content):
    assert rows(read(content)) == rows(read(PLAIN))


def test_without_a_user_it_is_me(read):
    assert rows(read("file,stars\na.png,★★★★\n")) == [("me", "a.png", 4.0)]


@pytest.mark.parametrize(
    ("written", "photo"),
    [
        ("./a.png", "a.png"),
        ("A.PNG", "a.png"),
        ("album/a.png", "a.png"),
        ("sub\\IMG_1.jpg", "sub/IMG_1.jpg"),
        ("IMG_2.JPG", "IMG_2.jpg"),
        ("e\u0301te\u0301.jpg", "été.jpg"),
    ],
)
def test_a_photo_is_found_by_what_a_person_calls_it(read, written, photo):
    assert rows(read(f"image,rating\n{written},3\n")) == [("me", photo, 3.0)]


def test_an_absolute_path_below_the_folder_is_found(read, album):
    own = read(f"image,rating\n{album / 'sub' / 'IMG_1.jpg'},3\n")
    assert own.samples.images == ("sub/IMG_1.jpg",)


def test_a_windows_file_of_another_encoding_is_read(read):
    own = read("image;rating\nété.jpg;3\n".encode("cp1252"))
    assert own.samples.images == ("été.jpg",)


def test_blank_ratings_are_passed_over_and_counted(read):
    own = read("image,rating\na.png,5\nb.png,\nIMG_2.jpg, \n")
    assert own.samples.images == ("a.png",)
    assert own.notes[0] == "ratings.csv: 2 rows without a rating passed over."


def test_a_row_that_says_the_same_again_is_passed_over_and_counted(read):
    own = read("image,rating\na.png,5\nA.PNG,5.0\nb.png,1\n")
    assert own.samples.images == ("a.png", "b.png")
    assert own.notes[0] == "ratings.csv: 1 repeated rows passed over."


def test_thumbs_are_a_range_of_their_own(read):
    own = read("image,rating\na.png,-1\nb.png,1\n", rating_range=RatingRange(-1, 1))
    assert own.samples.ratings.tolist() == [-1, 1]


def test_all_faults_are_told_at_once_with_their_lines(read):
    with pytest.raises(InputError, match="Got 5 rows that cannot be used") as caught:
        read(
            "image,rating\n"
            "gone.jpg,3\n"
            "a.png,good\n"
            "b.png,7\n"
            "IMG_2.jpg,4\n"
            "img_2.jpg,2\n"
            ",3\n"
        )
    told = str(caught.value).splitlines()[1:]
    assert [line.split(":")[0] for line in told] == [f"  line {n}" for n in "23467"]
    assert "there is no photo 'gone.jpg' in" in told[0]
    assert "must be a number. Got 'good'" in told[1]
    assert "must be 1 to 5. Got 7. Set --rating_min and --rating_max" in told[2]
    assert "IMG_2.jpg is rated 2, and 4 in line 5. Keep one" in told[3]
    assert "a photo must be named" in told[4]


def test_of_very_many_faults_the_first_are_told(read):
    rows = "".join(f"{i}.jpg,3\n" for i in range(50))
    with pytest.raises(InputError, match=r"Got 50 rows[\s\S]*and 30 more\."):
        read("image,rating\n" + rows)


def test_a_name_that_fits_two_photos_names_both(read, album):
    (album / "A.png").write_text("another")
    with pytest.raises(InputError, match=r"'a\.PNG' may be A\.png or a\.png"):
        read("image,rating\na.PNG,3\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "names the columns image and rating. Got nothing"),
        ("one,two,three,four\n1,2,3,4\n", "Got one,two,three,four. Correct the first"),
        ("image,rating\na.png,\n", "at least one rating. Got 1 rows"),
        (b"PK\x03\x04\0\0\0\0", "must be a table as text. Got zeros"),
    ],
)
def test_what_is_no_such_table_is_refused(read, content, message):
    with pytest.raises(InputError, match=message):
        read(content)


def test_a_file_that_is_not_there_is_refused(album, tmp_path):
    with pytest.raises(InputError, match=r"must be a file that can be read\. Got: No"):
        read_own_ratings(tmp_path / "gone.csv", album)


def test_few_ratings_and_ratings_all_alike_are_answered_with_what_they_mean(read):
    few = read("image,rating\na.png,5\nb.png,1\n").notes
    assert len(few) == 1
    assert few[0].startswith("me has rated 2: too few to learn a taste")
    alike = read("image,rating\n" + "".join(f"{name},3\n" for name in PHOTOS)).notes
    assert "me has rated all 6 alike, which says nothing" in alike[0]


def test_reading_loads_no_tensorflow():
    code = (
        "import sys, piaa_tf.data.own_ratings; "
        "sys.exit(any(m.startswith('tensorflow') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
