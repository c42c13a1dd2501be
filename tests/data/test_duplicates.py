from piaa_tf.data.duplicates import find_duplicates


def test_files_of_the_same_bytes_are_grouped(put, tmp_path):
    paths = [put("c", b"xx"), put("a", b"xx"), put("b", b"yy"), put("d", b"x")]
    groups = find_duplicates([*paths, tmp_path / "none", paths[0]])
    assert groups == [[paths[0], paths[1]]]
