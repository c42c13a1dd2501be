import pytest

from piaa_tf.data.csv_table import read_table, write_table
from piaa_tf.data.samples import SampleError
from piaa_tf.errors import InputError


def test_any_number_of_spaces_is_one_delimiter(put):
    table = read_table(
        put("t", " a.jpg   0.5 \r\n b.jpg 1\n"), delimiter=" ", header="xy"
    )
    assert table.rows == [["a.jpg", "0.5"], ["b.jpg", "1"]]
    assert table.columns == ["x", "y"]


def test_row_names_are_a_column_without_a_name(put):
    path = put("t", 'worker " score"\n1 anna 2\n')
    table = read_table(path, delimiter=" ", has_row_names=True)
    assert (table.columns, table.rows) == (
        ["", "worker", "score"],
        [["1", "anna", "2"]],
    )


def test_unbalanced_quotes_are_dropped_where_they_mean_nothing(put):
    path = put("t", '"a","b"\nx","y\nz","w\n')
    assert read_table(path, is_quoted=False).rows == [["x", "y"], ["z", "w"]]


def test_another_encoding_is_tried_second(put, logged):
    path = put("t", "a\ncafé\n".encode("latin-1"))
    assert read_table(path, other_encoding="latin-1").rows == [["café"]]
    assert logged == [f"{path} is not UTF-8: read as latin-1"]


def test_a_row_of_another_length_names_the_delimiter(put):
    path = put("t", "a=b\n1=2\n1=2=3\n")
    with pytest.raises(InputError, match="line 3: must have 2 cells with '=' between"):
        read_table(path, delimiter="=")


def test_a_file_without_rows_is_refused(put):
    with pytest.raises(InputError, match=r"at least one row\. Got none"):
        read_table(put("t", "\n"), header=["a"])


def test_taken_columns_keep_the_files_names_in_errors(put):
    table = read_table(put("t", "worker,mark,extra\nu,x,1\n"))
    table = table.taken({"user_id": "worker", "rating": "mark"})
    assert table.rows == [["u", "x"]]
    wrong = pytest.raises(SampleError, match="line 2, column mark: A number")
    with wrong, table.placed_errors():
        table.numbers(["rating"])


@pytest.mark.parametrize("header", ["worker,x", "mark,mark"])
def test_a_column_must_be_there_once(put, header):
    table = read_table(put("t", f"{header}\nu,1\n"))
    with pytest.raises(InputError, match="line 1: there must be one column 'mark'"):
        table.taken({"rating": "mark"})


def test_the_first_of_repeated_rows_stays_and_lines_stay_with_rows(put, logged):
    table = read_table(put("t", "u,i,r\na,x,1\na,x,1\nb,x,1\na,x,2\n"))
    kept = table.distinct(["u", "i"])
    assert (kept.rows, kept.lines) == ([["a", "x", "1"], ["b", "x", "1"]], [2, 4])
    assert (
        "2 repeated rows left out, the first at line 3; 1 of them differ" in logged[0]
    )


def test_a_table_without_repetitions_is_itself(put):
    table = read_table(put("t", "u,i\na,x\na,y\n"))
    assert table.distinct(["u", "i"]) is table


def test_a_table_is_written_as_it_will_be_read(tmp_path):
    path = tmp_path / "deep" / "table.csv"
    rows = [["a, b", 3, 0.123456789, True], ["\udcff", -1, 2.0, False]]
    write_table(path, ["image", "place", "score", "is_ok"], rows)
    assert path.read_bytes() == (
        b'image,place,score,is_ok\n"a, b",3,0.123457,true\n\xff,-1,2,false\n'
    )


def test_a_row_that_fails_leaves_the_earlier_table(tmp_path):
    path = tmp_path / "table.csv"
    write_table(path, ["n"], [[1]])
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        write_table(path, ["n"], ([1 / n] for n in (1, 0)))
    assert path.read_text() == "n\n1\n"
